"""Use from many at once: limits hold, nothing is counted twice or lost, whoever is killed in between."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from django.db import connection

from abono.base.refusal import Refusal
from abono.features.billing import orders
from abono.features.billing.audit import audit
from abono.features.billing.runs import advance
from abono.features.billing.using import use
from abono.features.usage import queries
from abono.features.usage.events import Use
from abono.features.usage.operations import count
from tests.features import worlds

if TYPE_CHECKING:
    from collections.abc import Callable

    from abono.features.operators.queries import Operator

pytestmark = pytest.mark.django_db(transaction=True)

NOW = worlds.START + timedelta(days=3)
CATALOGUE: dict[str, Any] = {
    "services": {
        "letters": {"kind": "usage"},
        "sms": {"kind": "usage"},
        "people": {"kind": "seats"},
        "visitors": {"kind": "usage", "aggregation": "unique", "property": "visitor"},
        "storage": {"kind": "usage", "aggregation": "max"},
        "level": {"kind": "usage", "aggregation": "latest"},
    },
    "plans": {
        "mail": {
            "price": "0.00",
            "period": "month",
            "services": {
                "letters": {"included": "1000", "limit": "hard"},
                "sms": {"model": "package", "size": "1", "price": "1.00", "overage": "on_use"},
                "people": {"included": "5", "limit": "hard"},
            },
        },
        "site": {
            "price": "0.00",
            "period": "month",
            "services": {"visitors": {"included": "5", "limit": "hard"}, "storage": {}, "level": {}},
        },
        "meter": {"price": "0.00", "period": "month", "services": {"letters": {"model": "standard", "unit": "0.01"}}},
    },
}


@pytest.fixture
def seller() -> Operator:
    return worlds.operator(CATALOGUE)


def together(works: list[Callable[[], object]]) -> Counter[str]:
    """Do all at once, each on a connection of its own; answers how often each code or answer came."""
    found: Counter[str] = Counter()
    ready = threading.Barrier(len(works))

    def run(work: Callable[[], object]) -> None:
        try:
            connection.ensure_connection()
            ready.wait()
            found[str(work())] += 1
        except Refusal as refused:
            found[refused.code] += 1
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


def used(account: int, service: str, now: datetime = NOW) -> Decimal:
    (found,) = [each for each in queries.quotas_of([account], now) if each.service == service]
    return found.used


def test_of_fifty_clients_exactly_five_pass(seller: Operator) -> None:
    account = worlds.account(seller)
    sub = orders.subscribe(account, "mail", now=worlds.START)
    use(Use(account, sub, "letters", Decimal(995)), now=NOW)
    found = together([lambda: use(Use(account, sub, "letters", Decimal(1)), now=NOW)] * 50)
    assert found == {"True": 5, "quota_exceeded": 45}
    assert used(account, "letters") == 1_000
    assert audit() == []


def test_of_many_payers_exactly_so_many_pass_as_there_is_money(seller: Operator) -> None:
    account = worlds.account(seller, 700)
    sub = orders.subscribe(account, "mail", now=worlds.START)
    found = together([lambda: use(Use(account, sub, "sms", Decimal(1)), now=NOW)] * 20)
    assert found == {"True": 7, "insufficient_funds": 13}
    assert used(account, "sms") == 7
    assert audit() == []


def test_of_many_visitors_exactly_so_many_pass_as_are_included(seller: Operator) -> None:
    account = worlds.account(seller)
    sub = orders.subscribe(account, "site", now=worlds.START)

    def visit(visitor: int) -> Callable[[], object]:
        return lambda: use(Use(account, sub, "visitors", Decimal(1), None, None, {"visitor": str(visitor)}), now=NOW)

    found = together([visit(number % 10) for number in range(30)])
    assert found == {"True": 15, "quota_exceeded": 15}
    assert used(account, "visitors") == 5
    assert audit() == []


def test_readings_from_many_at_once_come_to_the_most_and_the_latest(seller: Operator) -> None:
    account = worlds.account(seller)
    sub = orders.subscribe(account, "site", now=worlds.START)

    def report(number: int) -> Callable[[], object]:
        at = worlds.START + timedelta(minutes=number * 7 % 30)
        uses = [Use(account, sub, service, Decimal(number), at) for service in ("storage", "level")]
        return lambda: set(count(uses, now=NOW))

    assert together([report(number) for number in range(30)]) == {"{'counted'}": 30}
    # 30 and 7 have no divisor in common: the latest, at the 29th minute, is that of 17.
    assert (int(used(account, "storage")), int(used(account, "level"))) == (29, 17)
    assert audit() == []


def test_one_event_from_many_is_counted_once(seller: Operator) -> None:
    account = worlds.account(seller)
    sub = orders.subscribe(account, "mail", now=worlds.START)
    found = together([lambda: use(Use(account, sub, "letters", Decimal(7), None, "k"), now=NOW)] * 20)
    assert found == {"True": 1, "False": 19}
    assert used(account, "letters") == 7
    assert audit() == []


def test_seats_come_and_go_at_once(seller: Operator) -> None:
    account = worlds.account(seller)
    sub = orders.subscribe(account, "mail", now=worlds.START)
    found = together([lambda: use(Use(account, sub, "people", Decimal(1)), now=NOW, seats=True)] * 12)
    assert found == {"True": 5, "quota_exceeded": 7}
    found = together([lambda: use(Use(account, sub, "people", Decimal(-1)), now=NOW, seats=True)] * 9)
    assert found == {"True": 5, "out_of_range": 4}
    assert audit() == []


def test_batches_of_the_same_subscriptions_beside_a_roll_over(seller: Operator) -> None:
    """Wherever an event falls, before or after its period is closed, it is counted and paid once."""
    placed = [
        (account := worlds.account(seller), orders.subscribe(account, "meter", now=worlds.START)) for _ in range(40)
    ]
    later = worlds.START + timedelta(days=31, minutes=1)
    batches = [
        [Use(account, sub, "letters", Decimal(1), NOW, f"{writer}-{part}") for account, sub in placed]
        for writer in range(3)
        for part in range(12)
    ]
    for batch in batches[::2]:
        batch.reverse()

    def write(writer: int) -> str:
        return ",".join(
            sorted({each for batch in batches[writer * 12 : writer * 12 + 12] for each in count(batch, now=later)})
        )

    works: list[Callable[[], object]] = [
        lambda: write(0), lambda: write(1), lambda: write(2), lambda: advance(later, workers=1, size=5).failures,
    ]  # fmt: skip
    assert together(works) == {"counted": 3, "[]": 1}
    advance(later + timedelta(days=40), workers=1)
    assert {
        sum(row.used for row in queries.closed_periods(account, sub).items if row.service == "letters")
        for account, sub in placed
    } == {36}
    assert {sum(row.amount for row in queries.closed_periods(account, sub).items) for account, sub in placed} == {36}
    assert audit() == []


def test_uses_two_boundaries_ahead_beside_a_roll_over(seller: Operator) -> None:
    """Who comes first brings the account up to date; every event is counted once, in its own month."""
    account = worlds.account(seller)
    sub = orders.subscribe(account, "meter", now=worlds.START)
    february, march = worlds.START.replace(month=2, day=3), worlds.START.replace(month=3, day=5)
    assert use(Use(account, sub, "letters", Decimal(5), None, "february"), now=february)
    told = [Use(account, sub, "letters", Decimal(1), march, f"{n % 6}") for n in range(12)]
    works: list[Callable[[], object]] = [partial(use, each, now=march) for each in told]
    works.insert(6, lambda: advance(march, workers=1).failures)
    assert together(works) == {"True": 6, "False": 6, "[]": 1}
    assert used(account, "letters", march) == 6
    closed = queries.closed_periods(account, sub).items
    assert [(row.starts_on.month, int(row.used), row.amount) for row in closed if row.used] == [(2, 5, 5)]
    assert audit() == []


CLIENT = """
import sys
from datetime import datetime
from decimal import Decimal
from uuid import UUID
from abono.base.boot import boot
boot()
from django.db import connection
connection.settings_dict["NAME"] = sys.argv[1]
from abono.features.usage.events import Use
from abono.features.usage.operations import count
account, sub = int(sys.argv[2]), UUID(sys.argv[3])
now = datetime.fromisoformat(sys.argv[4])
print("ready", flush=True)
for part in range(200):
    count([Use(account, sub, "letters", Decimal(1), now, f"{part}-{n}") for n in range(500)], now=now)
"""


def test_killed_in_the_middle_of_a_batch_and_sent_again_all_is_counted_once(seller: Operator) -> None:
    account = worlds.account(seller)
    sub = orders.subscribe(account, "meter", now=worlds.START)
    kills = 0
    for round_ in range(4):
        client = subprocess.Popen(
            [
                sys.executable,
                "-c",
                CLIENT,
                str(connection.settings_dict["NAME"]),
                str(account),
                str(sub),
                NOW.isoformat(),
            ],
            stdout=subprocess.PIPE,
            cwd=Path(__file__).parents[2],
        )
        assert client.stdout is not None
        assert client.stdout.readline().strip() == b"ready"
        time.sleep(0.15 + 0.1 * round_)
        if client.poll() is None:
            os.kill(client.pid, signal.SIGKILL)
            kills += 1
        client.wait()
        client.stdout.close()
    assert kills
    reached = used(account, "letters")
    assert reached % 500 == 0
    for part in range(int(reached) // 500 + 2):
        outcomes = count([Use(account, sub, "letters", Decimal(1), NOW, f"{part}-{n}") for n in range(500)], now=NOW)
        assert set(outcomes) == {"repeated" if part < reached // 500 else "counted"}
    assert used(account, "letters") == reached + 1_000
    assert audit() == []

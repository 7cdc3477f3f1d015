"""Many at once: whatever arrives during a roll-over ends as one of the two orders would have ended.

Connections are real and work in parallel. Where an order matters it is forced by a lock that the test holds; what the
two orders lead to is found out by playing them, one after the other, on twins of the accounts.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.db import connection, transaction
from psycopg.conninfo import make_conninfo
from tests.crash.copying import copies

from abono.base.refusal import Refusal
from abono.features.accounts.operations import open_account
from abono.features.billing import blocks, money, orders
from abono.features.billing.engine import Scope, catch_up, turn_clock
from abono.features.billing.look_ahead import look
from abono.features.billing.runs import advance
from abono.features.catalogue.operations import save_catalogue
from abono.features.catalogue.terms import parse_catalogue
from abono.features.ledger import operations as ledger
from abono.features.operators.operations import add_operator
from abono.features.operators.queries import Operator

pytestmark = pytest.mark.django_db(transaction=True)

ABONO = Path(sys.executable).with_name("abono")
START = datetime(2026, 1, 1, 8, tzinfo=UTC)
BEFORE = datetime(2026, 1, 31, 12, tzinfo=UTC)
BOUNDARY = datetime(2026, 1, 31, 23, tzinfo=UTC)  # midnight in Berlin
NOW = BOUNDARY + timedelta(minutes=1)
LATE = BOUNDARY - timedelta(seconds=1)
PATIENCE = 60

CATALOGUE = {
    "services": {"line": {"kind": "onoff"}},
    "plans": {
        "net": {"price": "10.00", "period": "month", "services": {"line": {}}},
        "net-big": {"price": "17.00", "period": "month", "services": {"line": {}}, "resume": "remainder"},
        "tv": {"price": "25.00", "period": "month", "priority": 10, "services": {"line": {}}},
        "meter": {"price": "31.00", "period": "month", "charge": "daily", "services": {"line": {}}},
        "power": {"price": "12.00", "period": "month", "charge": "arrears", "services": {"line": {}}},
        "film": {
            "price": "15.00", "period": "month", "look_ahead": "3 days", "early_block": True, "services": {"line": {}},
        },
    },
}  # fmt: skip

# What each account has, and the money it has left before the boundary.
ACCOUNTS = {
    "rich": (("net", "tv", "meter", "power", "film"), 90_000),
    "short": (("net", "tv"), 1_200),
    "broke": (("net", "tv", "meter"), 100),
    "blocked early": (("net", "film"), 1_100),
    "used": (("net", "power"), 1_300),
}


@dataclass(frozen=True)
class World:
    """An operator with one account of each sort at rest before the boundary; ``units`` names the subscriptions."""

    operator: Operator
    accounts: dict[str, int]
    units: dict[str, dict[str, UUID]]

    def scope(self, accounts: Sequence[int]) -> Scope:
        """The engine's range over accounts that were made one after the other."""
        return Scope(self.operator, min(accounts), max(accounts))


@pytest.fixture
def world() -> World:
    """January has passed as it does: charged, looked ahead, blocked early."""
    with transaction.atomic():
        operator = add_operator("races", "Races", {"currency": "EUR", "time_zone": "Europe/Berlin", "tax": "19"})
        save_catalogue(operator, parse_catalogue(CATALOGUE, "EUR"), now=START)
    accounts, units = {}, {}
    for name, (plans, left) in ACCOUNTS.items():
        accounts[name] = opened(operator, name, 90_000)
        units[name] = {plan: orders.subscribe(accounts[name], plan, now=START, unit=plan) for plan in plans}
        with transaction.atomic():
            turn_clock(Scope.of_account(operator, accounts[name]), BEFORE - timedelta(days=4), look=look)
        days = 4 if "meter" in plans else 0  # the slices until the boundary
        if change := left + 100 * days - balance(accounts[name]):
            money.adjust(accounts[name], change, now=BEFORE - timedelta(days=4))
        with transaction.atomic():
            turn_clock(Scope.of_account(operator, accounts[name]), BEFORE, look=look)
        assert balance(accounts[name]) == left
    return World(operator, accounts, units)


def opened(operator: Operator, number: str, start_balance: int) -> int:
    with transaction.atomic():
        account = open_account(operator, number, now=START)
    if start_balance:
        money.pay(account, start_balance, now=START)
    return account


# ---- What can arrive

Request = Callable[[int, dict[str, UUID]], object]


def requests(now: datetime) -> dict[str, Request]:
    """Everything that a subscriber or the staff may ask for at the same moment."""
    return {
        "a large payment": lambda a, _u: money.pay(a, 5_000, now=now, key="large"),
        "a small payment": lambda a, _u: money.pay(a, 500, now=now),
        "the account's last money": lambda a, _u: money.refund(a, 1_000, now=now),
        "a correction": lambda a, _u: money.adjust(a, -700, now=now),
        "a debit": lambda a, _u: ledger.debit(a, 300, key="debit", counter="sales", day=now.date(), now=now),
        "a limit": lambda a, _u: money.set_credit_limit(a, 3_000, now=now),
        "a promise": lambda a, _u: money.promise(a, 4_000, 3, now=now, fee=100),
        "an order": lambda a, _u: orders.subscribe(a, "net", now=now, unit="new"),
        "a cancellation now": lambda a, u: orders.cancel(
            a, u["net"], now=now, at_period_end=False, prorate_refund=True
        ),
        "a cancellation at the end": lambda a, u: orders.cancel(a, u["net"], now=now),
        "a change now": lambda a, u: orders.change(a, u["net"], now=now, plan_code="net-big", at_period_end=False),
        "a change at the end": lambda a, u: orders.change(a, u["net"], now=now, plan_code="net-big"),
        "a quantity now": lambda a, u: orders.change(a, u["net"], now=now, quantity=Decimal(2), at_period_end=False),
        "a pause": lambda a, u: blocks.pause(a, u["net"], now=now),
        "a block of one": lambda a, u: blocks.block(a, now=now, subscription=u["net"]),
        "a block of all": lambda a, _u: blocks.block(a, now=now),
    }


def ask(request: Request, account: int, units: dict[str, UUID]) -> str:
    """Make a request; answers what it was refused for, or nothing."""
    try:
        request(account, units)
    except Refusal as refusal:
        return refusal.code
    return ""


# ---- Many at once


def together(*works: Callable[[], object]) -> list[Any]:
    """Do all works at the same moment, each with a connection of its own; answers what they answered, in order."""
    with started(*works) as gathered:
        return gathered()


@contextmanager
def started(*works: Callable[[], object]) -> Iterator[Callable[[], list[Any]]]:
    """Inside, the works run; the call that is handed over waits for them and answers what they answered."""
    barrier = threading.Barrier(len(works))
    answers: list[Any] = [None] * len(works)
    errors: list[BaseException] = []

    def do(place: int, work: Callable[[], object]) -> None:
        try:
            connection.ensure_connection()
            barrier.wait(PATIENCE)
            answers[place] = work()
        except BaseException as error:  # noqa: BLE001 -- handed to the thread that waits
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=do, args=pair, daemon=True) for pair in enumerate(works)]

    def gather() -> list[Any]:
        for thread in threads:
            thread.join(PATIENCE)
            assert not thread.is_alive(), "they wait for each other"
        if errors:
            raise errors[0]
        return answers

    for thread in threads:
        thread.start()
    try:
        yield gather
    finally:
        with suppress(BaseException):
            gather()


@contextmanager
def held(*accounts: int) -> Iterator[None]:
    """Inside, nobody else gets these accounts."""
    with transaction.atomic():
        for account in accounts:
            ledger.lock(account)
        yield


def wait_until_blocked(count: int) -> None:
    """Wait until so many other connections to this database wait for a lock."""
    deadline = time.monotonic() + PATIENCE
    while True:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_stat_clear_snapshot()")
            cursor.execute(
                "SELECT count(*) FROM pg_stat_activity"
                " WHERE datname = current_database() AND cardinality(pg_blocking_pids(pid)) > 0"
            )
            if cursor.fetchone()[0] >= count:
                return
        assert time.monotonic() < deadline, f"{count} connections should be waiting"
        time.sleep(0.01)


# ---- What there is to see

_SEEN = {
    "ledger_account": ("account_id", "claim"),
    "ledger_entry": ("account_id", "id"),
    "ledger_grant": ("account_id", "id"),
    "subscriptions_subscription": ("account_id", "id"),
    "subscriptions_transition": ("account_id", "id"),
    "billing_charge": ("account_id", "id"),
    "notices_notice": ("account_id", "id"),
    "base_once": ("account_id", "answer"),
    "base_trail": ("account_id", "id", "subject", "before", "after"),
}

Picture = dict[str, list[dict[str, Any]]]


def pictures(accounts: Sequence[int]) -> list[Picture]:
    """All rows of accounts but for their ids; a subscription is called by its unit."""
    found: dict[int, Picture] = {account: {} for account in accounts}
    for table, without in _SEEN.items():
        named = "subscription_id" if table in {"subscriptions_transition", "billing_charge", "notices_notice"} else "id"
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT t.account_id, to_jsonb(t) - %s::text[] - 'subscription_id'"
                f" || jsonb_build_object('of', coalesce(s.unit, '')) FROM {table} AS t"
                f" LEFT JOIN subscriptions_subscription AS s ON s.account_id = t.account_id"
                f" AND s.id::text = to_jsonb(t) ->> %s"
                f" WHERE t.account_id = ANY(%s) ORDER BY t.account_id, 2",
                [list(without), named, list(accounts)],
            )
            for account, row in cursor.fetchall():
                found[account].setdefault(table, []).append(json.loads(row) if isinstance(row, str) else row)
    return [found[account] for account in accounts]


def balance(account: int) -> int:
    (row,) = pictures([account])[0]["ledger_account"]
    return int(row["balance"])


def assert_sound(accounts: Sequence[int], *, debts: Callable[[int], bool]) -> None:
    """The balance is the sum of the entries, nobody owes who may not, and no day of a subscription is paid twice."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT a.account_id, a.balance, (SELECT coalesce(sum(e.amount), 0) FROM ledger_entry AS e"
            " WHERE e.account_id = a.account_id), a.balance + a.credit_limit - a.held + coalesce((SELECT"
            " sum(g.remaining) FROM ledger_grant AS g WHERE g.account_id = a.account_id), 0)"
            " FROM ledger_account AS a WHERE a.account_id = ANY(%s)",
            [list(accounts)],
        )
        for account, kept, moved, available in cursor.fetchall():
            assert kept == moved, f"account {account} lost a movement"
            assert available >= 0 or debts(account), f"account {account} is overdrawn"
        cursor.execute(
            "SELECT c.account_id, c.starts_on, c.ends_on, d.starts_on, d.ends_on"
            " FROM billing_charge AS c INNER JOIN billing_charge AS d ON c.account_id = d.account_id"
            " AND c.subscription_id = d.subscription_id AND c.id < d.id"
            " AND daterange(c.starts_on, c.ends_on) && daterange(d.starts_on, d.ends_on)"
            " WHERE c.account_id = ANY(%s) AND c.kind = 'period' AND d.kind = 'period'",
            [list(accounts)],
        )
        assert cursor.fetchall() == []


# ---- Two roll-overs at once


def roll(world: World, accounts: Sequence[int], until: datetime = NOW) -> None:
    """Roll some accounts over, by one connection that nobody disturbs."""
    with transaction.atomic():
        catch_up(world.scope(accounts), until, look=look)


def runs() -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT r.finished_at IS NOT NULL, r.totals, (SELECT count(*) FROM billing_slice AS s"
            " WHERE s.run_id = r.id AND s.state = 'done') FROM billing_run AS r ORDER BY r.id"
        )
        return list(cursor.fetchall())


def crowd(world: World) -> tuple[list[int], list[Picture]]:
    """Accounts of every sort that are due, and what one roll-over makes of them."""
    (*twins, _), *_rest = [*zip(*copies(list(world.accounts.values()), 9), strict=True)], None
    del _rest
    expected_of, *many = twins
    roll(world, expected_of)
    expected = pictures(expected_of)
    return [account for group in many for account in group], expected * len(many)


def test_two_calls_at_once_do_the_work_of_one(world: World) -> None:
    roll(world, list(world.accounts.values()))
    accounts, expected = crowd(world)
    # The first account of four slices of two is held: all four workers are in the middle of one at the same time.
    with (
        held(*accounts[0:8:2]),
        started(
            lambda: advance(NOW, workers=3, size=2),
            lambda: advance(NOW, workers=1, size=2),
        ) as gather,
    ):
        wait_until_blocked(4)
        transaction.set_rollback(True)
        connection.rollback() if False else None
    _ = gather
    assert pictures(accounts) == expected


def test_placeholder() -> None:
    """Removed below."""

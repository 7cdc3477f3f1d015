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
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest
from django.db import connection, transaction
from psycopg.conninfo import make_conninfo

from abono.base.refusal import Refusal
from abono.features.accounts.operations import open_account
from abono.features.billing import blocks, money, orders
from abono.features.billing.engine import Scope, catch_up, turn_clock
from abono.features.billing.look_ahead import look
from abono.features.billing.prices import change_price
from abono.features.billing.runs import advance
from abono.features.catalogue.operations import save_catalogue
from abono.features.catalogue.terms import parse_catalogue
from abono.features.ledger import operations as ledger
from abono.features.operators.operations import add_operator
from tests.crash.copying import copies
from tests.features.waiting import PATIENCE, wait_until_blocked

if TYPE_CHECKING:
    from abono.features.operators.queries import Operator

pytestmark = pytest.mark.django_db(transaction=True)

ABONO = Path(sys.executable).with_name("abono")
START = datetime(2026, 1, 1, 8, tzinfo=UTC)
BEFORE = datetime(2026, 1, 31, 12, tzinfo=UTC)
BOUNDARY = datetime(2026, 1, 31, 23, tzinfo=UTC)  # midnight in Berlin
NOW = BOUNDARY + timedelta(minutes=1)
LATE = BOUNDARY - timedelta(seconds=1)

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
class Original:
    """An account at rest before the boundary, to be copied; ``units`` names its subscriptions."""

    operator: Operator
    account: int
    units: dict[str, UUID]


@pytest.fixture
def operator() -> Operator:
    """A seller in Berlin with a plan of every sort."""
    with transaction.atomic():
        seller = add_operator("races", "Races", {"currency": "EUR", "time_zone": "Europe/Berlin", "tax": "19"})
        save_catalogue(seller, parse_catalogue(CATALOGUE, "EUR"), now=START)
    return seller


def original(operator: Operator, sort: str) -> Original:
    """An account for which January has passed as it does: charged, looked ahead, blocked early."""
    plans, left = ACCOUNTS[sort]
    account = opened(operator, sort, 90_000)
    units = {plan: orders.subscribe(account, plan, now=START, unit=plan) for plan in plans}
    eve = BEFORE - timedelta(days=4)
    with transaction.atomic():
        turn_clock(Scope.of_account(operator, account), eve, look=look)
    slices = 4 * 100 if "meter" in plans else 0  # until the boundary
    if change := left + slices - balance(account):
        money.adjust(account, change, now=eve)
    with transaction.atomic():
        turn_clock(Scope.of_account(operator, account), BEFORE, look=look)
    assert balance(account) == left
    return Original(operator, account, units)


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
        "a debit": lambda a, _u: debit(a, 300, "debit"),
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


def refusal(call: Callable[[], object]) -> str:
    """Make a call; answers what it was refused for, or nothing."""
    try:
        call()
    except Refusal as refused:
        return refused.code
    return ""


def ask(request: Request, account: int, units: dict[str, UUID]) -> str:
    """Make a request for an account; answers what it was refused for, or nothing."""
    return refusal(partial(request, account, units))


def debit(account: int, amount: int, key: str) -> UUID:
    """Take money once per key."""
    return ledger.debit(account, amount, key=key, counter="sales", day=NOW.date(), now=NOW)


# ---- Many at once


Answers = Callable[[], list[Any]]


def start(*works: Callable[[], object]) -> Answers:
    """Begin all works at the same moment, each with its own connection; what is answered waits for them."""
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
    for thread in threads:
        thread.start()

    def gather() -> list[Any]:
        for thread in threads:
            thread.join(PATIENCE)
            assert not thread.is_alive(), "they wait for each other"
        if errors:
            raise errors[0]
        return answers

    return gather


def together(*works: Callable[[], object]) -> list[Any]:
    """Do all works at the same moment; answers what they answered, in order."""
    return start(*works)()


@contextmanager
def held(*accounts: int) -> Iterator[None]:
    """Inside, nobody else gets these accounts."""
    with transaction.atomic():
        for account in accounts:
            ledger.lock(account)
        yield


@contextmanager
def held_lines(account: int) -> Iterator[None]:
    """Inside, the account may be claimed, but nobody else changes its subscriptions.

    Whoever rolls over has claimed all of its slice by then: in which order it claims them nobody promises.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT id FROM subscriptions_subscription WHERE account_id = %s FOR UPDATE", [account])
        assert cursor.rowcount
        yield


# ---- What there is to see

_SEEN = {
    "ledger_account": ("account_id", "claim"),
    "ledger_entry": ("account_id", "id"),
    "ledger_grant": ("account_id", "id"),
    "subscriptions_subscription": ("account_id", "id", "paid_from", "terms_id"),
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
                found[account].setdefault(table, []).append(loaded(row))
    return [found[account] for account in accounts]


def balance(account: int) -> int:
    (row,) = pictures([account])[0]["ledger_account"]
    return int(row["balance"])


def assert_sound(accounts: Sequence[int]) -> None:
    """The balance is the sum of the entries, nobody owes who may not, and no day of a subscription is paid twice."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT a.account_id, a.balance, (SELECT coalesce(sum(e.amount), 0) FROM ledger_entry AS e"
            " WHERE e.account_id = a.account_id), a.balance + a.credit_limit - a.held + coalesce((SELECT"
            " sum(g.remaining) FROM ledger_grant AS g WHERE g.account_id = a.account_id), 0)"
            ", EXISTS (SELECT 1 FROM subscriptions_subscription AS s INNER JOIN catalogue_plan AS p ON s.plan_id = p.id"
            " WHERE s.account_id = a.account_id AND p.charge = 'arrears') OR EXISTS (SELECT 1 FROM ledger_entry AS e"
            " WHERE e.account_id = a.account_id AND e.kind = 'adjustment' AND e.booked_on > %s)"
            " FROM ledger_account AS a WHERE a.account_id = ANY(%s)",
            [BEFORE.date() - timedelta(days=1), list(accounts)],
        )
        for account, kept, moved, available, may_owe in cursor.fetchall():
            assert kept == moved, f"account {account} lost a movement"
            assert available >= 0 or may_owe, f"account {account} is overdrawn"
        cursor.execute(
            "SELECT c.account_id, c.starts_on, c.ends_on, d.starts_on, d.ends_on"
            " FROM billing_charge AS c INNER JOIN billing_charge AS d ON c.account_id = d.account_id"
            " AND c.subscription_id = d.subscription_id AND c.id < d.id"
            " AND daterange(c.starts_on, c.ends_on) && daterange(d.starts_on, d.ends_on)"
            " WHERE c.account_id = ANY(%s) AND c.kind = 'period' AND d.kind = 'period'",
            [list(accounts)],
        )
        assert cursor.fetchall() == []


def roll(operator: Operator, accounts: Sequence[int], until: datetime = NOW) -> None:
    """Roll some accounts over, by one connection that nobody disturbs."""
    with transaction.atomic():
        catch_up(Scope(operator, min(accounts), max(accounts)), until, look=look)


def slices() -> list[tuple[str, int, str]]:
    """State, failed attempts and error of every slice."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT state, attempts, error FROM billing_slice ORDER BY id")
        return [(row[0], row[1], row[2]) for row in cursor.fetchall()]


# ---- Two roll-overs at once


def crowd(operator: Operator) -> tuple[list[int], list[Picture]]:
    """Accounts of every sort that are due, and what one roll-over makes of them."""
    originals = [original(operator, sort).account for sort in ACCOUNTS]
    twins, *groups = zip(*copies(originals, 6), strict=True)
    roll(operator, originals)
    roll(operator, twins)
    return [account for group in groups for account in group], pictures(twins) * len(groups)


def the_only_run() -> tuple[dict[str, int], dict[str, int]]:
    """The totals of the only run, and the sum of those of its slices; every slice was done at the first attempt."""
    assert {(state, attempts) for state, attempts, _error in slices()} == {("done", 0)}
    with connection.cursor() as cursor:
        cursor.execute("SELECT totals FROM billing_run WHERE finished_at IS NOT NULL")
        ((run,),) = cursor.fetchall()
        cursor.execute("SELECT totals FROM billing_slice")
        parts = [Counter(loaded(row[0])) for row in cursor.fetchall()]
    return loaded(run), dict(sum(parts, Counter()))


def loaded(value: Any) -> Any:
    """JSON of a cursor, whichever way Django hands it over."""
    return json.loads(value) if isinstance(value, str) else value


def test_two_calls_at_once_do_the_work_of_one(operator: Operator) -> None:
    accounts, expected = crowd(operator)
    # One account of each of four slices is held: all four workers are in the middle of one at the same time.
    with held(*accounts[0:8:2]):
        gather = start(
            lambda: advance(NOW, workers=3, size=2),
            lambda: advance(NOW, workers=1, size=2),
        )
        wait_until_blocked(4)
    reports = gather()
    assert pictures(accounts) == expected
    run, parts = the_only_run()
    assert {name: count for name, count in run.items() if count} == parts
    assert [report.totals for report in reports] == [run, run]
    assert_sound(accounts)


def test_two_processes_at_once_do_the_work_of_one(operator: Operator) -> None:
    accounts, expected = crowd(operator)
    name = connection.settings_dict["NAME"]
    environment = {**os.environ, "ABONO_DATABASE_URL": make_conninfo(os.environ["ABONO_DATABASE_URL"], dbname=name)}
    command = [str(ABONO), "advance", "--to", NOW.isoformat(), "--slice-size", "2", "--json"]
    with held(*accounts[0:8:2]):
        processes = [
            subprocess.Popen([*command, "--workers", "2"], env=environment, stdout=subprocess.PIPE, text=True)
            for _ in range(2)
        ]
        wait_until_blocked(4)
    told = [json.loads(process.communicate(timeout=PATIENCE)[0]) for process in processes]
    assert [process.returncode for process in processes] == [0, 0]
    assert pictures(accounts) == expected
    run, _parts = the_only_run()
    assert [each["totals"] for each in told] == [run, run]


# ---- Requests during a roll-over


@dataclass(frozen=True)
class Race:
    """Copies of one account, for each request some, and how the two orders ended on twins."""

    accounts: dict[str, list[int]]
    units: dict[str, UUID]
    before: dict[str, tuple[str, Picture]]
    after: dict[str, tuple[str, Picture]]

    @property
    def everybody(self) -> list[int]:
        """All copies that are to be raced for."""
        return [account for accounts in self.accounts.values() for account in accounts]

    def ask(self, name: str, account: int) -> str:
        """Make one of the requests of this race."""
        return ask(requests(NOW)[name], account, self.units)


def race(operator: Operator, sort: str, times: int) -> Race:
    """Both orders are played: each request before the roll-over of one twin and after that of the other."""
    asked = requests(NOW)
    start_of = original(operator, sort)
    (ids,) = copies([start_of.account], len(asked) * (2 + times))
    roll(operator, [start_of.account])
    first, second, *groups = (ids[begin : begin + len(asked)] for begin in range(0, len(ids), len(asked)))
    before = [ask(request, account, start_of.units) for request, account in zip(asked.values(), first, strict=True)]
    roll(operator, [*first, *second])
    after = [ask(request, account, start_of.units) for request, account in zip(asked.values(), second, strict=True)]
    return Race(
        {name: list(accounts) for name, accounts in zip(asked, zip(*groups, strict=True), strict=True)},
        start_of.units,
        dict(zip(asked, zip(before, pictures(first), strict=True), strict=True)),
        dict(zip(asked, zip(after, pictures(second), strict=True), strict=True)),
    )


def sort_of(sort: str) -> Any:
    return pytest.param(sort, id=sort.replace(" ", "-"))


every_sort = pytest.mark.parametrize("sort", [sort_of(sort) for sort in ACCOUNTS])


@every_sort
def test_requests_that_wait_for_the_roll_over_come_after_it(operator: Operator, sort: str) -> None:
    run = race(operator, sort, 1)
    (last,) = copies([run.everybody[-1]], 1)[0]
    names = list(run.accounts)
    with held_lines(last):
        rolling = start(lambda: advance(NOW, workers=1, size=1_000))
        wait_until_blocked(1)
        asking = start(*(partial(run.ask, name, run.accounts[name][0]) for name in names))
        wait_until_blocked(1 + len(names))
    rolling()
    answers = dict(zip(names, asking(), strict=True))
    ended = dict(zip(names, pictures([run.accounts[name][0] for name in names]), strict=True))
    for name in names:
        assert (answers[name], ended[name]) == run.after[name], name
    assert_sound(run.everybody)


# Two requests that may settle a price of one plan wait for each other: they are not in the same wave.
_SECOND_WAVE = {"a change at the end", "a quantity now"}


@pytest.mark.parametrize("wave", [1, 2])
@every_sort
def test_requests_that_the_roll_over_waits_for_come_before_it(operator: Operator, sort: str, wave: int) -> None:
    run = race(operator, sort, 1)
    names = [name for name in run.accounts if (name in _SECOND_WAVE) == (wave == 2)]
    done = threading.Barrier(len(names) + 1)
    release = threading.Event()

    def ask_and_stay(name: str) -> str:
        with transaction.atomic():
            answer = run.ask(name, run.accounts[name][0])
            done.wait(PATIENCE)
            assert release.wait(PATIENCE)
            return answer

    asking = start(*(partial(ask_and_stay, name) for name in names))
    done.wait(PATIENCE)
    rolling = start(lambda: advance(NOW, workers=1, size=1_000))
    wait_until_blocked(1)
    release.set()
    answers = dict(zip(names, asking(), strict=True))
    rolling()
    ended = dict(zip(names, pictures([run.accounts[name][0] for name in names]), strict=True))
    for name in names:
        assert (answers[name], ended[name]) == run.before[name], name
    assert_sound(run.everybody)


@every_sort
def test_requests_all_over_a_roll_over_end_as_one_of_the_orders(operator: Operator, sort: str) -> None:
    run = race(operator, sort, 6)
    asked = [(name, account) for name, accounts in run.accounts.items() for account in accounts]
    random.Random(sort).shuffle(asked)
    hands = 4

    def hand(place: int) -> list[tuple[str, int, str]]:
        return [(name, account, run.ask(name, account)) for name, account in asked[place::hands]]

    _report, *answered = together(
        lambda: advance(NOW, workers=2, size=3), *(partial(hand, place) for place in range(hands))
    )
    answers = {account: (name, answer) for each in answered for name, account, answer in each}
    for account, picture in zip(run.everybody, pictures(run.everybody), strict=True):
        name, answer = answers[account]
        assert (answer, picture) in (run.before[name], run.after[name]), name
    assert_sound(run.everybody)
    assert {state for state, _attempts, _error in slices()} == {"done"}


def test_the_orders_differ(operator: Operator) -> None:
    """Otherwise the tests above would prove nothing."""
    run = race(operator, "short", 1)
    assert sum(run.before[name] != run.after[name] for name in run.before) > len(run.before) // 2


def test_a_promise_after_midnight_counts_whichever_comes_first(operator: Operator) -> None:
    start_of = original(operator, "short")
    ((first, second),) = copies([start_of.account], 2)
    promised = requests(NOW)["a promise"]
    promised(first, start_of.units)
    roll(operator, [start_of.account, first, second])
    promised(second, start_of.units)
    assert [states(account)["tv"] for account in (first, second)] == ["active", "active"]


@pytest.mark.parametrize("sort", [sort_of(sort) for sort in ACCOUNTS if sort != "rich"])
def test_a_request_of_the_evening_that_had_to_wait_pays_no_day_twice(operator: Operator, sort: str) -> None:
    """It was made a second before midnight, and waited for its account while that was rolled over."""
    start_of = original(operator, sort)
    asked = requests(LATE)
    accounts = copies([start_of.account], len(asked) + 1)[0]
    last = accounts.pop()
    with held_lines(last):
        rolling = start(lambda: advance(NOW, workers=1, size=1_000))
        wait_until_blocked(1)
        asking = start(
            *(
                partial(ask, request, account, start_of.units)
                for request, account in zip(asked.values(), accounts, strict=True)
            )
        )
        wait_until_blocked(1 + len(asked))
    rolling()
    asking()
    advance(NOW)
    assert_sound(accounts)


def test_an_order_of_the_evening_disturbs_no_slice(operator: Operator) -> None:
    """An account that was not due lies among those that are, and becomes due while they are rolled over."""
    start_of = original(operator, "rich")
    ((first,),) = copies([start_of.account], 1)
    between = opened(operator, "between", 5_000)
    ((last,),) = copies([start_of.account], 1)
    with held(last):
        rolling = start(lambda: advance(NOW, workers=1, size=1_000))
        wait_until_blocked(1)
        together(lambda: orders.subscribe(between, "meter", now=LATE, unit="meter"))
    rolling()
    assert states(between) == {"meter": "active"}
    assert len(pictures([between])[0]["billing_charge"]) == 2
    assert states(first) == states(last)
    assert {state for state, _attempts, _error in slices()} == {"done"}, slices()


def test_a_new_price_and_an_order_do_not_wait_for_each_other(operator: Operator) -> None:
    """The price wants accounts and its plan, the order its account and the plan: neither dies of the other."""
    waiting = [original(operator, "short").account]
    waiting += copies(waiting, 1)[0]
    roll(operator, waiting)
    with held(waiting[0]):
        pricing = start(lambda: change_price(operator, "tv", Decimal(9), date(2026, 3, 1), now=NOW))
        wait_until_blocked(1)
        ordering = start(lambda: refusal(lambda: orders.subscribe(waiting[1], "tv", now=NOW)))
    pricing()
    assert ordering() == ["insufficient_funds"]


# ---- One account, many at its door


def debited(account: int, times: int, hands: int) -> Counter[str]:
    """So many debits of 1.00 by so many hands at once, and how they were answered."""

    def hand(place: int) -> list[str]:
        return [refusal(partial(debit, account, 100, f"debit {n}")) for n in range(place, times, hands)]

    return Counter(answer for answers in together(*(partial(hand, n) for n in range(hands))) for answer in answers)


def test_debits_never_exceed_the_money(operator: Operator) -> None:
    account = opened(operator, "much wanted", 3_700)
    assert debited(account, 100, 20) == {"": 37, "insufficient_funds": 63}
    (picture,) = pictures([account])
    assert [row["amount"] for row in picture["ledger_entry"]].count(-100) == 37
    assert len(picture["base_once"]) == 37
    assert balance(account) == 0


def test_debits_take_what_a_promise_allows_and_no_more(operator: Operator) -> None:
    account = opened(operator, "on trust", 1_000)
    money.promise(account, 2_700, 3, now=NOW)
    assert debited(account, 50, 10) == {"": 37, "insufficient_funds": 13}
    assert balance(account) == -2_700


@pytest.mark.parametrize(
    "request_",
    [
        pytest.param(lambda a: debit(a, 100, "once"), id="debit"),
        pytest.param(lambda a: money.pay(a, 100, now=NOW, key="once"), id="payment"),
        pytest.param(lambda a: money.refund(a, 100, now=NOW, key="once"), id="refund"),
        pytest.param(lambda a: money.adjust(a, -100, now=NOW, key="once"), id="correction"),
        pytest.param(lambda a: orders.subscribe(a, "net", now=NOW, key="once"), id="order"),
    ],
)
def test_the_same_key_from_many_moves_money_once(operator: Operator, request_: Callable[[int], UUID]) -> None:
    account = opened(operator, "insistent", 5_000)
    answers = together(*[partial(request_, account)] * 20)
    assert len(set(answers)) == 1
    (picture,) = pictures([account])
    assert len(picture["ledger_entry"]) == 2  # the first payment and this
    assert len(picture["base_once"]) == 1
    assert len(picture.get("subscriptions_subscription", [])) <= 1
    assert_sound([account])


def test_a_key_belongs_to_the_first_of_different_requests(operator: Operator) -> None:
    account = opened(operator, "confused", 5_000)
    amounts = range(100, 1_300, 100)
    payments = [partial(money.pay, account, amount, now=NOW, key="once") for amount in amounts]
    debits = [partial(debit, account, amount, "once") for amount in amounts]
    answers = together(*(partial(refusal, call) for call in [*payments, *debits]))
    assert Counter(answers) == {"": 1, "key_conflict": len(answers) - 1}
    assert len(pictures([account])[0]["ledger_entry"]) == 2


def test_one_order_gets_the_last_money(operator: Operator) -> None:
    account = opened(operator, "last money", 1_000)
    answers = together(*[partial(refusal, partial(orders.subscribe, account, "net", now=NOW))] * 10)
    assert Counter(answers) == {"": 1, "insufficient_funds": 9}
    assert states(account) == {"": "active"}
    assert balance(account) == 0


def test_one_promise_at_a_time(operator: Operator) -> None:
    account = opened(operator, "promising", 0)
    answers = together(*[partial(refusal, partial(money.promise, account, 500, 3, now=NOW))] * 8)
    assert Counter(answers) == {"": 1, "grant_active": 7}


def states(account: int) -> dict[str, str]:
    """The state of every subscription, by unit."""
    rows = pictures([account])[0].get("subscriptions_subscription", [])
    return {row["unit"]: row["state"] for row in rows}

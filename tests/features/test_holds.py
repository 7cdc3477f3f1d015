"""What is reserved ends with its subscription or its time, and what it held pays for the others at once."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING

import pytest
from django.db import transaction

from abono.features.billing import money, orders, reserving
from abono.features.billing.audit import audit
from abono.features.billing.engine import Scope, turn_clock
from abono.features.billing.look_ahead import look
from abono.features.billing.queries import accounts_now, subscriptions_of
from tests.features import worlds

if TYPE_CHECKING:
    from collections.abc import Callable
    from uuid import UUID

    from abono.features.operators.queries import Operator

pytestmark = pytest.mark.django_db

START = worlds.START
HOLDS = {
    "services": {"calls": {"kind": "usage"}, "line": {"kind": "onoff"}},
    "plans": {
        "p": {
            "price": "10.00",
            "period": "month",
            "services": {"calls": {"model": "package", "size": "1", "price": "1.00", "overage": "on_use"}},
        },
        "q": {
            "price": "10.00",
            "period": "month",
            "services": {"calls": {"model": "package", "size": "1", "price": "1.00", "overage": "on_use"}},
        },
        "once": {
            "price": "10.00",
            "period": "month",
            "on_shortfall": "end",
            "services": {"calls": {"model": "package", "size": "1", "price": "1.00", "overage": "on_use"}},
        },
        "waits": {"price": "35.00", "period": "month", "priority": 200, "services": {"line": {}}},
        "early": {
            "price": "35.00",
            "period": "month",
            "look_ahead": "3 hours",
            "early_block": True,
            "priority": 200,
            "services": {"line": {}},
        },
    },
}
FEBRUARY = START.replace(month=2)
ENDS: dict[str, tuple[str, Callable[[int, UUID], object]]] = {
    "cancelled now": ("p", lambda a, s: orders.cancel(a, s, now=days(40), at_period_end=False)),
    "changed now": ("p", lambda a, s: orders.change(a, s, now=days(40), plan_code="q", at_period_end=False)),
    "more of it": ("p", lambda a, s: orders.change(a, s, now=days(40), quantity=Decimal("0.9"), at_period_end=False)),
    "given free": ("p", lambda _a, _s: None),
    "lapsed": ("p", lambda _a, _s: None),
}


@pytest.mark.parametrize("name", ENDS)
def test_what_was_reserved_ends_with_its_subscription_and_pays_the_return(name: str) -> None:
    # 30.00 of 40.00 are held; the return costs 35.00.
    house = worlds.operator(HOLDS)
    plan, end = ENDS[name]
    account = worlds.account(house, 1_000 + 3_500 + 1_000)
    sub = orders.subscribe(account, plan, now=START)
    other = orders.subscribe(account, "waits", now=START)
    let_pass(account, house, FEBRUARY)
    assert states(account) == {sub: "active", other: "suspended"}
    money.pay(account, 3_000, now=days(39))
    held = reserving.reserve(account, sub, "calls", Decimal(30), now=days(40), lasts=timedelta(hours=1))
    money.pay(account, 1_000, now=days(40))
    assert states(account)[other] == "suspended"
    if name == "given free":
        reserving.cancel(account, held, now=days(40))
    end(account, sub)
    if name == "lapsed":
        assert states(account)[other] == "suspended"
        let_pass(account, house, days(40) + timedelta(hours=1, microseconds=-1))
        assert states(account)[other] == "suspended"
        let_pass(account, house, days(40) + timedelta(hours=1))
    assert states(account)[other] == "active"
    with pytest.raises(reserving.ReservationClosed):
        reserving.commit(account, held, now=days(40))
    assert audit() == []


def test_a_hold_blocks_early_only_while_it_would_be_there_at_the_boundary() -> None:
    # The look-ahead is made at 21:00; 45.00 are there and are needed at midnight.
    house = worlds.operator(HOLDS)
    account = worlds.account(house, 1_000 + 3_500 + 4_500)
    sub = orders.subscribe(account, "p", now=START)
    other = orders.subscribe(account, "early", now=START)
    evening = partial(days, 30)
    reserving.reserve(account, sub, "calls", Decimal(1), now=evening(20), lasts=timedelta(hours=3, minutes=59))
    let_pass(account, house, evening(21))
    assert states(account)[other] == "active"
    assert audit() == []
    account = worlds.account(house, 1_000 + 3_500 + 4_500)
    sub = orders.subscribe(account, "p", now=START)
    other = orders.subscribe(account, "early", now=START)
    held = reserving.reserve(account, sub, "calls", Decimal(1), now=evening(20), lasts=timedelta(hours=5))
    let_pass(account, house, evening(21))
    assert states(account)[other] == "suspended"
    reserving.cancel(account, held, now=evening(22))
    assert states(account)[other] == "active"
    assert audit() == []


@pytest.mark.parametrize("plan", ["p", "once"])
def test_what_ends_at_a_boundary_frees_what_is_reserved_for_the_others(plan: str) -> None:
    # 20.00 are held; at the boundary the line takes its 35.00 of 45.00.
    house = worlds.operator(HOLDS)
    account = worlds.account(house, 1_000 + 3_500 + 3_500 + 500)
    sub = orders.subscribe(account, plan, now=START)
    other = orders.subscribe(account, "waits", now=START)
    if plan == "p":
        orders.cancel(account, sub, now=days(3))
    reserving.reserve(account, sub, "calls", Decimal(32), now=days(30, 12), lasts=timedelta(days=1))
    let_pass(account, house, FEBRUARY)
    assert states(account) == {sub: "ended", other: "active"}
    assert balance(account, FEBRUARY) == 500
    assert audit() == []


def states(account: int) -> dict[UUID, str]:
    return {key: row["state"] for key, row in subscriptions_of([account]).items()}


def days(number: int, hour: int = 12) -> datetime:
    return START + timedelta(days=number, hours=hour)


def balance(account: int, now: datetime) -> int:
    return int(accounts_now([account], now)[account]["balance"])


def let_pass(account: int, seller: Operator, until: datetime) -> None:
    with transaction.atomic():
        turn_clock(Scope.of_account(seller, account), until, look=look)

"""Requests under a key: done once however often they are sent, and never mistaken for another."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from abono.base.refusal import KeyConflict
from abono.base.trail import trail_of_account
from abono.features.billing import blocks, money, orders
from abono.features.billing.blocks import PauseNotAllowed
from abono.features.billing.queries import accounts_now, subscriptions_of

from .worlds import START, account, operator

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from uuid import UUID

pytestmark = pytest.mark.django_db
LATER = START + timedelta(days=10)
CATALOGUE = {
    "services": {"line": {"kind": "onoff"}},
    "plans": {
        "line": {"price": "10.00", "period": "month", "pause": {"mode": "freeze"}, "services": {"line": {}}},
        "wide": {"price": "31.00", "period": "month", "pause": {"mode": "none"}, "services": {"line": {}}},
    },
}
REQUESTS: dict[str, Callable[[int, UUID, datetime, str], None]] = {
    "change now": lambda a, s, now, key: orders.change(
        a, s, plan_code="wide", quantity=Decimal(2), at_period_end=False, now=now, key=key
    ),
    "change later": lambda a, s, now, key: orders.change(a, s, plan_code="wide", now=now, key=key),
    "cancel now": lambda a, s, now, key: orders.cancel(
        a, s, at_period_end=False, prorate_refund=True, now=now, key=key
    ),
    "cancel later": lambda a, s, now, key: orders.cancel(a, s, now=now, key=key),
    "pause": lambda a, s, now, key: blocks.pause(a, s, until=date(2026, 1, 20), now=now, key=key),
    "promise": lambda a, _s, now, key: money.promise(a, 500, 3, fee=20, now=now, key=key),
}


def picture(one: int, now: datetime) -> tuple[object, ...]:
    return accounts_now([one], now)[one], subscriptions_of([one]), len(trail_of_account(one, 100))


@pytest.mark.parametrize("name", REQUESTS)
def test_the_same_request_under_a_key_is_done_once(name: str) -> None:
    one = account(operator(CATALOGUE), 20_000)
    subscription = orders.subscribe(one, "line", now=START)
    before = picture(one, LATER)
    REQUESTS[name](one, subscription, LATER, "a")
    done = picture(one, LATER)
    assert done != before
    REQUESTS[name](one, subscription, LATER, "a")
    assert picture(one, LATER) == done
    with pytest.raises(KeyConflict):
        money.adjust(one, 1, now=LATER, key="a")
    assert picture(one, LATER) == done


def test_a_pause_is_ended_once() -> None:
    one = account(operator(CATALOGUE), 20_000)
    subscription = orders.subscribe(one, "line", now=START)
    blocks.pause(one, subscription, now=START)
    for _time in range(2):
        blocks.resume(one, subscription, now=LATER, key="a")
    assert subscriptions_of([one])[subscription]["state"] == "active"


def test_a_refusal_claims_no_key() -> None:
    one = account(operator(CATALOGUE), 20_000)
    subscription = orders.subscribe(one, "wide", now=START)
    with pytest.raises(PauseNotAllowed):
        blocks.pause(one, subscription, now=LATER, key="a")
    orders.cancel(one, subscription, now=LATER, key="a")
    assert [line["action"] for line in trail_of_account(one, 2)] == ["subscription.cancel", "subscription.order"]

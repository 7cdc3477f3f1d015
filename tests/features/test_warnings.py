"""Warnings of quotas: at each threshold of a plan, once in a quota period."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from django.db import transaction

from abono.features.billing import orders
from abono.features.billing.audit import audit
from abono.features.billing.engine import Scope, turn_clock
from abono.features.billing.look_ahead import look
from abono.features.billing.queries import notices_of
from abono.features.billing.using import use, use_many
from abono.features.usage.events import Use
from tests.features import worlds

if TYPE_CHECKING:
    from uuid import UUID

    from abono.features.operators.queries import Operator

pytestmark = pytest.mark.django_db
START = worlds.START
CATALOGUE: dict[str, Any] = {
    "services": {
        "prints": {"kind": "usage"},
        "calls": {"kind": "usage"},
        "people": {"kind": "seats"},
        "quiet": {"kind": "usage"},
        "usual": {"kind": "usage"},
    },
    "plans": {
        "office": {
            "price": "10.00",
            "period": "month",
            "services": {
                "prints": {"included": "10", "warn": [50, 90, 150, 1000]},
                "calls": {"included": "4", "quota_period": "day", "warn": [50]},
                "people": {"included": "4", "warn": [75]},
                "quiet": {"included": "4", "warn": []},
                "usual": {"included": "10"},
            },
        },
        "other": {
            "price": "10.00",
            "period": "month",
            "services": {"prints": {"included": "10", "warn": [40, 60, 70]}},
        },
    },
}


@pytest.fixture
def seller() -> Operator:
    return worlds.operator(CATALOGUE)


def days(number: int, hour: int = 12) -> datetime:
    return START + timedelta(days=number, hours=hour)


def office(seller: Operator) -> tuple[int, UUID]:
    account = worlds.account(seller, 100_000)
    return account, orders.subscribe(account, "office", now=START)


def told(account: int) -> list[tuple[str, int]]:
    """The warnings of an account: the kind, and the day of the year's beginning on which it was sent."""
    rows = notices_of([account]).get(account, [])
    return [(row["kind"], (row["sent_on"] - START.date()).days) for row in rows if row["kind"].startswith("quota_")]


def take(account: int, sub: UUID, service: str, number: str, now: datetime) -> None:
    assert use(Use(account, sub, service, Decimal(number)), now=now)


def let_pass(account: int, seller: Operator, until: datetime) -> None:
    with transaction.atomic():
        turn_clock(Scope.of_account(seller, account), until, look=look)


def test_once_at_each_threshold_and_a_jump_gives_all_that_were_passed(seller: Operator) -> None:
    account, sub = office(seller)
    for day, number in ((1, "4.9"), (2, "0.1"), (3, "2"), (4, "-4"), (5, "3"), (6, "9"), (7, "1")):
        take(account, sub, "prints", number, days(day))
    assert told(account) == [("quota_50", 2), ("quota_90", 6), ("quota_150", 6)]
    let_pass(account, seller, days(32))
    take(account, sub, "prints", "100", days(33))
    assert told(account)[3:] == [("quota_50", 33), ("quota_90", 33), ("quota_150", 33), ("quota_1000", 33)]
    assert audit() == []


def test_a_batch_tells_all_it_passed_once(seller: Operator) -> None:
    account, sub = office(seller)
    assert set(use_many([Use(account, sub, "prints", Decimal(2))] * 8, now=days(1))) == {"counted"}
    assert told(account) == [("quota_50", 1), ("quota_90", 1), ("quota_150", 1)]


def test_no_thresholds_tell_nothing_and_none_given_are_80_and_100(seller: Operator) -> None:
    account, sub = office(seller)
    take(account, sub, "quiet", "400", days(1))
    assert told(account) == []
    take(account, sub, "usual", "8", days(2))
    take(account, sub, "usual", "8", days(3))
    assert told(account) == [("quota_80", 2), ("quota_100", 3)]


def test_every_day_of_a_quota_by_the_day_warns(seller: Operator) -> None:
    account, sub = office(seller)
    for day, number in ((1, "1"), (1, "1"), (1, "5"), (2, "1"), (3, "2")):
        take(account, sub, "calls", number, days(day))
    assert told(account) == [("quota_50", 1), ("quota_50", 3)]


def test_carried_seats_warn_at_most_once_in_the_new_period(seller: Operator) -> None:
    account, sub = office(seller)
    take(account, sub, "people", "3", days(1))
    take(account, sub, "people", "1", days(2))
    let_pass(account, seller, days(32))
    assert told(account) == [("quota_75", 1)]
    take(account, sub, "people", "-1", days(33))
    take(account, sub, "people", "1", days(34))
    assert told(account) == [("quota_75", 1), ("quota_75", 33)]


def test_the_thresholds_of_the_plan_in_force_hold(seller: Operator) -> None:
    account, sub = office(seller)
    take(account, sub, "prints", "5", days(1))
    orders.change(account, sub, plan_code="other", now=days(2), at_period_end=False)
    take(account, sub, "prints", "1", days(3))
    take(account, sub, "prints", "1", days(4))
    # 40 was passed, and something above it told, under the plan before.
    assert told(account) == [("quota_50", 1), ("quota_60", 3), ("quota_70", 4)]

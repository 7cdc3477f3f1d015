"""A preview says exactly what the operation then does, and writes nothing, whatever is asked."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from django.db import connection

from abono.base.refusal import Refusal
from abono.features.billing import blocks, money, orders
from abono.features.billing.engine import Scope, catch_up
from abono.features.billing.previews import PlannedCharge, Preview, preview
from abono.features.billing.queries import Upcoming, next_charges
from abono.features.ledger import operations as ledger
from abono.features.subscriptions.queries import subscriptions_of_account

from .proofs import picture
from .worlds import START, account, operator

if TYPE_CHECKING:
    from collections.abc import Callable
    from uuid import UUID

    from abono.features.operators.queries import Operator

pytestmark = pytest.mark.django_db
NOW = START + timedelta(days=10, hours=9)
PAUSE = {"mode": "freeze", "fee": "1.00"}
CATALOGUE: dict[str, Any] = {
    "services": {"line": {"kind": "onoff"}},
    "plans": {
        "basic": {"price": "31.00", "period": "month", "services": {"line": {}}, "pause": PAUSE},
        "plus": {"price": "62.00", "period": "month", "services": {"line": {}}, "setup_fee": "5.00"},
        "free": {"price": "0.00", "period": "month", "services": {"line": {}}},
        "slow": {"price": "3.10", "period": "month", "services": {"line": {}}, "on_shortfall": "suspend"},
    },
}  # fmt: skip


class World:
    """An account with 10 days of a month behind it: 31.00 paid for January, and so much money left."""

    def __init__(self, left: int, **terms: object) -> None:
        self.operator: Operator = operator(CATALOGUE, **terms)
        self.account = account(self.operator, 3_100 + left)
        self.basic: UUID = orders.subscribe(self.account, "basic", now=START)

    def balance(self) -> int:
        return ledger.available(self.account, NOW)

    def preview(self, act: Callable[..., object], *values: object, **named: object) -> Preview:
        """A preview, which leaves every table as it was."""
        before = picture()
        seen = preview(self.account, NOW, partial(act, self.account, *values, now=NOW, **named))
        after = picture()
        assert {name for name in before if before[name] != after[name]} == set()
        return seen

    def does_it(self, act: Callable[..., object], *values: object, **named: object) -> Preview:
        """What was seen is what happens."""
        seen = self.preview(act, *values, **named)
        assert seen.refusal is None
        before = self.balance()
        act(self.account, *values, now=NOW, **named)
        assert (self.balance(), self.balance() - before) == (seen.available, seen.at_once)
        return seen

    def is_refused(self, act: Callable[..., object], *values: object, **named: object) -> Preview:
        """What was refused is refused, in the same words; and with what it was short by it passes."""
        seen = self.preview(act, *values, **named)
        with pytest.raises(Refusal) as refused:
            act(self.account, *values, now=NOW, **named)
        assert seen.refusal is not None
        assert (seen.refusal.code, seen.refusal.message) == (refused.value.code, refused.value.message)
        return seen


JANUARY_REST = (date(2026, 1, 11), date(2026, 2, 1))


def test_an_order() -> None:
    world = World(10_000)
    seen = world.does_it(orders.subscribe, "plus", quantity=Decimal(1))
    whole = (date(2026, 1, 11), date(2026, 2, 11))
    assert PlannedCharge(*whole, 6_200, "period") in seen.charges
    assert sorted((each.amount, each.kind) for each in seen.charges) == [(500, "fee"), (6_200, "period")]
    assert (seen.currency, seen.at_once, seen.balance, seen.available) == ("EUR", -6_700, 3_300, 3_300)
    assert seen.next == Upcoming(date(2026, 2, 11), 6_200)
    assert [(move.plan_code, move.state_from, move.state_to) for move in seen.moves] == [("plus", "pending", "active")]


def test_an_order_that_does_not_fit_tells_what_is_missing() -> None:
    world = World(1_000)
    seen = world.is_refused(orders.subscribe, "plus")
    assert (seen.short_by, seen.at_once, seen.balance, seen.available) == (5_700, -6_700, -5_700, -5_700)
    assert sorted(each.amount for each in seen.charges) == [500, 6_200]
    assert seen.next is None
    money.pay(world.account, seen.short_by - 1, now=NOW)
    assert world.is_refused(orders.subscribe, "plus").short_by == 1
    money.pay(world.account, 1, now=NOW)
    assert world.does_it(orders.subscribe, "plus").balance == 0


def test_a_change_now_and_at_the_boundary() -> None:
    world = World(10_000)
    now = world.does_it(orders.change, world.basic, plan_code="plus", at_period_end=False)
    assert now.charges == [
        PlannedCharge(*JANUARY_REST, -2_100, "credit"),
        PlannedCharge(*JANUARY_REST, 4_200, "part"),
    ]
    assert (now.at_once, now.next) == (-2_100, Upcoming(date(2026, 2, 1), 6_200))
    later = world.does_it(orders.change, world.basic, plan_code="basic", at_period_end=True)
    assert (later.at_once, later.charges, later.moves) == (0, [], [])
    assert later.next == Upcoming(date(2026, 2, 1), 3_100)


def test_a_change_that_does_not_fit() -> None:
    world = World(100)
    seen = world.is_refused(orders.change, world.basic, plan_code="plus", at_period_end=False)
    assert (seen.short_by, seen.at_once) == (2_000, -2_100)
    money.pay(world.account, 2_000, now=NOW)
    assert world.does_it(orders.change, world.basic, plan_code="plus", at_period_end=False).balance == 0


def test_cancellations() -> None:
    world = World(500)
    end = world.does_it(orders.cancel, world.basic)
    assert (end.at_once, end.charges, end.moves, end.next) == (0, [], [], None)
    world = World(500)
    kept = world.does_it(orders.cancel, world.basic, at_period_end=False)
    assert (kept.at_once, [move.state_to for move in kept.moves]) == (0, ["ended"])
    world = World(500)
    back = world.does_it(orders.cancel, world.basic, at_period_end=False, prorate_refund=True)
    assert back.charges == [PlannedCharge(*JANUARY_REST, -2_100, "refund")]
    assert (back.at_once, back.balance) == (2_100, 2_600)


def test_a_pause_and_its_end() -> None:
    world = World(500)
    paused = world.does_it(blocks.pause, world.basic)
    assert paused.charges == [PlannedCharge(date(2026, 1, 11), date(2026, 1, 12), 100, "fee")]
    assert (paused.at_once, [move.state_to for move in paused.moves], paused.next) == (-100, ["suspended"], None)
    resumed = world.does_it(blocks.resume, world.basic)
    assert (resumed.at_once, [move.state_to for move in resumed.moves]) == (0, ["active"])
    assert resumed.next == Upcoming(date(2026, 2, 1), 3_100)
    assert world.is_refused(blocks.resume, world.basic).short_by == 0
    poor = World(40)
    assert poor.is_refused(blocks.pause, poor.basic).short_by == 60


def test_money_and_what_returns_by_it() -> None:
    world = World(0)
    at = START + timedelta(days=31, hours=1)
    catch_up(Scope.of_account(world.operator, world.account), at, look=None)

    def seen(act: Callable[..., object], *values: object) -> Preview:
        before = picture()
        found = preview(world.account, at, partial(act, world.account, *values, now=at))
        assert picture() == before
        return found

    few = seen(money.pay, 3_000)
    assert (few.at_once, few.charges, few.moves) == (3_000, [], [])
    enough = seen(money.pay, 3_100)
    assert (enough.at_once, enough.balance) == (0, 0)
    assert [(each.amount, each.kind) for each in enough.charges] == [(3_100, "period")]
    assert [(move.plan_code, move.state_from, move.state_to) for move in enough.moves] == [
        ("basic", "suspended", "active")
    ]
    promised = seen(lambda one, amount, *, now: money.promise(one, amount, 5, now=now, fee=50), 3_150)
    assert (promised.at_once, promised.available) == (-3_150, 0)
    assert sorted((each.amount, each.kind) for each in promised.charges) == [(50, "fee"), (3_100, "period")]
    assert seen(money.adjust, -70).balance == -70
    assert seen(money.set_credit_limit, 3_100).at_once == -3_100
    assert subscriptions_of_account(world.account)[0].state == "suspended"


def test_blocks_of_the_staff() -> None:
    world = World(0)
    stopped = world.does_it(blocks.block)
    assert (stopped.at_once, [move.state_to for move in stopped.moves], stopped.next) == (0, ["suspended"], None)
    lifted = world.does_it(blocks.unblock, subscription=world.basic)
    assert [move.state_to for move in lifted.moves] == ["active"]


def test_other_refusals_are_answered() -> None:
    world = World(0)
    assert world.is_refused(orders.subscribe, "nothing").short_by == 0
    assert world.is_refused(money.pay, -5).balance == 0
    assert world.is_refused(money.refund, 500).short_by == 500
    assert world.is_refused(orders.change, world.basic, quantity=Decimal(0)).short_by == 0
    with pytest.raises(ledger.UnknownAccount):
        preview(2**60, NOW, lambda: None)


def test_a_change_after_a_cancellation() -> None:
    world = World(10_000)
    orders.cancel(world.account, world.basic, now=NOW)
    seen = world.is_refused(orders.change, world.basic, plan_code="plus", at_period_end=False)
    assert seen.refusal is not None
    assert (seen.refusal.code, seen.short_by, seen.at_once) == ("subscription_ending", 0, 0)
    orders.keep(world.account, world.basic, now=NOW)
    assert world.does_it(orders.change, world.basic, plan_code="plus", at_period_end=False).at_once == -2_100


def test_what_a_change_gave_back_comes_back_no_second_time() -> None:
    world = World(10_000)
    orders.change(world.account, world.basic, now=NOW, plan_code="free", at_period_end=False)
    seen = world.does_it(orders.cancel, world.basic, at_period_end=False, prorate_refund=True)
    assert (seen.at_once, seen.charges) == (0, [])


def test_a_preview_takes_no_key() -> None:
    world = World(10_000)
    assert world.preview(orders.subscribe, "plus", key="k").at_once == -6_700
    assert world.preview(orders.subscribe, "slow", key="k").at_once == -310
    orders.subscribe(world.account, "plus", now=NOW, key="k")
    assert world.preview(orders.subscribe, "plus", key="k").at_once == 0
    seen = world.is_refused(orders.subscribe, "slow", key="k")
    assert seen.refusal is not None
    assert seen.refusal.code == "key_conflict"


def test_a_bug_is_no_refusal_and_leaves_nothing_behind() -> None:
    world = World(0)

    def breaks() -> None:
        money.pay(world.account, 5, now=NOW)
        raise ZeroDivisionError

    before = picture()
    with pytest.raises(ZeroDivisionError):
        preview(world.account, NOW, breaks)
    assert picture() == before
    assert next_charges(world.operator, [world.account], NOW)[world.basic].amount == 3_100
    with connection.cursor() as cursor:
        cursor.execute("SHOW search_path")
        assert cursor.fetchone()[0].startswith("public")

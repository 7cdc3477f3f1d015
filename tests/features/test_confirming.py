"""A deed is confirmed as it was shown: what comes between, and what comes at the same moment, with real connections."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from django.db import transaction

from abono.base.refusal import KeyConflict
from abono.features.billing import blocks, money, orders
from abono.features.billing.previews import confirm, preview
from abono.features.billing.prices import change_price
from abono.features.billing.queries import accounts_now
from abono.features.billing.sellers import change_settings
from abono.features.billing.using import use_many
from abono.features.catalogue.composing import save_plan
from abono.features.catalogue.queries import list_plans, plan_by_code, prices_of_versions
from abono.features.usage.events import Use

from .proofs import picture
from .test_races import start
from .waiting import wait_until_blocked
from .worlds import account, operator

if TYPE_CHECKING:
    from collections.abc import Callable

    from abono.features.billing.previews import Preview
    from abono.features.operators.queries import Operator

pytestmark = pytest.mark.django_db(transaction=True)
NOON = datetime(2026, 1, 10, 12, tzinfo=UTC)
LAST_SECOND = datetime(2026, 1, 10, 23, 59, 59, tzinfo=UTC)
BASIC: dict[str, Any] = {"price": "31.00", "period": "month", "services": {"line": {}, "calls": {}}, "setup_fee": "1"}
PACKS = {"included": "10", "overage": "on_use", "model": "package", "size": "10", "price": "1.00"}
CATALOGUE: dict[str, Any] = {
    "services": {"line": {"kind": "onoff"}, "calls": {"kind": "usage"}},
    "plans": {
        "basic": BASIC,
        "plus": {**BASIC, "price": "62.00"},
        "metered": {**BASIC, "price": "5.00", "setup_fee": "0", "services": {"calls": PACKS}},
    },
}  # fmt: skip


class Look:
    """What somebody saw of a deed, and its confirmation."""

    def __init__(self, one: int, act: Callable[..., object], now: datetime = NOON, **named: Any) -> None:
        self.one, self.now = one, now
        self.act = partial(act, one, **named)
        self.seen: Preview = preview(one, now, partial(self.act, now=now))
        assert self.seen.refusal is None

    def confirm(self, now: datetime | None = None, key: str = "k", **asked: object) -> bool:
        at = now or self.now
        act, mark = partial(self.act, now=at), self.seen.mark()
        return confirm(self.one, at, act, shown=lambda seen: seen.mark() == mark, key=key, asked=asked)


@pytest.fixture
def seller() -> Operator:
    return operator(CATALOGUE, tax="19", prices_include_tax=False)


def balance(one: int) -> int:
    return int(accounts_now([one], NOON)[one]["balance"])


def _tax(seller: Operator, _one: int) -> None:
    terms = {"tax": "7", "tax_reduced": "0", "prices_include_tax": False}
    change_settings(seller.id, terms, manager=None, require_mfa=False, now=NOON)


BETWEEN: dict[str, Callable[[Operator, int], object]] = {
    "a price": lambda seller, _one: change_price(seller, "plus", Decimal("62.01"), date(2026, 1, 10), now=NOON),
    "a tax": _tax,
    "a version at the same price": lambda seller, _one: save_plan(
        seller, "plus", {**BASIC, "price": "62.00", "priority": 7}, now=NOON
    ),
    "a fee": lambda seller, _one: save_plan(seller, "plus", {**BASIC, "price": "62.00", "setup_fee": "2"}, now=NOON),
    "a payment": lambda _seller, one: money.pay(one, 100, now=NOON),
    "a credit limit": lambda _seller, one: money.set_credit_limit(one, 100, now=NOON),
}


@pytest.mark.parametrize("what", BETWEEN)
def test_what_comes_between_is_shown_before_it_is_done(seller: Operator, what: str) -> None:
    one = account(seller, 50_000)
    look = Look(one, orders.subscribe, plan_code="plus")
    BETWEEN[what](seller, one)
    before = picture()
    assert look.confirm() is False
    assert picture() == before
    again = Look(one, orders.subscribe, plan_code="plus")
    assert again.confirm() is True
    assert balance(one) == again.seen.balance


def test_a_change_after_midnight_charges_another_day(seller: Operator) -> None:
    one = account(seller, 50_000)
    line = orders.subscribe(one, "basic", now=datetime(2026, 1, 1, tzinfo=UTC))
    look = Look(one, orders.change, LAST_SECOND, subscription=line, plan_code="plus", at_period_end=False)
    before = picture()
    assert look.confirm(LAST_SECOND + timedelta(seconds=1)) is False
    assert picture() == before
    assert look.confirm(LAST_SECOND) is True


def test_what_moves_on_by_itself_is_no_difference(seller: Operator) -> None:
    """An account that is charged for each use, and a clock that runs."""
    one = account(seller, 50_000)
    line = orders.subscribe(one, "basic", now=NOON - timedelta(days=2))
    metered = orders.subscribe(one, "metered", now=NOON - timedelta(days=2))
    look = Look(one, orders.cancel, subscription=line)
    later = NOON + timedelta(hours=11)
    use_many([Use(one, metered, "calls", Decimal(25), later - timedelta(hours=1), "a")], now=later)
    assert balance(one) < 50_000 - 3_689 - 119 - 595
    assert look.confirm(later) is True


def test_a_form_is_done_once_and_stands_for_one_request(seller: Operator) -> None:
    one = account(seller, 50_000)
    look = Look(one, blocks.block)
    assert look.confirm(form="a") is True
    after = picture()
    assert look.confirm(form="a") is True
    with pytest.raises(KeyConflict):
        look.confirm(form="b")
    assert picture() == after


# ---- At the same moment


def test_a_deed_that_is_under_way_is_waited_for_and_seen(seller: Operator) -> None:
    one = account(seller, 50_000)
    look = Look(one, orders.subscribe, plan_code="plus")
    with transaction.atomic():
        money.adjust(one, 100, now=NOON)
        answers = start(look.confirm)
        wait_until_blocked(1)
    assert answers() == [False]
    assert balance(one) == 50_100


def test_a_price_that_is_being_changed_is_waited_for_and_seen(seller: Operator) -> None:
    one = account(seller, 90_000)
    look = Look(one, orders.subscribe, plan_code="plus", quantity=Decimal(7))  # worked out for nobody yet
    with transaction.atomic():
        change_price(seller, "plus", Decimal(1), date(2026, 1, 10), now=NOON)
        answers = start(look.confirm)
        wait_until_blocked(1)
    assert answers() == [False]
    assert balance(one) == 90_000


def test_two_confirmations_of_one_form_do_it_once(seller: Operator) -> None:
    one = account(seller, 50_000)
    look = Look(one, orders.subscribe, plan_code="plus")
    assert start(look.confirm, look.confirm)() == [True, True]
    assert balance(one) == 50_000 - 7_378 - 119


def test_two_who_save_a_plan_at_once_make_two_versions(seller: Operator) -> None:
    change_price(seller, "plus", Decimal(70), date(2026, 2, 1), now=NOON)
    saves = [partial(save, seller, each) for each in ("63.00", "64.00")]
    start(*saves)()
    assert sorted(prices_of_versions(seller.id, "plus")) == [1, 2, 3]
    (sold,) = [each for each in list_plans([seller.id], NOON) if each.code == "plus"]
    assert (sold.version, plan_by_code(seller.id, "plus").id) == (3, sold.id)
    assert {points[0].valid_from for points in prices_of_versions(seller.id, "plus").values()} == {date(2026, 2, 1)}


def save(seller: Operator, price: str) -> None:
    with transaction.atomic():
        save_plan(seller, "plus", {**BASIC, "price": price}, now=NOON)

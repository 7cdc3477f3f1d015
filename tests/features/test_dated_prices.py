"""Prices with a day outlive new versions and imports, and one that is still to come can be withdrawn."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from abono.features.billing import orders
from abono.features.billing.audit import audit
from abono.features.billing.engine import Scope, catch_up
from abono.features.billing.prices import (
    change_offer_price,
    change_price,
    withdraw_coming_offer_price,
    withdraw_coming_price,
)
from abono.features.billing.queries import accounts_now
from abono.features.catalogue import merging, offers
from abono.features.catalogue.composing import save_plan
from abono.features.catalogue.offers import OfferedPlan, PeriodClosed, UnknownPrice
from abono.features.catalogue.queries import list_plans, prices_of_versions

from .proofs import picture
from .test_offers import below
from .test_operator_blocks import rows
from .worlds import START, account, operator

if TYPE_CHECKING:
    from abono.base.refusal import Refusal
    from abono.features.operators.queries import Operator

pytestmark = pytest.mark.django_db
BEGIN = date(1, 1, 1)
FEBRUARY = date(2026, 2, 1)
MARCH = date(2026, 3, 1)
EARLY = START + timedelta(days=9)
LATER = datetime(2026, 2, 10, tzinfo=UTC)
PLAN: dict[str, Any] = {"price": "10.00", "period": "month", "services": {"line": {}}}
FILE: dict[str, Any] = {"services": {"line": {"kind": "onoff"}}, "plans": {"line": PLAN}}


def prices(seller: Operator) -> dict[int, list[tuple[date, int]]]:
    """What each version costs from which day on, the first first."""
    found = prices_of_versions(seller.id, "line")
    return {
        version: [(each.valid_from, int(each.price or 0)) for each in reversed(points)]
        for version, points in found.items()
    }


def imported(seller: Operator, plan: dict[str, Any], now: datetime) -> list[str]:
    """Import a file; answers what it warned of."""
    merge = merging.judge(seller, {**FILE, "plans": {"line": plan}}, now=now)
    assert merge.errors == []
    merge.write()
    return [each.code for each in merge.warnings]


def balance_at(seller: Operator, one: int, now: datetime) -> int:
    catch_up(Scope.of_account(seller, one), now, look=None)
    return int(accounts_now([one], now)[one]["balance"])


# ---- New versions


def test_a_new_version_takes_over_the_prices_that_are_to_come() -> None:
    seller = operator(FILE)
    old, new = account(seller, 5_000), account(seller, 5_000)
    orders.subscribe(old, "line", now=START)
    change_price(seller, "line", Decimal(12), FEBRUARY, now=EARLY)
    change_price(seller, "line", Decimal(13), MARCH, now=EARLY)
    save_plan(seller, "line", {**PLAN, "price": "11.00"}, now=EARLY)
    coming = [(FEBRUARY, 12), (MARCH, 13)]
    assert prices(seller) == {2: [(BEGIN, 11), *coming], 1: [(BEGIN, 10), *coming]}
    orders.subscribe(new, "line", now=START + timedelta(days=31, hours=-1))
    assert balance_at(seller, old, LATER) == 5_000 - 1_000 - 1_200
    assert balance_at(seller, new, datetime(2026, 3, 3, tzinfo=UTC)) == 5_000 - 1_100 - 1_200
    assert audit() == []


def test_a_price_that_counts_by_now_is_the_new_versions_to_set() -> None:
    seller = operator(FILE)
    change_price(seller, "line", Decimal(12), FEBRUARY, now=EARLY)
    change_price(seller, "line", Decimal(13), MARCH, now=EARLY)
    save_plan(seller, "line", {**PLAN, "price": "10.00"}, now=LATER)
    assert prices(seller)[2] == [(BEGIN, 10), (MARCH, 13)]


# ---- The same file again


@pytest.mark.parametrize("now", [EARLY, LATER])
def test_the_same_file_again_changes_nothing_at_all(now: datetime) -> None:
    seller = operator(FILE)
    change_price(seller, "line", Decimal(12), FEBRUARY, now=EARLY)
    before = picture()
    told = imported(seller, PLAN, now)
    assert picture() == before
    assert told == (["dated_price"] if now == LATER else [])


@pytest.mark.parametrize("written", ["10", "12.00"])
def test_the_price_of_today_or_of_the_file_before_is_no_difference(written: str) -> None:
    seller = operator(FILE)
    change_price(seller, "line", Decimal(12), FEBRUARY, now=EARLY)
    before = picture()
    imported(seller, {**PLAN, "price": written}, LATER)
    assert picture() == before


def test_other_terms_of_the_same_file_keep_every_price() -> None:
    seller = operator(FILE)
    change_price(seller, "line", Decimal(12), FEBRUARY, now=EARLY)
    change_price(seller, "line", Decimal(13), MARCH, now=EARLY)
    dated = [(FEBRUARY, 12), (MARCH, 13)]
    imported(seller, {**PLAN, "priority": 7}, LATER)
    assert prices(seller)[2] == [(BEGIN, 10), *dated]
    imported(seller, {**PLAN, "priority": 8, "price": "15.00"}, LATER)
    assert prices(seller)[3] == [(BEGIN, 15), (MARCH, 13)]
    before = picture()
    imported(seller, {**PLAN, "priority": 8, "price": "15.00"}, LATER)
    assert picture() == before


# ---- Withdrawing


def test_a_coming_price_is_withdrawn_from_all_versions() -> None:
    seller = operator(FILE)
    low = below(seller)
    offers.offer_plan(seller, low, "line", now=START)
    mine, theirs = account(seller, 5_000), account(low, 5_000)
    for one in (mine, theirs):
        orders.subscribe(one, "line", now=START)
    change_price(seller, "line", Decimal(12), FEBRUARY, now=EARLY)
    change_price(seller, "line", Decimal(13), MARCH, now=EARLY)
    save_plan(seller, "line", {**PLAN, "price": "11.00"}, now=EARLY)
    withdraw_coming_price(seller, "line", FEBRUARY, now=EARLY)
    assert prices(seller) == {2: [(BEGIN, 11), (MARCH, 13)], 1: [(BEGIN, 10), (MARCH, 13)]}
    assert prices(low) == prices(seller)
    for house, one in ((seller, mine), (low, theirs)):
        assert balance_at(house, one, datetime(2026, 3, 3, tzinfo=UTC)) == 5_000 - 1_000 - 1_000 - 1_300
    (told,) = rows("SELECT before FROM base_trail WHERE action = 'plan.price_withdraw' AND subject = 'line'")
    assert json.loads(told[0])["from"] == "2026-02-01"
    assert audit() == []


def test_what_counts_or_never_was_is_not_withdrawn() -> None:
    seller = operator(FILE)
    low = below(seller)
    offers.offer_plan(seller, low, "line", now=START)
    change_price(seller, "line", Decimal(12), FEBRUARY, now=EARLY)
    before = picture()
    wrong: list[tuple[type[Refusal], Operator, date, datetime]] = [
        (UnknownPrice, seller, MARCH, EARLY),
        (PeriodClosed, seller, BEGIN, EARLY),
        (PeriodClosed, seller, FEBRUARY, datetime(2026, 2, 1, tzinfo=UTC)),
        (OfferedPlan, low, FEBRUARY, EARLY),
    ]
    for refusal, house, day, now in wrong:
        with pytest.raises(refusal):
            withdraw_coming_price(house, "line", day, now=now)
    assert picture() == before


# ---- Prices of an offer's own


def test_an_offers_own_prices_keep_their_days() -> None:
    seller = operator(FILE)
    low = below(seller)
    offer = offers.offer_plan(seller, low, "line", now=START)
    change_price(seller, "line", Decimal(12), FEBRUARY, now=EARLY)
    change_offer_price(seller, offer, Decimal(9), MARCH, now=EARLY)
    change_offer_price(seller, offer, Decimal(8), date(2026, 2, 15), now=EARLY)
    own = [(date(2026, 2, 15), 8), (MARCH, 9)]
    assert prices(low) == {1: [(BEGIN, 10), (FEBRUARY, 12), *own]}
    save_plan(seller, "line", {**PLAN, "price": "11.00"}, now=EARLY)
    assert prices(low)[2] == [(BEGIN, 11), (FEBRUARY, 12), *own]
    change_price(seller, "line", Decimal(14), date(2026, 4, 1), now=EARLY)
    withdraw_coming_offer_price(seller, offer, date(2026, 2, 15), now=EARLY)
    assert prices(low)[2] == [(BEGIN, 11), (FEBRUARY, 12), (MARCH, 9)]
    withdraw_coming_offer_price(seller, offer, MARCH, now=EARLY)
    assert prices(low) == prices(seller)
    assert prices(low)[1] == [(BEGIN, 10), (FEBRUARY, 12), (date(2026, 4, 1), 14)]
    (now,) = [each for each in offers.offers_of(low.id) if each.id == offer]
    assert (now.price, now.price_from) == (None, None)
    with pytest.raises(UnknownPrice):
        withdraw_coming_offer_price(seller, offer, MARCH, now=EARLY)


# ---- Today


def test_a_plan_is_shown_at_the_price_of_its_operators_own_day() -> None:
    east = operator(FILE, time_zone="Pacific/Kiritimati")  # 14 hours ahead
    west = operator(FILE, time_zone="Pacific/Pago_Pago")  # 11 hours behind
    noon = datetime(2026, 1, 31, 12, tzinfo=UTC)
    for seller in (east, west):
        change_price(seller, "line", Decimal(12), FEBRUARY, now=EARLY)
    found = {each.operator_id: int(each.price) for each in list_plans([east.id, west.id], noon)}
    assert found == {east.id: 12, west.id: 10}

"""Plans that an operator sells because its parent lets it: charged to its own accounts, never seen next door."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from django.db import transaction

from abono.base.refusal import InvalidRequest, Refusal
from abono.base.wall import wall
from abono.features.billing import money, orders, parents
from abono.features.billing.audit import audit
from abono.features.billing.prices import (
    change_offer_price,
    change_price,
    withdraw_coming_offer_price,
    withdraw_coming_price,
)
from abono.features.catalogue import offers
from abono.features.catalogue.operations import save_catalogue
from abono.features.catalogue.queries import UnknownPlan, plan_codes
from abono.features.catalogue.terms import parse_catalogue
from abono.features.operators import tree
from tests.features.test_operator_blocks import NOW, pass_time, rows
from tests.features.worlds import account, operator

if TYPE_CHECKING:
    from abono.features.operators.queries import Operator

FEBRUARY = datetime(2026, 2, 10, tzinfo=UTC)


def below(parent: Operator, **terms: object) -> Operator:
    code = f"{parent.code[:40]}-{tree.parents().__len__()}"
    return tree.add_below(parent.id, code, code, terms, now=NOW)


def charges(mine: int) -> list[tuple[int, int, int]]:
    """Operator, amount and tax of every charge of an account."""
    found = rows("SELECT operator_id, amount, tax FROM billing_charge WHERE account_id = %s ORDER BY id", mine)
    return [tuple(row) for row in found]


def balance(mine: int) -> int:
    return int(rows("SELECT balance FROM ledger_account WHERE account_id = %s", mine)[0][0])


def catalogue_rows() -> list[object]:
    return [
        rows(f"SELECT to_jsonb(t) FROM {table} AS t ORDER BY id")
        for table in ("catalogue_plan", "catalogue_planprice", "catalogue_rate", "catalogue_offer")
    ]


@pytest.mark.django_db
class TestOffers:
    def test_charges_land_at_the_seller_with_its_taxes(self) -> None:
        top = operator(tax="19")
        low = below(top, tax="7")
        mine, above = account(low, 5_000), account(top, 5_000)
        assert plan_codes(low.id) == []
        with pytest.raises(UnknownPlan):
            orders.subscribe(mine, "line", now=NOW)
        offers.offer_plan(top, low, "line", now=NOW)
        orders.subscribe(mine, "line", now=NOW)
        orders.subscribe(above, "line", now=NOW)
        assert charges(mine) == [(low.id, 1_000, 65)]
        assert charges(above) == [(top.id, 1_000, 160)]
        found = rows("SELECT operator_id FROM ledger_entry WHERE account_id = %s AND kind = 'charge'", mine)
        assert found == [(low.id,)]
        pass_time(low, FEBRUARY)
        assert charges(mine) == [(low.id, 1_000, 65)] * 2
        assert audit() == []

    def test_the_seller_sees_nothing_of_its_parents_accounts(self) -> None:
        top = operator()
        low = below(top)
        offers.offer_plan(top, low, "line", now=NOW)
        mine, above = account(low, 5_000), account(top, 5_000)
        for each in (mine, above):
            orders.subscribe(each, "line", now=NOW)
        with wall([low.id]):
            assert rows("SELECT DISTINCT account_id FROM subscriptions_subscription") == [(mine,)]
            assert rows("SELECT DISTINCT account_id FROM billing_charge") == [(mine,)]

    def test_the_givers_price_is_followed_from_its_day(self) -> None:
        top = operator()
        low = below(top)
        offers.offer_plan(top, low, "line", now=NOW)
        mine = account(low, 5_000)
        orders.subscribe(mine, "line", now=NOW)
        change_price(top, "line", Decimal("12.00"), date(2026, 2, 1), now=NOW)
        pass_time(low, FEBRUARY)
        assert [amount for _, amount, _ in charges(mine)] == [1_000, 1_200]
        assert audit() == []

    def test_a_price_of_its_own_from_a_day_on(self) -> None:
        top = operator()
        low = below(top)
        offers.offer_plan(top, low, "line", now=NOW, price=Decimal("8.50"), price_from=date(2026, 2, 1))
        mine = account(low, 9_000)
        orders.subscribe(mine, "line", now=NOW)
        change_price(top, "line", Decimal("12.00"), date(2026, 1, 15), now=NOW)
        change_price(top, "line", Decimal("20.00"), date(2026, 3, 1), now=NOW)
        pass_time(low, datetime(2026, 3, 10, tzinfo=UTC))
        other = account(low, 9_000)
        assert [amount for _, amount, _ in charges(mine)] == [1_000, 850, 850]
        march = datetime(2026, 3, 12, tzinfo=UTC)
        orders.subscribe(other, "line", now=march)
        assert balance(other) == 8_150
        assert audit() == []

    def test_the_price_of_an_offer_changes_and_wakes_who_waits(self) -> None:
        top = operator()
        low = below(top)
        offer = offers.offer_plan(top, low, "line", now=NOW)
        change_price(top, "line", Decimal("30.00"), date(2026, 4, 1), now=NOW)
        mine = account(low, 1_500)
        orders.subscribe(mine, "line", now=NOW)
        pass_time(low, FEBRUARY)
        assert rows("SELECT state FROM subscriptions_subscription WHERE account_id = %s", mine) == [("suspended",)]
        change_offer_price(top, offer, Decimal("5.00"), date(2026, 2, 20), now=FEBRUARY)
        pass_time(low, datetime(2026, 2, 20, tzinfo=UTC))
        assert charges(mine) == [(low.id, 1_000, 0), (low.id, 500, 0)]
        money.adjust(mine, 2_000, now=datetime(2026, 2, 20, tzinfo=UTC))
        pass_time(low, datetime(2026, 4, 21, tzinfo=UTC))
        assert [amount for _, amount, _ in charges(mine)] == [1_000, 500, 500, 500]
        assert audit() == []

    def test_a_new_version_is_sold_by_all_below(self) -> None:
        top = operator()
        low = below(top)
        lowest = below(low)
        offers.offer_plan(top, low, "line", now=NOW)
        offers.offer_plan(low, lowest, "line", now=NOW)
        mine, new = account(lowest, 9_000), account(lowest, 9_000)
        orders.subscribe(mine, "line", now=NOW)
        dearer = {
            "services": {"line": {"kind": "onoff"}},
            "plans": {"line": {"price": "15.00", "period": "month", "setup_fee": "2.00", "services": {"line": {}}}},
        }
        save_catalogue(top, parse_catalogue(dearer, "EUR"), now=NOW)
        orders.subscribe(new, "line", now=NOW)
        assert balance(new) == 9_000 - 1_700
        change_price(top, "line", Decimal("11.00"), date(2026, 2, 1), now=NOW)
        pass_time(lowest, FEBRUARY)
        assert (balance(mine), balance(new)) == (9_000 - 2_100, 9_000 - 1_700 - 1_100)
        assert {row[0] for row in rows("SELECT operator_id FROM billing_charge")} == {lowest.id}
        assert audit() == []

    def test_withdrawing_stops_new_orders_only_and_all_below(self) -> None:
        top = operator()
        low = below(top)
        lowest = below(low)
        offer = offers.offer_plan(top, low, "line", now=NOW)
        offers.offer_plan(low, lowest, "line", now=NOW)
        mine = account(lowest, 9_000)
        orders.subscribe(mine, "line", now=NOW)
        offers.withdraw_offer(top, offer, now=NOW)
        for each in (low, lowest):
            assert plan_codes(each.id) == []
            with pytest.raises(UnknownPlan):
                orders.subscribe(account(each, 9_000), "line", now=NOW)
        pass_time(lowest, FEBRUARY)
        assert balance(mine) == 7_000
        with pytest.raises(offers.UnknownOffer):
            offers.withdraw_offer(top, offer, now=NOW)
        offers.offer_plan(top, low, "line", now=NOW)
        assert plan_codes(low.id) == ["line"]
        assert audit() == []

    def test_a_move_ends_the_offers_of_the_old_parent(self) -> None:
        top = operator()
        west, east = below(top), below(top)
        low = below(west)
        offers.offer_plan(top, west, "line", now=NOW)
        offers.offer_plan(west, low, "line", now=NOW)
        parents.move_operator(low, east.id, made_by="ann", now=NOW)
        assert plan_codes(low.id) == []
        assert [(each.code, each.ended_at) for each in offers.offers_of(low.id)] == [("line", NOW)]
        assert plan_codes(west.id) == ["line"]

    def test_no_price_of_an_old_parent_comes_after_a_move(self) -> None:
        top = operator()
        west, east = below(top), below(top)
        low = below(west)
        offers.offer_plan(top, west, "line", now=NOW)
        offer = offers.offer_plan(west, low, "line", now=NOW)
        mine = account(low, 9_000)
        orders.subscribe(mine, "line", now=NOW)
        change_offer_price(west, offer, Decimal("0.00"), date(2026, 2, 1), now=NOW)
        change_price(top, "line", Decimal("30.00"), date(2026, 3, 1), now=NOW)
        parents.move_operator(low, east.id, made_by="ann", now=NOW)
        pass_time(low, datetime(2026, 4, 10, tzinfo=UTC))
        assert [amount for _, amount, _ in charges(mine)] == [1_000] * 4
        assert audit() == []

    def test_what_an_old_parent_priced_for_today_is_priced_anew_after_a_move(self) -> None:
        top = operator()
        west, east = below(top), below(top)
        low = below(west)
        offers.offer_plan(top, west, "line", now=NOW)
        offers.offer_plan(top, east, "line", now=NOW)
        offer = offers.offer_plan(west, low, "line", now=NOW)
        mine = account(low, 9_000)
        orders.subscribe(mine, "line", now=NOW)
        change_offer_price(west, offer, Decimal("0.00"), now=NOW)
        parents.move_operator(low, east.id, made_by="ann", now=NOW)
        change_price(low, "line", Decimal("11.00"), date(2026, 2, 1), now=NOW)
        change_price(low, "line", Decimal("12.00"), date(2026, 3, 1), now=NOW)
        withdraw_coming_price(low, "line", date(2026, 3, 1), now=NOW)
        pass_time(low, datetime(2026, 2, 10, tzinfo=UTC))
        assert [amount for _, amount, _ in charges(mine)] == [1_000, 1_100]
        # The new parent's offer of the same plan prices what goes on under the old one's, too.
        march = datetime(2026, 2, 10, tzinfo=UTC)
        second = offers.offer_plan(east, low, "line", now=march)
        with pytest.raises(offers.OfferedPlan):
            change_price(low, "line", Decimal("0.00"), date(2026, 3, 1), now=march)
        change_offer_price(east, second, Decimal("13.00"), date(2026, 3, 1), now=march)
        change_offer_price(east, second, Decimal("14.00"), date(2026, 4, 1), now=march)
        withdraw_coming_offer_price(east, second, date(2026, 4, 1), now=march)
        pass_time(low, datetime(2026, 4, 10, tzinfo=UTC))
        assert [amount for _, amount, _ in charges(mine)] == [1_000, 1_100, 1_300, 1_300]
        assert audit() == []

    def test_an_own_plan_comes_first(self) -> None:
        top = operator()
        low = below(top)
        offers.offer_plan(top, low, "line", now=NOW)
        cheap = {"plans": {"line": {"price": "3.00", "period": "month", "services": {}}}}
        save_catalogue(low, parse_catalogue(cheap, "EUR"), now=NOW)
        change_price(top, "line", Decimal("12.00"), date(2026, 1, 15), now=NOW)
        mine = account(low, 1_000)
        orders.subscribe(mine, "line", now=NOW)
        assert balance(mine) == 700
        assert [each.ended_at for each in offers.offers_of(low.id)] == [NOW]

    def test_refusals_change_nothing(self) -> None:
        top, other = operator(), operator()
        low, dollars = below(top), below(top, currency="USD")
        offer = offers.offer_plan(top, low, "line", now=NOW)
        lowest = below(low)
        before = catalogue_rows()
        gone, later = date(2026, 1, 9), date(2026, 2, 1)
        cases: list[tuple[type[Refusal], str, object]] = [
            (offers.NotParent, "not_parent", lambda: offers.offer_plan(other, low, "line", now=NOW)),
            (offers.NotParent, "not_parent", lambda: offers.offer_plan(top, lowest, "line", now=NOW)),
            (offers.OfferCurrency, "currency_mismatch", lambda: offers.offer_plan(top, dollars, "line", now=NOW)),
            (UnknownPlan, "unknown_plan", lambda: offers.offer_plan(top, low, "none", now=NOW)),
            (offers.DuplicatePlan, "duplicate_plan", lambda: offers.offer_plan(top, low, "line", now=NOW)),
            (offers.UnknownOffer, "unknown_offer", lambda: offers.withdraw_offer(other, offer, now=NOW)),
            (offers.UnknownOffer, "unknown_offer", lambda: change_offer_price(other, offer, Decimal(1), now=NOW)),
            (offers.PeriodClosed, "period_closed", lambda: change_offer_price(top, offer, Decimal(1), gone, now=NOW)),
            (InvalidRequest, "out_of_range", lambda: change_offer_price(top, offer, Decimal(-1), now=NOW)),
            (offers.OfferedPlan, "offered_plan", lambda: change_price(low, "line", Decimal(1), later, now=NOW)),
        ]  # fmt: skip
        for kind, code, act in cases:
            with pytest.raises(kind) as refused, transaction.atomic():
                act()  # type: ignore[operator]
            assert refused.value.code == code
            assert catalogue_rows() == before

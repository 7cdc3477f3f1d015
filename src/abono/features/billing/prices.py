"""A change of price, and whoever waits for money and might return by it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import OperationalError, connection, transaction

from abono.base.sql import statements
from abono.features.catalogue import offers
from abono.features.catalogue.operations import plan_versions, reserve, set_price, withdraw_price
from abono.features.operators.queries import operator_by_id

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import date, datetime
    from decimal import Decimal

    from abono.features.operators.queries import Operator

_sql = statements("abono.features.billing", "prices")
_TRIES = 3


def change_price(operator: Operator, plan_code: str, price: Decimal, valid_from: date, *, now: datetime) -> None:
    """A new price (exact, in major units) for the periods that begin on or after a day, also where it is offered.

    What was suspended for want of money is looked at again on that day. Raises UnknownPlan, PeriodClosed, OfferedPlan.
    """

    def change() -> None:
        reserve(operator)  # before the accounts, as whoever looks before it is changed takes it
        plans = plan_versions(operator, plan_code)
        _waking(operator, plans, valid_from, now, lambda: set_price(operator, plan_code, price, valid_from, now=now))

    patiently(change)


def withdraw_coming_price(operator: Operator, plan_code: str, valid_from: date, *, now: datetime) -> None:
    """A price that is still to come does not come; who waits for money is looked at again at the next midnight.

    Raises UnknownPlan, UnknownPrice, PeriodClosed (it counts already), OfferedPlan.
    """

    def change() -> None:
        reserve(operator)
        plans = plan_versions(operator, plan_code)
        _waking(operator, plans, valid_from, now, lambda: withdraw_price(operator, plan_code, valid_from, now=now))

    patiently(change)


def withdraw_coming_offer_price(giver: Operator, offer: int, valid_from: date, *, now: datetime) -> None:
    """The same for a price that an offer has of its own (see offers.withdraw_offer_price)."""

    def change() -> None:
        seller, plans = offers.versions_of(giver, offer)
        house = operator_by_id(seller)
        _waking(house, plans, valid_from, now, lambda: offers.withdraw_offer_price(giver, offer, valid_from, now=now))

    patiently(change)


def change_offer_price(
    giver: Operator, offer: int, price: Decimal, valid_from: date | None = None, *, now: datetime
) -> None:
    """The same for a plan that another is let sell (see offers.price_offer)."""

    def change() -> None:
        seller, plans = offers.versions_of(giver, offer)
        house = operator_by_id(seller)
        begins = valid_from or house.day(now)
        _waking(house, plans, begins, now, lambda: offers.price_offer(giver, offer, price, begins, now=now))

    patiently(change)


def patiently(change: Callable[[], None]) -> None:
    """Make a change of prices in one transaction; again after a deadlock with a slice that holds some accounts."""
    for patience in range(_TRIES, -1, -1):
        try:
            with transaction.atomic():
                change()
        except OperationalError:
            if not patience or connection.in_atomic_block:
                raise
        else:
            return


def _waking(operator: Operator, plans: list[int], valid_from: date, now: datetime, change: Callable[[], None]) -> None:
    """Accounts are taken before the plan, as an order takes them; who was stopped meanwhile is woken at the end."""
    sold = {operator.id: plans, **offers.following(plans)}
    wake(sold, valid_from, now)
    change()
    wake(sold, valid_from, now)


def wake(sold: Mapping[int, list[int]], valid_from: date, now: datetime) -> None:
    """Who waits for money is looked at on a day: those who have one of the plans, by the operator that sells it.

    A price is no money that arrives: where it counts from today, returns are tried at the next midnight.
    """
    for house, plans in sorted(sold.items()):
        operator = operator_by_id(house)
        first = max(valid_from, operator.day(now) + timedelta(days=1))
        _sql.run("wake", plans=plans, at=operator.midnight(first))

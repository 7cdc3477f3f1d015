"""A change of price, and whoever waits for money and might return by it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import OperationalError, connection, transaction

from abono.base.sql import statements
from abono.features.catalogue.operations import plan_versions, set_price

if TYPE_CHECKING:
    from datetime import date, datetime
    from decimal import Decimal

    from abono.features.operators.queries import Operator

_sql = statements("abono.features.billing", "prices")
_TRIES = 3


def change_price(operator: Operator, plan_code: str, price: Decimal, valid_from: date, *, now: datetime) -> None:
    """A new price (exact, in major units) for the periods that begin on or after a day.

    What was suspended for want of money is looked at again on that day. Raises UnknownPlan, PeriodClosed.
    """
    for patience in range(_TRIES, -1, -1):
        try:
            with transaction.atomic():
                _change(operator, plan_code, price, valid_from, now)
        except OperationalError:  # a deadlock with a slice that holds some of the accounts
            if not patience or connection.in_atomic_block:
                raise
        else:
            return


def _change(operator: Operator, plan_code: str, price: Decimal, valid_from: date, now: datetime) -> None:
    """Accounts are taken before the plan, as an order takes them; who was stopped meanwhile is woken at the end."""
    plans = plan_versions(operator, plan_code)
    at = max(now, operator.midnight(valid_from))
    _sql.run("wake", plans=plans, at=at)
    set_price(operator, plan_code, price, valid_from, now=now)
    _sql.run("wake", plans=plans, at=at)

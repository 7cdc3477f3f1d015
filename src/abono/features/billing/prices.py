"""A change of price, and whoever waits for money and might return by it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction

from abono.base.sql import statements
from abono.features.catalogue.operations import set_price

if TYPE_CHECKING:
    from datetime import date, datetime
    from decimal import Decimal

    from abono.features.operators.queries import Operator

_sql = statements("abono.features.billing", "prices")


def change_price(operator: Operator, plan_code: str, price: Decimal, valid_from: date, *, now: datetime) -> None:
    """A new price (exact, in major units) for the periods that begin on or after a day.

    What was suspended for want of money is looked at again on that day. Raises UnknownPlan, PeriodClosed.
    """
    with transaction.atomic():
        plans = set_price(operator, plan_code, price, valid_from, now=now)
        _sql.run("wake", plans=plans, at=operator.midnight(valid_from))

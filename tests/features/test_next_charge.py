"""The search for the next charge ends: what costs nothing any more is not followed through a century of days."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection

from abono.features.billing import orders
from abono.features.billing.queries import next_charges
from abono.features.catalogue.operations import set_price

from .worlds import START, account, operator

pytestmark = pytest.mark.django_db
DAYS = {
    "services": {"line": {"kind": "onoff"}},
    "plans": {
        "advance": {"price": "9.99", "period": "day", "services": {"line": {}}},
        "arrears": {"price": "9.99", "period": "day", "charge": "arrears", "services": {"line": {}}},
        "daily": {"price": "9.99", "period": "week", "charge": "daily", "services": {"line": {}}},
    },
}
ENOUGH = 400
"""Statements for a few days; a century of days needs hundreds of thousands."""


# A slice of the week that runs keeps the week's price: 2/7 of 9.99 less 1/7 of it are 2.85 - 1.43.
@pytest.mark.parametrize(("plan", "charged"), [("advance", None), ("arrears", 999), ("daily", 142)])
def test_what_costs_nothing_from_tomorrow_is_not_followed_for_ever(plan: str, charged: int | None) -> None:
    seller = operator(DAYS)
    customer = account(seller, 10_000)
    line = orders.subscribe(customer, plan, now=START)
    set_price(seller, plan, Decimal(0), (START + timedelta(days=1)).date(), now=START)
    seen = 0

    def few(execute: Any, *statement: Any) -> Any:
        nonlocal seen
        seen += 1
        assert seen <= ENOUGH, "the search goes on and on"
        return execute(*statement)

    with connection.execute_wrapper(few):
        coming = next_charges(seller, [customer], START).get(line)
    assert (coming and coming.amount) == charged

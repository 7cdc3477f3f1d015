"""Small worlds for tests, made by the operations that people use."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from abono.features.accounts.operations import open_account
from abono.features.billing import money
from abono.features.catalogue.operations import save_catalogue
from abono.features.catalogue.terms import parse_catalogue
from abono.features.operators.operations import add_operator

if TYPE_CHECKING:
    from collections.abc import Mapping

    from abono.features.operators.queries import Operator

START = datetime(2026, 1, 1, tzinfo=UTC)
LINE: Mapping[str, Any] = {
    "services": {"line": {"kind": "onoff"}},
    "plans": {"line": {"price": "10.00", "period": "month", "services": {"line": {}}}},
}


def operator(catalogue: Mapping[str, Any] = LINE, **terms: object) -> Operator:
    """An operator of its own with a catalogue."""
    made = add_operator(f"test-{uuid4()}", "Test", {"currency": "EUR", "time_zone": "UTC", **terms})
    save_catalogue(made, parse_catalogue(catalogue, made.currency), now=START)
    return made


def account(seller: Operator, balance: int = 0, *, number: str | None = None, credit_limit: int = 0) -> int:
    """An account with an opening balance in cents."""
    made = open_account(seller, number or str(uuid4())[:12], now=START, credit_limit=credit_limit)
    if balance:
        money.adjust(made, balance, now=START)
    return made

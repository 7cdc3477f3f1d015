"""Questions about the ledger."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from abono.base.sql import statements

if TYPE_CHECKING:
    from datetime import date, datetime
    from uuid import UUID

_sql = statements("abono.features.ledger", "ledger")


@dataclass(frozen=True)
class Line:
    """An entry of a statement, with the balance after it; minor units."""

    id: UUID
    booked_on: date
    booked_at: datetime
    kind: str
    amount: int
    text: str
    reverses: UUID | None
    balance: int


def statement(account: int, since: date, until: date) -> list[Line]:
    """The entries of the half-open days, in the order they were booked."""
    return [Line(**row) for row in _sql.rows("statement", account=account, since=since, until=until)]

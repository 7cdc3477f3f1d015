"""Questions about what a subscription was charged."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

from abono.base.paging import Page, checked, page_of
from abono.base.paging import after as place_in
from abono.base.sql import statements

if TYPE_CHECKING:
    from datetime import date

_sql = statements("abono.features.billing", "payments")
_LAST = UUID(int=2**128 - 1)


@dataclass(frozen=True)
class ChargeRow:
    """A charge (negative: given back) with the half-open days it is for; ``id`` is its entry's too. Minor units."""

    id: UUID
    booked_on: date
    kind: str
    starts_on: date
    ends_on: date
    amount: int
    tax: int


def charges_of_subscription(
    account: int, subscription: UUID, *, after: str | None = None, limit: int = 25
) -> Page[ChargeRow]:
    """The charges of a subscription that an access door found, the newest first. Raises InvalidRequest."""
    place = place_in(after, UUID)
    rows = _sql.rows(
        "charges_of_subscription",
        account=account,
        subscription=subscription,
        before=place[0] if place else _LAST,
        most=checked(limit) + 1,
    )
    return page_of([ChargeRow(**row) for row in rows], limit, lambda row: (row.id,))

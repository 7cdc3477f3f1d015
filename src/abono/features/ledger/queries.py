"""Questions about the ledger."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING
from uuid import UUID

from abono.base.paging import Page, checked, page_of
from abono.base.paging import after as place_after
from abono.base.sql import statements

if TYPE_CHECKING:
    from datetime import datetime

_sql = statements("abono.features.ledger", "ledger")
_NEWEST = UUID(int=2**128 - 1)


@dataclass(frozen=True)
class EntryRow:
    """An entry of a statement, with the balance after it; minor units.

    A charge names its subscription, the half-open days it is for and the plan that it was made by, whatever plan the
    subscription has now; ``charge_kind`` is its kind among charges.
    """

    id: UUID
    booked_on: date
    booked_at: datetime
    kind: str
    amount: int
    balance: int
    text: str
    counter: str
    reverses: UUID | None
    subscription_id: UUID | None
    charge_kind: str | None
    starts_on: date | None
    ends_on: date | None
    unit: str | None
    plan_code: str | None


def statement(
    account_id: int,
    *,
    since: date | None = None,
    until: date | None = None,
    after: str | None = None,
    limit: int = 50,
) -> Page[EntryRow]:
    """The entries of an account, the newest first, booked on the half-open days from ``since`` to ``until``.

    The account was found by an access door. Raises InvalidRequest (limit, cursor).
    """
    place = place_after(after, UUID)
    rows = _sql.rows(
        "statement",
        account=account_id,
        since=since or date.min,
        until=until or date.max,
        after=place[0] if place else _NEWEST,
        most=checked(limit) + 1,
    )
    return page_of([EntryRow(**row) for row in rows], limit, lambda row: (row.id,))

"""Questions about money that came in, was paid out or was corrected by hand, and about what one entry is made of."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING
from uuid import UUID

from abono.base.paging import Page, checked, page_of
from abono.base.paging import after as place_in
from abono.base.refusal import InvalidRequest
from abono.base.sql import statements
from abono.features.access.people import NotFound
from abono.features.accounts.access import find_account

if TYPE_CHECKING:
    from datetime import datetime
    from decimal import Decimal

    from abono.features.access.people import Person

_sql = statements("abono.features.billing", "payments")
KINDS = ("payment", "refund", "adjustment")
_LAST = (date.max, UUID(int=2**128 - 1))


@dataclass(frozen=True)
class PaymentRow:
    """An entry of kind payment, refund or adjustment; minor units, credits to the account positive."""

    account_id: int
    id: UUID
    operator_id: int
    number: str
    name: str
    currency: str
    booked_on: date
    booked_at: datetime
    kind: str
    amount: int
    counter: str
    text: str


@dataclass(frozen=True)
class EntryDetail:
    """An entry with its charge, the subscription and the rate it was made by; what there is none of is None.

    ``rate_gross`` is what a full period costs by the rate, ``tax`` the tax in the charge; minor units. ``reversed_by``
    is the counter-entry, ``author`` who asked for it, where the audit trail names it.
    """

    account_id: int
    id: UUID
    booked_on: date
    booked_at: datetime
    kind: str
    amount: int
    currency: str
    counter: str
    text: str
    reverses: UUID | None
    reversed_by: UUID | None
    charge_kind: str | None
    starts_on: date | None
    ends_on: date | None
    tax: int | None
    subscription_id: UUID | None
    unit: str | None
    plan_code: str | None
    period: str | None
    rate_gross: int | None
    rate_fee: int | None
    rate_from: date | None
    quantity: Decimal | None


def list_payments(
    person: Person,
    *,
    since: date | None = None,
    until: date | None = None,
    kind: str = "",
    after: str | None = None,
    limit: int = 50,
) -> Page[PaymentRow]:
    """Payments, refunds and adjustments that a person may see, the newest first; of half-open civil days if given.

    Raises Forbidden, InvalidRequest (kind, limit, cursor).
    """
    person.require("payment.view")
    if kind and kind not in KINDS:
        message = "Choose payments, refunds, adjustments, or all of them."
        raise InvalidRequest(message, field="kind")
    before = place_in(after, date, UUID) or _LAST
    rows = _sql.rows(
        "payments",
        since=since or date.min,
        until=until or date.max,
        kinds=[kind] if kind else list(KINDS),
        before_day=before[0],
        before_id=before[1],
        most=checked(limit) + 1,
        **person.scope,
    )
    return page_of([PaymentRow(**row) for row in rows], limit, lambda row: (row.booked_on, row.id))


def find_entry(person: Person, account: int, entry: UUID, *, now: datetime) -> EntryDetail:
    """What an entry is made of. Raises Forbidden, NotFound."""
    person.require("payment.view")
    find_account(person, account, now=now)
    found = _sql.rows("entry", account=account, entry=entry)
    if not found:
        message = "The account has no such entry; look it up in its statement."
        raise NotFound(message, field="entry")
    return EntryDetail(**found[0])

"""Reports of use for a given person: what was counted on which day, and the events behind every number."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from abono.base.paging import Page, checked, page_of
from abono.base.paging import after as place_in
from abono.base.plans import planned_without
from abono.base.refusal import InvalidRequest
from abono.base.sql import statements
from abono.features.subscriptions.access import find_subscription
from abono.features.usage.queries import events_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from decimal import Decimal

    from abono.features.access.people import Person
    from abono.features.usage.queries import EventRow

_sql = statements("abono.features.usage", "reports")
RIGHT = "usage.view"
LONGEST = timedelta(days=366)
USUAL = timedelta(days=31)
_FIRST = (0, 0, UUID(int=0), 0, date(1, 1, 1))
_AFTER = ("after_operator", "after_account", "after_subscription", "after_service", "after_day")
_BIGINT = 2**63


@dataclass(frozen=True)
class UsedDay:
    """What a subscription used of a service on a civil day of its seller, by the time of the events.

    ``quantity`` is the sum of ``events`` events (of seats: by how many more there were at the day's end), ``place`` the
    subscription's unit. Events whose months were dropped are in no report.
    """

    account_id: int
    number: str
    name: str
    operator_id: int
    subscription_id: UUID
    place: str
    plan: str
    service: str
    unit: str
    seats: bool
    day: date
    events: int
    quantity: Decimal
    service_id: int


@dataclass(frozen=True)
class Wanted:
    """Which days (half-open), and of what; empty and None do not narrow."""

    since: date
    until: date
    account: int | None = None
    subscription: UUID | None = None
    service: str = ""
    operator: int | None = None


def used_days(person: Person, wanted: Wanted, *, after: str | None = None, limit: int = 50) -> Page[UsedDay]:
    """What was used of whatever the person may see, by operator, account, subscription, service and day.

    Raises Forbidden, NotFound, InvalidRequest.
    """
    person.require(RIGHT)
    if wanted.operator is not None:
        person.require_operator(wanted.operator)
    if not wanted.since < wanted.until <= wanted.since + LONGEST:
        message = f"Ask for 1 to {LONGEST.days} days, the first one first."
        raise InvalidRequest(message, field="until", code="out_of_range")
    place = place_in(after, int, int, UUID, int, date) or _FIRST
    accounts = _accounts(person)
    least, most = _bounds(accounts, wanted)
    with planned_without("seqscan", "sort"):  # counters in their order, and no more of them than a page needs
        rows = _sql.rows(
            "use_by_day",
            operators=list(person.operators) if wanted.operator is None else [wanted.operator],
            accounts=accounts,
            least=least,
            most=most,
            subscription=wanted.subscription,
            service=wanted.service,
            since=wanted.since,
            until=wanted.until,
            **dict(zip(_AFTER, place, strict=True)),
            rows=checked(limit) + 1,
        )
    found = [UsedDay(**row) for row in rows]
    return page_of(
        found, limit, lambda row: (row.operator_id, row.account_id, row.subscription_id, row.service_id, row.day)
    )


def _accounts(person: Person) -> list[int] | None:
    """The only accounts that a person may see; None where all of the operators are."""
    scope = person.scope
    if scope["manager"] is None and scope["agent"] is None:
        return scope["accounts"]  # type: ignore[no-any-return]  # a list of numbers, or None
    return list(_sql.row("own", manager=scope["manager"], agent=scope["agent"])["accounts"])


def _bounds(accounts: Sequence[int] | None, wanted: Wanted) -> tuple[int, int]:
    """The least and the most account that can be in a report."""
    if wanted.account is not None:
        account = wanted.account if 0 < wanted.account < _BIGINT else 0
        return account, account
    return (0, _BIGINT - 1) if accounts is None else (min(accounts, default=0), max(accounts, default=0))


def find_events(  # noqa: PLR0913 -- what a list can be narrowed by
    person: Person,
    account: int,
    subscription: UUID,
    *,
    service: str = "",
    turn: int | None = None,
    day: date | None = None,
    after: str | None = None,
    limit: int = 50,
) -> Page[EventRow]:
    """The events of a subscription that the person may see, the latest first.

    Of one service, quota period (``turn``) or civil day if given. Raises Forbidden, NotFound, InvalidRequest.
    """
    find_subscription(person, account, subscription, right=RIGHT)
    return events_of(account, subscription, service=service, turn=turn, day=day, after=after, limit=limit)

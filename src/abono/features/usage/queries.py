"""Questions about use: what is left of a quota, what was used before, and the events behind every number."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from uuid import UUID

from abono.base.paging import Page, checked, page_of
from abono.base.paging import after as place_in
from abono.base.sql import statements
from abono.kernel.money import MINOR_DIGITS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_sql = statements("abono.features.usage", "quotas")
_LAST = UUID(int=2**128 - 1)
_EVER = {"since": datetime.min.replace(tzinfo=UTC), "until": datetime.max.replace(tzinfo=UTC)}
_LAST_EVENT = (_EVER["until"], _LAST)


@dataclass(frozen=True)
class Quota:
    """A service of a subscription in its running quota period, half-open days; ``today`` is the seller's civil day.

    ``used`` (seats: taken now), ``included``, ``held`` (reserved), ``over`` and ``remaining`` in the service's unit;
    ``packs`` as they will be billed. ``billed`` is the quantity that would be rated if the period ended now; of seats
    ``measured_by`` says whether that is the most so far (peak), those that are taken (end), or the average (time).
    ``place`` is the subscription's unit, ``hard`` that nothing beyond is allowed.
    """

    account_id: int
    subscription_id: UUID
    operator_id: int
    state: str
    plan: str
    place: str
    service: str
    kind: str
    unit: str
    currency: str
    hard: bool
    on_use: bool
    by_day: bool
    measured_by: str | None
    starts_on: date
    ends_on: date | None
    today: date
    used: Decimal
    included: Decimal
    held: Decimal
    billed: Decimal
    over: Decimal
    remaining: Decimal
    packs: int

    @property
    def pace(self) -> Decimal | None:
        """How much is used a day, on the average of the days so far, today among them; seats have no pace."""
        days = (self.today - self.starts_on).days + 1
        return None if self.kind == "seats" or days < 1 else self.used / days

    @property
    def runs_out_on(self) -> date | None:
        """The civil day on which the included is used up if it goes on at this pace; None where it lasts."""
        pace = self.pace
        if self.by_day or not self.included or not pace or pace < 0:
            return None
        if not self.remaining:
            return self.today
        day = self.today + timedelta(days=int(min(self.remaining / pace, Decimal(36_500))))
        return day if self.ends_on is None or day < self.ends_on else None


@dataclass(frozen=True)
class Entitlement:
    """A service of a subscription's plan, how many of it, and whether it may be had now; ``place`` is its unit."""

    subscription_id: UUID
    place: str
    service: str
    kind: str
    unit: str
    quantity: Decimal
    granted: bool


@dataclass(frozen=True)
class ClosedPeriod:
    """A quota period that is over: half-open days, what it ended with, what was rated, beyond what was included.

    ``paid`` on use and ``amount`` at the end, in minor units.
    """

    id: UUID
    service: str
    unit: str
    turn: int
    starts_on: date
    ends_on: date
    used: Decimal
    billed: Decimal
    included: Decimal
    over: Decimal
    paid: int
    amount: int


@dataclass(frozen=True)
class EventRow:
    """An event that was counted: when it happened, when it was taken, in which quota period (and day) it counted.

    ``quantity`` is what it added to ``service``; ``reported`` and ``reported_as`` (the service, if another one) are
    what was sent, with ``properties``.
    """

    id: UUID
    service: str
    unit: str
    at: datetime
    taken_at: datetime
    quantity: Decimal
    turn: int
    counted_on: date | None
    key: str | None
    reported: Decimal
    reported_as: str | None
    properties: Mapping[str, str] | None


def event_of(row: dict[str, Any]) -> EventRow:
    """An event as it was read."""
    kept = row.pop("properties")
    return EventRow(properties=json.loads(kept) if isinstance(kept, str) else kept, **row)


def quotas_of(accounts: Sequence[int], now: datetime, subscription: UUID | None = None) -> list[Quota]:
    """The quotas of all subscriptions of accounts that an access door found, or of one, by account and age."""
    rows = _sql.rows(
        "quotas",
        accounts=list(accounts),
        subscription=subscription,
        now=now,
        currencies=list(MINOR_DIGITS),
        digits=list(MINOR_DIGITS.values()),
    )
    return [Quota(**row) for row in rows]


def entitlements_of(account: int) -> list[Entitlement]:
    """What the subscriptions of an account (which an access door found) that have not ended entitle to."""
    rows = _sql.rows("entitlements", account=account)
    return [Entitlement(**row) for row in rows]


def closed_periods(
    account: int, subscription: UUID, *, after: str | None = None, limit: int = 50
) -> Page[ClosedPeriod]:
    """The quota periods of a subscription that are over, the newest first. Raises InvalidRequest."""
    place = place_in(after, UUID)
    rows = _sql.rows(
        "closed",
        account=account,
        subscription=subscription,
        before=place[0] if place else _LAST,
        most=checked(limit) + 1,
    )
    return page_of([ClosedPeriod(**row) for row in rows], limit, lambda row: (row.id,))


def events_of(
    account: int,
    subscription: UUID,
    *,
    service: str = "",
    turn: int | None = None,
    day: date | None = None,
    after: str | None = None,
    limit: int = 50,
) -> Page[EventRow]:
    """The events of a subscription, the latest first. Raises InvalidRequest.

    Of one service, quota period (``turn``) or civil day of the seller if given.
    """
    place = place_in(after, datetime, UUID) or _LAST_EVENT
    between = _sql.row("day", account=account, subscription=subscription, day=day) if day else _EVER
    rows = _sql.rows(
        "events_of_subscription",
        account=account,
        subscription=subscription,
        service=service,
        turn=turn,
        **between,
        before=place[0],
        before_id=place[1],
        most=checked(limit) + 1,
    )
    return page_of([event_of(row) for row in rows], limit, lambda row: (row.at, row.id))

"""The doors' only way to the use of a subscription for a given person."""

from __future__ import annotations

from typing import TYPE_CHECKING

from abono.base.sql import statements
from abono.features.access.people import NotFound
from abono.features.accounts.access import find_account
from abono.features.subscriptions.access import find_subscription
from abono.features.usage.queries import (
    ClosedPeriod,
    Entitlement,
    Quota,
    closed_periods,
    entitlements_of,
    quotas_of,
)

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from abono.base.paging import Page
    from abono.features.access.people import Person

_sql = statements("abono.features.usage", "quotas")
_RIGHT = "usage.view"


def find_quotas(person: Person, account: int, subscription: UUID, *, now: datetime) -> list[Quota]:
    """The quotas of a subscription that a person may see. Raises Forbidden, NotFound."""
    find_subscription(person, account, subscription, right=_RIGHT)
    return quotas_of([account], now, subscription)


def find_entitlements(person: Person, account: int, *, now: datetime) -> list[Entitlement]:
    """What the subscriptions of an account that a person may see entitle to. Raises Forbidden, NotFound."""
    find_account(person, account, now=now, right="subscription.view")
    return entitlements_of(account)


def require_reservation(person: Person, account: int, reservation: UUID, *, now: datetime, right: str) -> None:
    """Raise Forbidden, or NotFound where an account that a person may see never had this reservation."""
    find_account(person, account, now=now, right=right)
    if not _sql.rows("reservation", account=account, reservation=reservation):
        message = "There is no such reservation; make a new one."
        raise NotFound(message, field="reservation")


def find_closed(
    person: Person, account: int, subscription: UUID, *, after: str | None = None, limit: int = 50
) -> Page[ClosedPeriod]:
    """The quota periods that are over of a subscription that a person may see.

    Raises Forbidden, NotFound, InvalidRequest.
    """
    find_subscription(person, account, subscription, right=_RIGHT)
    return closed_periods(account, subscription, after=after, limit=limit)

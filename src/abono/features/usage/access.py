"""The doors' only way to the use of a subscription for a given person."""

from __future__ import annotations

from typing import TYPE_CHECKING

from abono.features.subscriptions.access import find_subscription
from abono.features.usage.queries import Entitlement, Quota, entitlements_of, quotas_of

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from abono.features.access.people import Person


def find_quotas(person: Person, account: int, subscription: UUID, *, now: datetime) -> list[Quota]:
    """The quotas of a subscription that a person may see. Raises Forbidden, NotFound."""
    find_subscription(person, account, subscription)
    return quotas_of([account], now, subscription)


def find_entitlements(person: Person, account: int, subscription: UUID) -> list[Entitlement]:
    """What a subscription that a person may see entitles to. Raises Forbidden, NotFound."""
    find_subscription(person, account, subscription)
    return entitlements_of(account, subscription)

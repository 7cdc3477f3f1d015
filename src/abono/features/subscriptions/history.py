"""Questions about how one subscription came to where it stands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from abono.base.sql import statements
from abono.features.subscriptions.access import find_subscription
from abono.features.subscriptions.states import names

if TYPE_CHECKING:
    from datetime import date, datetime
    from uuid import UUID

    from abono.features.access.people import Person
    from abono.features.subscriptions.queries import SubscriptionRow

_sql = statements("abono.features.subscriptions", "history")
_MOST = 50


@dataclass(frozen=True)
class TransitionRow:
    """A change of state or reasons; ``missing`` is what the account lacked, in minor units, where money was missing."""

    at: datetime
    cause: str
    state_from: str
    state_to: str
    reasons_from: tuple[str, ...]
    reasons_to: tuple[str, ...]
    missing: int


def transitions(account: int, subscription: UUID, most: int = _MOST) -> list[TransitionRow]:
    """The latest changes of a subscription that an access door found, the newest first."""
    return [
        TransitionRow(
            **{
                **row,
                "reasons_from": tuple(names(row["reasons_from"])),
                "reasons_to": tuple(names(row["reasons_to"])),
            }
        )
        for row in _sql.rows("transitions", account=account, subscription=subscription, most=most)
    ]


def stopped_since(account: int) -> dict[UUID, date]:
    """Since which civil day each suspended subscription of an account is stopped."""
    return {row["id"]: row["day"] for row in _sql.rows("stopped_since", account=account)}


def find_by_id(person: Person, subscription: UUID) -> SubscriptionRow | None:
    """The subscription with an id, of whatever account, if the person may see it. Raises Forbidden."""
    found = _sql.rows("account_of", operators=list(person.operators), subscription=subscription)
    return find_subscription(person, found[0]["account_id"], subscription) if found else None

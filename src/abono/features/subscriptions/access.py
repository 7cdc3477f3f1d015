"""The doors' only way to a subscription for a given person."""

from __future__ import annotations

from typing import TYPE_CHECKING

from abono.base.sql import statements
from abono.features.access.people import NotFound
from abono.features.subscriptions.queries import SubscriptionRow

if TYPE_CHECKING:
    from uuid import UUID

    from abono.features.access.people import Person

_sql = statements("abono.features.subscriptions", "lists")
_BIGINT = 2**63


def find_subscription(
    person: Person, account_id: int, subscription_id: UUID, *, right: str = "subscription.view"
) -> SubscriptionRow:
    """A subscription of an account that the person may see, for what ``right`` allows. Raises Forbidden, NotFound."""
    person.require(right)
    account = account_id if 0 < account_id < _BIGINT else 0
    found = _sql.rows("one", account=account, subscription=subscription_id, **person.scope)
    if not found:
        message = "There is no such subscription; look it up on the account's page."
        raise NotFound(message, field="subscription")
    return SubscriptionRow.of(found[0])

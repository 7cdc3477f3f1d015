"""What operators' programs can be told of."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection

NEEDED = {
    "account.opened": "account.view",
    "account.changed": "account.view",
    "payment.received": "payment.view",
    "entry.posted": "payment.view",
    "charge.made": "payment.view",
    "subscription.ordered": "subscription.view",
    "subscription.started": "subscription.view",
    "subscription.suspended": "subscription.view",
    "subscription.resumed": "subscription.view",
    "subscription.changed": "subscription.view",
    "subscription.ended": "subscription.view",
    "run.finished": "run.view",
    "run.failed": "run.view",
}
"""Types of events, and the right to see what each tells."""
TYPES = tuple(NEEDED)
"""Types of events. ``payment.received`` and ``charge.made`` are entries with a name of their own; all others that move
a balance (refunds, fees, reversals, adjustments) are ``entry.posted``."""
TEST = "webhook.test"
"""What is told when somebody tries an endpoint out; no endpoint chooses it, each can be sent it."""


def rights_to_hear(types: Collection[str]) -> frozenset[str]:
    """What whoever names an endpoint for these types (none: all) has to have the right to."""
    return frozenset({"webhook.change", *(NEEDED[each] for each in types or TYPES)})

"""What operators' programs can be told of."""

from __future__ import annotations

TYPES = (
    "account.opened",
    "account.changed",
    "payment.received",
    "entry.posted",
    "charge.made",
    "subscription.ordered",
    "subscription.started",
    "subscription.suspended",
    "subscription.resumed",
    "subscription.changed",
    "subscription.ended",
    "run.finished",
    "run.failed",
)
"""Types of events. ``payment.received`` and ``charge.made`` are entries with a name of their own; all others that move
a balance (refunds, fees, reversals, adjustments) are ``entry.posted``."""
TEST = "webhook.test"
"""What is told when somebody tries an endpoint out; no endpoint chooses it, each can be sent it."""

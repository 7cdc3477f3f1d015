"""Use that is told after the end: what ran until then is owed by the account (semantics.md §4)."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING

from abono.base.sql import statements
from abono.features.billing.counter import counter
from abono.features.billing.overage import book
from abono.features.usage.operations import COUNTED, count
from abono.kernel.money import minor_digits

if TYPE_CHECKING:
    from datetime import datetime

    from abono.features.usage.events import Use

_sql = statements("abono.features.billing", "late")

LATE = timedelta(days=1)
"""So long after it happened the use of a subscription that has ended is still taken."""
ENDED = "subscription_ended"


def count_late(each: Use, *, now: datetime, tolerance: timedelta) -> str:
    """Count an event of a subscription that has ended in the period that the end closed; answers the outcome.

    What it costs more by it is charged, as overage that is owed, whatever the account has.
    """
    if each.at is None:
        return ENDED
    place = {"account": each.account, "subscription": each.subscription, "service": each.service, "at": each.at}
    with counter(each.account, now) as desk:
        (outcome,) = count([each], now=desk.now, tolerance=tolerance)
        if outcome != ENDED:  # told by somebody else while we waited
            return outcome
        told = _sql.rows(
            "late_use_cost",
            quantity=each.quantity,
            since=desk.now - LATE,
            tolerance=tolerance,
            digits=minor_digits(desk.operator.currency),
            **place,
        )
        if not told:
            return ENDED
        row = told[0]
        if row.pop("exceeds"):
            return "quota_exceeded"
        terms = {name: row[name] for name in ("service_id", "starts_on", "ends_on", "amount")}
        properties = json.dumps(dict(each.properties)) if each.properties else None
        _sql.run(
            "keep_late_use",
            quantity=each.quantity,
            key=each.key,
            properties=properties,
            now=desk.now,
            operator=desk.operator.id,
            **place,
            **terms,
            **{name: row[name] for name in ("turn", "counted_on", "included", "over", "net")},
        )
        if row["amount"]:
            book(desk, each.subscription, row)
    return COUNTED

"""What becomes of the use and the seats that were counted when a subscription gets another plan (semantics.md §4)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from abono.features.billing import engine
from abono.features.billing.using import due_on_use
from abono.features.subscriptions import operations as subscriptions

if TYPE_CHECKING:
    from decimal import Decimal

    from abono.features.billing.counter import Desk
    from abono.features.catalogue.queries import Plan
    from abono.features.subscriptions.operations import Subscription


def count_under(
    desk: Desk, found: Subscription, old: Plan, new: Plan, quantity: Decimal, *, anew: bool, runs: bool
) -> list[dict[str, Any]]:
    """Put another plan or quantity in force; the counts go on, or begin ``anew`` with a period.

    ``runs``: whether the period goes on running.
    Answers what the seats that are carried into the period ask of it, to be paid with its price.
    """
    if old.counts and anew:
        engine.close_usage(desk.scope, desk.now, desk.now, found.id)
    subscriptions.replace_plan(found, new.id, quantity, runs=runs)
    if old.counts and not anew and not new.counts:
        # What goes on is rated by the plan in force at its end, which counts nothing.
        engine.close_usage(desk.scope, desk.now, desk.now, found.id)
    return due_on_use(desk, found.id, None) if new.counts and anew else []

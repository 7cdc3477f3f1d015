"""What becomes of the use and the seats that were counted when a subscription gets another plan (semantics.md §4)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from abono.base.refusal import Refusal
from abono.base.sql import statements
from abono.features.billing import engine
from abono.features.billing.overage import due_on_use
from abono.features.subscriptions import operations as subscriptions

if TYPE_CHECKING:
    from decimal import Decimal

    from abono.features.billing.counter import Desk
    from abono.features.catalogue.queries import Plan
    from abono.features.subscriptions.operations import Subscription


_sql = statements("abono.features.billing", "overage")


class MoreThanAllowed(Refusal):
    """More is taken or used than the hard limit of the plan that was asked for."""

    code = "quota_exceeded"


def count_under(
    desk: Desk, found: Subscription, old: Plan, new: Plan, quantity: Decimal, *, anew: bool, runs: bool
) -> list[dict[str, Any]]:
    """Put another plan or quantity in force; the counts go on, or begin ``anew`` with a period.

    ``runs``: whether the period goes on running. Answers what the seats that are carried into the period ask of it, to
    be paid with its price. Raises MoreThanAllowed.
    """
    if old.counts and anew:
        engine.close_usage(desk.scope, desk.now, desk.now, found.id)
    subscriptions.replace_plan(found, new.id, quantity, runs=runs)
    if old.counts and not anew and not new.counts:
        # What goes on is rated by the plan in force at its end, which counts nothing.
        engine.close_usage(desk.scope, desk.now, desk.now, found.id)
    if not new.counts:
        return []
    if old.counts:
        engine.count_by_day(desk.scope, desk.now)
    _require_room(found)
    return due_on_use(desk, found.id, None) if anew else []


def _require_room(found: Subscription) -> None:
    over = _sql.rows("over_limit", account=found.account_id, subscription=found.id)
    if over:
        used, included = (f"{over[0][name].normalize():f}" for name in ("used", "included"))
        message = f"Of {over[0]['service']}, {used} is taken and the plan allows {included}; give some back first."
        raise MoreThanAllowed(message, field="plan")

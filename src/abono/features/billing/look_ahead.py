"""Looking ahead: who will not be able to pay the next boundary, and early blocks that money lifts again."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from abono.base.sql import statements
from abono.features.billing.engine import Scope, Totals, decide, lift, turn_clock
from abono.features.billing.shadow import shadow
from abono.features.ledger import operations as ledger
from abono.features.subscriptions.states import Reason

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date, datetime
    from uuid import UUID

_instant = statements("abono.features.billing", "instant")
_shadow = statements("abono.features.billing", "shadow")
_early = statements("abono.features.billing", "early")

_MOST_TRIES = 100


def look(scope: Scope, instant: datetime, now: datetime, seen: Sequence[Mapping[str, Any]]) -> Totals:
    """Warn those who will fail at their boundary, block them where the plan does so early, tell the others the date.

    ``seen``: rows of the statement ``looking``. The forecast is the engine's own, played to the last boundary.
    """
    ending = [row for row in seen if row["ends"] and not row["cancels"]]
    deciding = [row for row in seen if not row["ends"] and not row["cancels"]]
    _tell("ends_soon", scope, instant, now, ending)
    if not deciding:
        return Counter()
    failing = _failing(scope, now, deciding)
    short = [row for row in deciding if row["id"] in failing]
    _tell("will_be_suspended", scope, instant, now, short)
    _tell("charge_due", scope, instant, now, [row for row in deciding if row["id"] not in failing])
    blocked = _instant.row("block_early", **scope.common(instant, now), **_named(short))["blocked"] if short else 0
    return Counter(warned=len(short), blocked_early=blocked)


def review_early_blocks(scope: Scope, now: datetime) -> Totals:
    """Lift the early blocks of one account whose boundary can be paid now. Money has just arrived."""
    blocked = _early.rows("blocked", account=scope.first)
    if not blocked:
        return Counter()
    failing = _failing(scope, now, blocked)
    totals: Totals = Counter()
    for row in blocked:
        if row["id"] not in failing:
            totals += lift(scope, now, now, bit=int(Reason.FUNDS), cause="early_block_lifted", subscription=row["id"])
    return totals


def early_unlock(scope: Scope, now: datetime, subscription: UUID) -> int:
    """The smallest payment with which an early-blocked subscription passes its boundary, in minor units.

    What is missing is added until nothing is. No smaller payment passes: what a row of whole payments leaves over
    grows at most as fast as the money itself.
    """
    (row,) = [row for row in _early.rows("blocked", account=scope.first) if row["id"] == subscription]
    payment = 0
    for _try in range(_MOST_TRIES):
        missing = _failing(scope, now, [row], payment).get(subscription, 0)
        if missing == 0:
            return payment
        payment += missing
    return payment


def _failing(
    scope: Scope, now: datetime, subscriptions: Sequence[Mapping[str, Any]], payment: int = 0
) -> dict[UUID, int]:
    """Which of the subscriptions fail by their boundary, and what they lack; after a payment to the only account."""
    boundaries: dict[UUID, date] = {row["id"]: row["boundary_on"] for row in subscriptions}
    accounts = sorted({row["account_id"] for row in subscriptions})
    with shadow(scope.operator, accounts, now) as copies:
        if payment:
            _shadow.run("endow", account=copies.first, amount=payment)
            ledger.repay_grants(copies.first, payment, now)
            decide(copies, now, now, boundaries=False, returns=True)
        turn_clock(copies, max(row["boundary_at"] for row in subscriptions), look=None)
        failed = _shadow.rows("failed", first=copies.first, last=copies.last)
    return {
        row["subscription_id"]: row["missing"]
        for row in failed
        if row["subscription_id"] in boundaries and row["day"] <= boundaries[row["subscription_id"]]
    }


def _tell(kind: str, scope: Scope, instant: datetime, now: datetime, rows: Sequence[Mapping[str, Any]]) -> None:
    if rows:
        again = [row["id"] for row in rows if row["again"]]
        _instant.run("tell", kind=kind, again=again, **scope.common(instant, now), **_named(rows))


def _named(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    return {"accounts": [row["account_id"] for row in rows], "subscriptions": [row["id"] for row in rows]}

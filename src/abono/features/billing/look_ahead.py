"""Looking ahead: who will not be able to pay the next boundary, and early blocks that money lifts again."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from abono.base.sql import statements
from abono.features.billing.engine import Scope, Totals, catch_up, decide, lift, turn_clock
from abono.features.billing.shadow import shadow
from abono.features.ledger import operations as ledger
from abono.features.subscriptions.states import Reason

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date, datetime
    from uuid import UUID

_instant = statements("abono.features.billing", "instant")
_shadow = statements("abono.features.billing", "shadow")
_quotes = statements("abono.features.billing", "quotes")
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
    before = _blocked([row["account_id"] for row in deciding])
    failing = _failing(scope, now, deciding, unblocked=[row["id"] for row in before if row["alone"]])
    short = [row for row in deciding if row["id"] in failing]
    _tell("will_be_suspended", scope, instant, now, short)
    _tell("charge_due", scope, instant, now, [row for row in deciding if row["id"] not in failing])
    blocked = _instant.row("block_early", **scope.common(instant, now), **_named(short))["blocked"] if short else 0
    return Counter(warned=len(short), blocked_early=blocked)


def bring_back(scope: Scope, now: datetime) -> Totals:
    """What one account can pay has grown: try the returns that wait for money, then lift what early blocks it can."""
    return return_all(scope, now) + review_early_blocks(scope, now)


def return_all(scope: Scope, now: datetime) -> Totals:
    """Try the returns that wait for money, by priority, then age."""
    returned = decide(scope, now, now, boundaries=False, returns=True)
    return Counter({name: returned[name] for name in ("charged", "amount", "returned")})


def review_early_blocks(scope: Scope, now: datetime) -> Totals:
    """Lift the early blocks of one account whose boundary would be paid now if nobody were blocked.

    So are those that a change left without their reason. Another reason stays; a day of a daily plan that runs again
    is paid.
    """
    blocked = _blocked([scope.first])
    failing = _failing_unblocked(scope, now, blocked)
    lifted = [row["id"] for row in blocked if row["id"] not in failing or not row["stands"]]
    totals: Totals = Counter()
    for each in lifted:
        totals += lift(scope, now, now, bit=int(Reason.FUNDS), cause="early_block_lifted", subscription=each)
    return totals + return_all(scope, now) if lifted else totals


def early_unlock(scope: Scope, now: datetime, subscription: UUID) -> int:
    """The smallest payment with which an early-blocked subscription passes its boundary, in minor units.

    What is missing is added until nothing is. No smaller payment passes: what a row of whole payments leaves over
    grows at most as fast as the money itself.
    """
    blocked = _blocked([scope.first])
    (row,) = [row for row in blocked if row["id"] == subscription]
    payment = 0
    for _try in range(_MOST_TRIES):
        failing = _failing(scope, now, [row], payment=payment, unblocked=_unblocked_for(row, blocked))
        missing = failing.get(subscription, 0)
        if missing == 0:
            return payment
        payment += missing
    return payment


def _blocked(accounts: Sequence[int]) -> list[dict[str, Any]]:
    return _early.rows("blocked", accounts=list(accounts))


def _failing_unblocked(scope: Scope, now: datetime, blocked: Sequence[Mapping[str, Any]]) -> set[UUID]:
    """Which early-blocked subscriptions would fail if none were blocked, and no other reason stopped them."""
    failing: set[UUID] = set()
    alone = [row for row in blocked if row["alone"]]
    for asked in [alone, *([row] for row in blocked if not row["alone"])]:
        if asked:
            failing |= _failing(scope, now, asked, unblocked=_unblocked_for(asked[0], blocked)).keys()
    return failing


def _unblocked_for(row: Mapping[str, Any], blocked: Sequence[Mapping[str, Any]]) -> list[UUID]:
    return [each["id"] for each in blocked if each["alone"] or each["id"] == row["id"]]


def _failing(
    scope: Scope,
    now: datetime,
    subscriptions: Sequence[Mapping[str, Any]],
    *,
    payment: int = 0,
    unblocked: Sequence[UUID] = (),
) -> dict[UUID, int]:
    """Which of the subscriptions fail by their boundary, and what they lack.

    Of one account also after a payment, and as if some subscriptions were ``unblocked`` at this moment.
    """
    boundaries: dict[UUID, date] = {row["id"]: row["boundary_on"] for row in subscriptions}
    accounts = sorted({row["account_id"] for row in subscriptions})
    with shadow(scope.operator, accounts, now) as copies:
        if payment:
            _shadow.run("endow", account=copies.first, amount=payment)
            ledger.repay_grants(copies.first, payment, now)
        if unblocked:
            _unblock(copies, now, unblocked)
        turn_clock(copies, max(row["boundary_at"] for row in subscriptions), look=None)
        failed = _shadow.rows("failed", first=copies.first, last=copies.last)
    return {
        row["subscription_id"]: row["missing"]
        for row in failed
        if row["subscription_id"] in boundaries and row["day"] <= boundaries[row["subscription_id"]]
    }


def assume_money(copies: Scope, accounts: Sequence[int], now: datetime) -> None:
    """In a shadow that is played leniently: nobody is blocked early, and who waits for money goes on waiting."""
    _quotes.run("wait_on")
    blocked = [row["id"] for row in _blocked(accounts) if row["alone"]]
    if blocked:
        _unblock(copies, now, blocked, lenient=True)
        _shadow.run("begin_afresh")


def _unblock(copies: Scope, now: datetime, subscriptions: Sequence[UUID], *, lenient: bool = False) -> None:
    """What was missed is done; then all their reasons end together, and the slice of a day that has begun is due."""
    catch_up(copies, now, look=None, lenient=lenient)
    today = copies.operator.day(now)
    _early.run("pose", first=copies.first, last=copies.last, today=today, subscriptions=list(subscriptions))
    lift(copies, now, now, bit=int(Reason.CUSTOMER), cause="pause_over", midnight=True)
    decide(copies, now, now, boundaries=True, returns=True, lenient=lenient)


def _tell(kind: str, scope: Scope, instant: datetime, now: datetime, rows: Sequence[Mapping[str, Any]]) -> None:
    if rows:
        again = [row["id"] for row in rows if row["again"]]
        _instant.run("tell", kind=kind, again=again, **scope.common(instant, now), **_named(rows))


def _named(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    return {"accounts": [row["account_id"] for row in rows], "subscriptions": [row["id"] for row in rows]}

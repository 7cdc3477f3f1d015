"""Pauses of the subscriber and blocks of the staff: reasons that stack and lift on their own (semantics.md §2-3).

What they stop or let go depends on what runs: the account is brought up to date first. Otherwise a boundary that was
missed before a block would be taken for one that came while it was on, and the other way round.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

from abono.base.refusal import InvalidRequest, Refusal
from abono.base.trail import record
from abono.features.billing import engine
from abono.features.billing.counter import Desk, counter
from abono.features.billing.look_ahead import bring_back
from abono.features.catalogue.queries import Plan, plan_by_id
from abono.features.ledger import operations as ledger
from abono.features.notices.operations import tell_account
from abono.features.subscriptions import operations as subscriptions
from abono.features.subscriptions.states import Reason

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from abono.features.subscriptions.operations import Subscription


class PauseNotAllowed(Refusal):
    """The plan does not allow this pause."""

    code = "pause_not_allowed"


class NotPaused(Refusal):
    """There is no pause to end."""

    code = "not_paused"


def pause(
    account: int, subscription: UUID, *, now: datetime, until: date | None = None, key: str | None = None
) -> None:
    """The subscriber stops a subscription for a while, until it is resumed or until the midnight of a day.

    Raises UnknownSubscription, SubscriptionEnded, PauseNotAllowed, InsufficientFunds (the plan's fee).
    """
    with counter(account, now, up_to_date=True) as desk:
        if desk.repeats(key, "pause", subscription=subscription, until=until):
            return
        found = subscriptions.find_live(account, subscription)
        plan = plan_by_id(found.plan_id)
        ends = _pause_end(desk, found, plan, until)
        if plan.pause_fee:
            ledger.require(account, plan.pause_fee, desk.now)
            desk.post(-plan.pause_fee, kind="fee", counter="fees", text="pause")
        frozen = _frozen_days(desk, found, plan)
        # Frozen days move the boundary away that an early block was for.
        stays = found.reasons & ~Reason.FUNDS if found.early and frozen is not None else found.reasons
        _suspend(desk, found, stays | Reason.CUSTOMER, "paused")
        subscriptions.start_pause(found, day=desk.today, until=ends, frozen_days=frozen)
        _record(desk, "subscription.pause", subscription, {"until": ends})


def resume(account: int, subscription: UUID, *, now: datetime, key: str | None = None) -> None:
    """The subscriber ends a pause; what was frozen runs again, or the return is tried.

    Raises UnknownSubscription, SubscriptionEnded, NotPaused, PauseNotAllowed (the plan's least length).
    """
    with counter(account, now, up_to_date=True) as desk:
        if desk.repeats(key, "resume", subscription=subscription):
            return
        found = subscriptions.find_live(account, subscription)
        if not found.reasons & Reason.CUSTOMER or found.paused_on is None:
            message = "The subscription is not paused; there is nothing to resume."
            raise NotPaused(message, field="subscription")
        plan = plan_by_id(found.plan_id)
        earliest = found.paused_on + timedelta(days=plan.pause_min_days)
        if desk.today < earliest:
            message = (
                f"A pause of this plan lasts at least {plan.pause_min_days} days; resume it on {earliest} or later."
            )
            raise PauseNotAllowed(message, field="subscription")
        _lift(desk, Reason.CUSTOMER, "resumed_by_customer", subscription)
        _record(desk, "subscription.resume", subscription, {})


def pause_days_left(account: int, subscription: UUID, today: date) -> int | None:
    """How many days of pause the plan leaves this calendar year; None where it sets no limit.

    Raises UnknownSubscription.
    """
    found = subscriptions.find(account, subscription)
    allowed = plan_by_id(found.plan_id).pause_days_per_year
    return None if allowed is None else max(allowed - _paused_days(found, today), 0)


def block(account: int, *, now: datetime, subscription: UUID | None = None) -> None:
    """The staff stops one subscription of an account, or all it has. Repeating it changes nothing.

    Raises UnknownAccount, UnknownSubscription, SubscriptionEnded.
    """
    with counter(account, now, up_to_date=True) as desk:
        for each in [subscription] if subscription else subscriptions.live_of_account(account):
            found = subscriptions.find_live(account, each)
            if not found.reasons & Reason.STAFF:
                _suspend(desk, found, found.reasons | Reason.STAFF, "blocked_by_staff")
        _record(desk, "account.block", subscription or account, {})


def unblock(account: int, *, now: datetime, subscription: UUID | None = None) -> None:
    """The staff lifts its block of one subscription, or of all; returns are tried by priority, then age."""
    with counter(account, now, up_to_date=True) as desk:
        if subscription:
            subscriptions.find_live(account, subscription)
        _lift(desk, Reason.STAFF, "unblocked_by_staff", subscription)
        _record(desk, "account.unblock", subscription or account, {})


def _lift(desk: Desk, reason: Reason, cause: str, subscription: UUID | None) -> None:
    engine.lift(desk.scope, desk.now, desk.now, bit=int(reason), cause=cause, subscription=subscription)
    bring_back(desk.scope, desk.now)


def _suspend(desk: Desk, found: Subscription, reasons: int, cause: str) -> None:
    subscriptions.move(found, state="suspended", reasons=reasons, cause=cause, operator=desk.operator, now=desk.now)
    if found.state != "suspended":
        tell_account(
            found.account_id, desk.operator.id, "suspended", day=desk.today, now=desk.now, subscription=found.id
        )


def _pause_end(desk: Desk, found: Subscription, plan: Plan, until: date | None) -> date | None:
    """When the pause ends by itself, if the plan allows it at all."""
    if plan.pause == "none":
        raise _not_allowed("This plan cannot be paused.")
    if found.reasons & Reason.CUSTOMER:
        raise _not_allowed("The subscription is paused already; resume it first.")
    if found.state == "pending":
        raise _not_allowed("The subscription has not begun; cancel it or wait.")
    if until is not None and until <= desk.today:
        message = f"Let the pause end after today, {desk.today}."
        raise InvalidRequest(message, field="until", code="out_of_range")
    if until is not None and (until - desk.today).days < plan.pause_min_days:
        raise _not_allowed(f"A pause of this plan lasts at least {plan.pause_min_days} days.")
    if plan.pause_days_per_year is None:
        return until
    left = plan.pause_days_per_year - _paused_days(found, desk.today)
    if left < max(plan.pause_min_days, 1):
        raise _not_allowed(f"The {plan.pause_days_per_year} days of pause of this year are used up.")
    if until is not None and (until - desk.today).days > left:
        raise _not_allowed(f"Only {left} days of pause are left this year.")
    return until or desk.today + timedelta(days=left)


def _paused_days(found: Subscription, today: date) -> int:
    """Days of this calendar year that earlier pauses took."""
    new_year = date(today.year, 1, 1)
    return sum(max((ended - max(began, new_year)).days, 0) for began, ended in subscriptions.pauses(found, today))


def _frozen_days(desk: Desk, found: Subscription, plan: Plan) -> int | None:
    """The paid days that a pause keeps, today among them; none where nothing paid in advance runs.

    Those that an earlier pause keeps, because something else still blocks, are kept on.
    """
    if found.frozen_days is not None:
        return found.frozen_days
    if plan.pause != "freeze" or plan.charge != "advance" or not found.runs or found.period_ends_on is None:
        return None
    left = (found.period_ends_on - max(desk.today, found.kept_until or desk.today)).days
    return left if left > 0 else None


def _not_allowed(sentence: str) -> PauseNotAllowed:
    return PauseNotAllowed(sentence, field="subscription")


def _record(desk: Desk, action: str, subject: object, after: dict[str, object]) -> None:
    record(action, str(subject), operator=desk.operator.id, account=desk.account.account_id, at=desk.now, after=after)

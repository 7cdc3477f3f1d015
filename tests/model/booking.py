"""What is written when something happens to a subscription: charges, stops, returns, ends."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.model.counting import begin, overage, pay_carried, warn_of_early_use
from tests.model.days import later

if TYPE_CHECKING:
    from datetime import date, datetime

    from tests.model.account import Account
    from tests.model.subscription import Offer, Subscription


def suspend(account: Account, sub: Subscription, reason: str, at: datetime, told: date) -> None:
    """One more reason."""
    if not sub.reasons:
        sub.stops.append((at, None))
        account.tell("suspended", told)
    sub.reasons.add(reason)


def free(account: Account, sub: Subscription, at: datetime, told: date) -> None:
    """No reason any more."""
    if sub.reasons:
        since, until = sub.stops[-1]
        assert until is None
        sub.stops[-1] = (since, at)
        account.tell("resumed", told)
    sub.reasons, sub.early = set(), False


def end(account: Account, sub: Subscription, told: date) -> None:
    """It is over."""
    sub.ended, sub.reasons, sub.early, sub.runs = True, set(), False, False
    sub.waiting, sub.paused_until, sub.cancels, sub.counts = None, None, False, {}
    account.tell("ended", told)


def take(account: Account, sub: Subscription, offer: Offer, at: datetime, told: date) -> None:
    """A decision passed: it is charged, and its period begins or goes on."""
    for row in sub.charges:
        row.refundable = False
    begins, returns = offer.begins, not sub.runs
    account.charge(sub, "charge", begins, offer.covers, offer.amount, begins, refundable=True)
    account.charge(sub, "fee", begins, offer.covers, offer.fee, begins)
    if not offer.is_slice:
        if returns:  # what runs was closed
            begin(sub)
        sub.is_short_first = offer.is_short_first
        sub.paid = offer.amount > 0
        sub.look_from = at
        sub.begins_free, sub.runs_from, sub.is_new = True, begins, False
        sub.starts, sub.counts_from = offer.starts, offer.starts
    for code, amount in offer.packs:
        account.charge(sub, "charge", begins, offer.ends, amount, begins)
        pay_carried(sub, code)
    sub.grid, sub.price = offer.grid, offer.price
    sub.ends, sub.cycle_days = offer.ends, offer.cycle_days
    if sub.plan.daily:
        sub.next_slice = later(begins, 1)
    if not sub.plan.arrears:
        sub.fee_due = False
    sub.opened, sub.runs, sub.frozen = True, True, None
    if not returns and not offer.is_slice:
        warn_of_early_use(account, sub, told)
    free(account, sub, at, told)


def close(account: Account, sub: Subscription, day: date) -> None:
    """What was used in the running period is owed: arrears until a day, then overage."""
    close_days(account, sub, day)
    close_counts(account, sub, day)


def close_days(account: Account, sub: Subscription, day: date) -> None:
    """Arrears until a day, and the setup fee with the first of them."""
    if sub.opened and sub.runs and sub.plan.arrears:
        ends = min(day, sub.ends)
        account.charge(sub, "charge", sub.starts, ends, sub.arrears_until(account.operator.zone, day), ends)
        account.charge(sub, "fee", sub.starts, max(ends, later(sub.starts, 1)), sub.fee(), ends)
        sub.fee_due = False


def close_counts(account: Account, sub: Subscription, day: date) -> None:
    """The overage of a quota period."""
    if not sub.runs:
        return
    for _, amount in overage(sub):
        ends = max(min(sub.ends, day), later(sub.starts, 1))
        account.charge(sub, "charge", sub.starts, ends, amount, min(sub.ends, day))
    begin(sub)

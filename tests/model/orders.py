"""Orders and cancellations."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

from tests.model.account import RefusedError
from tests.model.amounts import prorated
from tests.model.booking import close, end, take
from tests.model.days import anchored, days_between, later
from tests.model.looking import lift_early, money_came, unblock_early
from tests.model.subscription import Subscription

if TYPE_CHECKING:
    from datetime import date, datetime

    from tests.model.account import Account


def subscribe(account: Account, values: dict[str, Any], now: datetime, number: int) -> Subscription:
    """An order: its first decision is made at once, or it is refused and nothing changes."""
    plan = account.plans.get(values["plan"])
    if plan is None:
        raise RefusedError("unknown_plan")
    quantity = Fraction(str(values.get("quantity", 1)))
    content = (plan.code, quantity, values.get("unit", ""))
    key = ("order", str(values.get("key")))
    if values.get("key") is not None and key in account.keys:
        known, first = account.keys[key]
        if known != content:
            raise RefusedError("key_conflict")
        return next(sub for sub in account.subscriptions if sub.number == first)
    today = account.operator.zone.day(now)
    first_day = later(today, plan.trial_days)
    sub = Subscription(number, plan, quantity, now, first_day, anchored(plan.length, plan.anchor, first_day))
    sub.look_from = now
    if not plan.trial_days:
        offer = sub.at_boundary(today)
        if not account.fits(plan, offer.total, now, owner=sub, day=today):
            raise RefusedError("insufficient_funds")
        take(account, sub, offer, now, today)
    account.subscriptions.append(sub)
    if values.get("key") is not None:
        account.keys[key] = (content, number)
    return sub


def cancel(account: Account, sub: Subscription, values: dict[str, Any], now: datetime) -> None:
    """At the period's end, or now; what is given back tries returns."""
    if sub.ended:
        raise RefusedError("subscription_ended")
    today = account.operator.zone.day(now)
    if values.get("when", "period_end") == "period_end" and sub.runs:
        sub.cancels = True
        if sub.early:
            unblock_early(account, sub, now)
        lift_early(account, now)
        return
    before = account.balance
    if values.get("refund", "none") == "prorated" and sub.runs and sub.opened and not sub.plan.arrears:
        give_back(account, sub, today)
    given_back = account.balance > before
    close(account, sub, today)
    end(account, sub, today)
    if given_back:
        money_came(account, now)
    else:
        lift_early(account, now)


def give_back(account: Account, sub: Subscription, today: date) -> None:
    """Of what was charged and not given back, the days that remain."""
    for row in list(sub.charges):
        if not row.refundable:
            continue
        since = max(today, row.starts)
        covers, left = days_between(row.starts, row.ends), days_between(since, row.until)
        if sub.frozen is not None and row.until == sub.ends:
            left = sub.frozen
        left = min(covers, left)
        if left > 0:
            amount = prorated(row.amount, left, covers)
            account.charge(sub, "refund", since, later(since, left), -amount, today)
            row.refundable = False

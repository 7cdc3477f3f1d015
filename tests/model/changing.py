"""Changes of plan and quantity."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from tests.model.account import RefusedError
from tests.model.amounts import half_up, prorated, slice_of
from tests.model.booking import close, free, take
from tests.model.counting import begin, carried, exceeds, pay_carried
from tests.model.days import days_between, from_start, later
from tests.model.looking import lift_early, money_came, unblock_early
from tests.model.midnight import come_back

if TYPE_CHECKING:
    from datetime import date, datetime

    from tests.model.account import Account
    from tests.model.subscription import Subscription
    from tests.model.terms import Plan


@dataclass
class Wish:
    """What is asked for."""

    plan: Plan
    quantity: Fraction


def change(account: Account, sub: Subscription, values: dict[str, Any], now: datetime) -> None:
    """The last wish counts; the present plan takes a waiting change back."""
    if sub.ended:
        raise RefusedError("subscription_ended")
    plan = account.plans.get(values["plan"]) if values.get("plan") is not None else sub.plan
    if plan is None:
        raise RefusedError("unknown_plan")
    quantity = sub.quantity if values.get("quantity") is None else Fraction(str(values["quantity"]))
    if sub.cancels:
        raise RefusedError("subscription_ending")
    wish = Wish(plan, quantity)
    if plan is sub.plan and quantity == sub.quantity:
        sub.waiting = None
        lift_early(account, now)
        return
    today = account.operator.zone.day(now)
    overdue = sub.boundary is not None and sub.boundary <= today
    if sub.runs and (overdue or values.get("when", "period_end") == "period_end"):
        sub.waiting = (plan, quantity)
        lift_early(account, now)
        return
    before = account.balance
    if not sub.runs:
        change_what_waits(account, sub, wish, now)
    elif not sub.opened:
        change_in_trial(account, sub, wish, now)
    else:
        change_running(account, sub, wish, now)
    sub.waiting = None
    settle_early(account, sub, now)
    if account.balance > before:
        money_came(account, now)
    else:
        lift_early(account, now)


def check_limit(sub: Subscription, wish: Wish, *, anew: bool = False) -> None:
    """More is taken than the new plan allows; with a new period only seats are."""
    probe = sub.fork()
    probe.plan, probe.quantity = wish.plan, wish.quantity
    if anew:
        begin(probe)
    if exceeds(probe):
        raise RefusedError("quota_exceeded")


def change_what_waits(account: Account, sub: Subscription, wish: Wish, now: datetime) -> None:
    """Nothing paid runs: no credit and no charge; the return costs the new plan, and is tried."""
    check_limit(sub, wish)
    today = account.operator.zone.day(now)
    if not wish.plan.length.as_long_as(sub.plan.length):
        sub.grid = from_start(wish.plan.length, today)
    sub.plan, sub.quantity, sub.is_new = wish.plan, wish.quantity, True
    if sub.waits_for_money:
        come_back(account, sub, today, now, today)


def change_in_trial(account: Account, sub: Subscription, wish: Wish, now: datetime) -> None:
    """From a trial a new full period starts today; where it is blocked, it goes on waiting."""
    today = account.operator.zone.day(now)
    check_limit(sub, wish)
    if sub.reasons and not sub.only_early:
        if not wish.plan.length.as_long_as(sub.plan.length):
            sub.grid = from_start(wish.plan.length, sub.first_day)
        sub.plan, sub.quantity = wish.plan, wish.quantity
        sub.look_from, sub.looked = now, set()
        return
    probe = sub.fork()
    probe.plan, probe.quantity = wish.plan, wish.quantity
    probe.grid, probe.first_day = from_start(wish.plan.length, today), today
    offer = probe.at_boundary(today)
    offer.packs = carried(probe)
    if not account.fits(wish.plan, offer.total, now, owner=sub, day=today):
        raise RefusedError("insufficient_funds")
    sub.plan, sub.quantity = wish.plan, wish.quantity
    begin(sub)  # what the trial counted ends with it
    sub.first_day = today
    take(account, sub, offer, now, today)


def change_running(account: Account, sub: Subscription, wish: Wish, now: datetime) -> None:
    """The unused part of what was paid comes back, and the same part of the new price is charged."""
    fork = account.fork()
    one = next(each for each in fork.subscriptions if each.number == sub.number)
    spent = apply(fork, one, wish, now)
    if spent > 0 and not wish.plan.owes and fork.available(now) < 0:
        raise RefusedError("insufficient_funds")
    apply(account, sub, wish, now)


def apply(account: Account, sub: Subscription, wish: Wish, now: datetime) -> int:
    """Carry it out. Answers what it costs above what it gives back, which has to fit."""
    zone, old, new = account.operator.zone, sub.plan, wish.plan
    today = zone.day(now)
    same = new.length.as_long_as(old.length)
    keeps = sub.only_early or not sub.reasons
    check_limit(sub, wish, anew=not same)
    kept = old.daily and (sub.next_slice > today or keeps)
    missed = take_missed(account, sub, today) if old.daily and keeps else 0
    sub.kept = today if kept else sub.kept
    since = later(today, 1) if kept else max(today, sub.runs_from)
    pays = pays_now(sub, wish, same=same, keeps=keeps, kept=kept)
    if not same:
        close(account, sub, today)
    elif old.arrears:
        close_arrears(account, sub, today)
    left = sub.frozen if sub.frozen is not None else days_between(since, sub.ends)
    if old.advance and (sub.paid or sub.price == 0):
        credit = old.gross(prorated(sub.price, left, sub.cycle_days))
        account.charge(sub, "reversal", since, later(since, left), -credit, today)
    else:
        credit = 0
    for row in sub.charges:
        row.refundable = row.refundable and old.daily
    was_paid = sub.paid or sub.price == 0 or not old.advance
    sub.plan, sub.quantity = new, wish.quantity
    sub.price = sub.price_on(today)
    # Changed on its first day, a short first period in arrears is one of the new plan.
    sub.is_short_first, sub.fee_due = sub.is_short_first and same and since == sub.starts, False
    if not pays:
        sub.runs, sub.frozen, sub.is_new = False, None, True
        if not same:
            sub.grid = from_start(new.length, since)
        return 0
    if same:
        sub.look_from, sub.looked = now, set()  # the new plan looks ahead from now on, for itself
        return go_on(account, sub, since, today, left, kept=kept, was_paid=was_paid) + missed - credit
    return begin_anew(account, sub, since, today, now, kept=kept) + missed - credit


def pays_now(sub: Subscription, wish: Wish, *, same: bool, keeps: bool, kept: bool) -> bool:
    """Whether the new plan runs from now on; what is stopped pays nothing for days that it does not run."""
    if keeps:
        return True
    if not same:
        return False
    if sub.frozen is not None:
        return wish.plan.advance
    if sub.plan.advance or wish.plan.daily:
        return True
    if wish.plan.arrears:
        return True
    return kept


def take_missed(account: Account, sub: Subscription, today: date) -> int:
    """Slices that a downtime missed are taken first, at the old price and dated their day."""
    taken = 0
    while sub.next_slice <= today:
        amount = sub.slice_amount(sub.next_slice)
        ends = later(sub.next_slice, 1)
        account.charge(sub, "charge", sub.next_slice, ends, amount, sub.next_slice, refundable=True)
        sub.next_slice = ends
        taken += amount
    return taken


def close_arrears(account: Account, sub: Subscription, today: date) -> None:
    """What was used at the old price."""
    amount = sub.arrears_until(account.operator.zone, today)
    account.charge(sub, "charge", sub.starts, min(today, sub.ends), amount, today)
    account.charge(sub, "fee", sub.starts, max(later(sub.starts, 1), today), sub.fee(), today)
    sub.fee_due = False


def go_on(
    account: Account, sub: Subscription, since: date, today: date, left: int, *, kept: bool, was_paid: bool
) -> int:
    """The same period with the new plan."""
    sub.runs_from = since
    amount, plan = 0, sub.plan
    if plan.advance and was_paid:
        amount = plan.gross(prorated(sub.price, left, sub.cycle_days))
        account.charge(sub, "charge", since, later(since, left), amount, today, refundable=True)
        sub.paid = amount > 0
    elif plan.daily:
        sub.next_slice = since
        if not kept and since == today and (sub.only_early or not sub.reasons):
            sub.next_slice = later(today, 1)
            k = sub.cycle_days - days_between(today, sub.ends) + 1
            amount = plan.gross(slice_of(sub.price, k, sub.cycle_days))
            account.charge(sub, "charge", today, later(today, 1), amount, today, refundable=True)
    elif plan.arrears:
        sub.begins_free = sub.begins_free and since == sub.starts
        sub.starts = since
    return amount


def begin_anew(account: Account, sub: Subscription, since: date, today: date, now: datetime, *, kept: bool) -> int:
    """A new full period."""
    plan = sub.plan
    sub.grid = from_start(plan.length, since)
    sub.starts, sub.ends = sub.grid.cycle(since)
    sub.counts_from = since
    sub.cycle_days = days_between(sub.starts, sub.ends)
    sub.begins_free, sub.look_from, sub.runs_from = True, now, since
    sub.looked = set()
    amount = 0
    if plan.advance:
        amount = plan.gross(half_up(sub.price))
        account.charge(sub, "charge", since, sub.ends, amount, today, refundable=True)
    elif plan.daily:
        sub.next_slice = since
        if not kept and since == today:
            amount = plan.gross(slice_of(sub.price, 1, sub.cycle_days))
            account.charge(sub, "charge", today, later(today, 1), amount, today, refundable=True)
            sub.next_slice = later(today, 1)
    sub.paid = amount > 0
    for code, due in carried(sub):
        account.charge(sub, "charge", since, sub.ends, due, today)
        pay_carried(sub, code)
        amount += due
    if sub.only_early:
        free(account, sub, now, today)
    return amount


def settle_early(account: Account, sub: Subscription, now: datetime) -> None:
    """An early block stays only while its reason does."""
    if sub.early and not (sub.plan.early_block and sub.runs):
        unblock_early(account, sub, now)

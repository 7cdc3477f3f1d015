"""What is done at a local midnight of one account, in the order that the rules give."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.model.account import Failure
from tests.model.booking import close_counts, close_days, end, free, suspend, take
from tests.model.counting import carried
from tests.model.days import from_start, later

if TYPE_CHECKING:
    from datetime import date, datetime

    from tests.model.account import Account
    from tests.model.days import Zone
    from tests.model.subscription import Offer, Subscription


def midnight(account: Account, day: date, told: date, *, missed: bool) -> None:
    """Grants expire by themselves; then arrears and overage, changes and ends, charges, and returns."""
    at = account.operator.zone.midnight(day)
    lifted = end_pauses(account, day, at, told)
    ending = [sub for sub in account.ordered() if sub.boundary == day]
    in_debt = close_all(account, ending, day, at)
    for sub in ending:
        # The plan under which a period was sold says whether it is the last.
        if sub.cancels or (sub.opened and not sub.plan.renews):
            end(account, sub, told)
        else:
            turn(sub, day)
    for sub in account.ordered():
        if sub in lifted:
            if missed:
                sub.reasons = {"funds"}  # a return is not tried for a missed midnight
            else:
                come_back(account, sub, day, at, told)
        elif not sub.ended:
            decide(account, sub, day, told, in_debt=in_debt, is_ending=sub in ending, let_go=sub.only_early)
    if not missed:
        try_returns(account, day, at, told)


def close_all(account: Account, ending: list[Subscription], day: date, at: datetime) -> bool:
    """What was used is owed: all arrears, then all overage. Answers whether the account is in debt then."""
    by_age = sorted(ending, key=lambda each: each.number)  # all is charged, so that priorities do not matter
    rows = {sub.number: len(sub.charges) for sub in ending}
    for sub in by_age:
        close_days(account, sub, day)
    for sub in by_age:
        close_counts(account, sub, day)
    in_debt = account.available(at) < 0
    used = [sub for sub in ending if len(sub.charges) > rows[sub.number] and not sub.plan.owes]
    if in_debt and used and account.forced:  # made in any case; what is missing for it counts all the same
        account.failures.append(Failure(used[0].number, day, -account.available(at)))
    return in_debt


def end_pauses(account: Account, day: date, at: datetime, told: date) -> list[Subscription]:
    """Pauses whose date has come, before the charges. Answers what was lifted, but has no time that runs."""
    back = []
    for sub in account.ordered():
        if sub.paused_until is not None and sub.paused_until <= day and not sub.ended:
            sub.paused_until = None
            if lift(account, sub, "customer", day, at, told, before_charges=True):
                back.append(sub)
    return back


def lift(
    account: Account,
    sub: Subscription,
    reason: str,
    day: date,
    at: datetime,
    told: date,
    *,
    before_charges: bool = False,
) -> bool:
    """One reason less. Answers whether going on is a decision, today.

    What ends before the charges of its midnight is over: what runs goes on, and is charged as if it had never stopped.
    """
    left = sub.reasons - {reason}
    if left - {"funds"} or (left and (sub.early or before_charges)):
        sub.reasons = left
        return False
    thaw(account.operator.zone, sub, day)
    is_due = sub.boundary == day or (sub.opened and sub.plan.daily and sub.next_slice <= day)
    if "funds" in left or not sub.runs or (is_due and not before_charges):
        # Until it is decided, the last reason stays: what does not fit was suspended all the time.
        sub.reasons = left or sub.reasons
        return True
    free(account, sub, at, told)
    return False


def thaw(zone: Zone, sub: Subscription, day: date) -> None:
    """Frozen days run again; the anchor moves to their end, and the period's beginning stays."""
    if sub.frozen is not None:
        if later(day, sub.frozen) != sub.ends:  # another boundary, looked at as from the day of that beginning
            sub.look_from = zone.midnight(sub.starts)
        for row in sub.charges:
            row.until = later(day, sub.frozen) if row.until == sub.ends else row.until
        sub.ends = later(day, sub.frozen)
        sub.grid = from_start(sub.plan.length, sub.ends)
        sub.frozen = None


def turn(sub: Subscription, day: date) -> None:
    """A change that waits for this boundary."""
    if sub.waiting is None:
        return
    (plan, quantity), sub.waiting = sub.waiting, None
    if not plan.length.as_long_as(sub.plan.length):
        sub.grid = from_start(plan.length, day)
    sub.plan, sub.quantity = plan, quantity


def decide(
    account: Account, sub: Subscription, day: date, told: date,
    *, in_debt: bool, is_ending: bool, let_go: bool,
) -> None:  # fmt: skip
    """What is due today: a new period, or a slice of the one that runs."""
    at = account.operator.zone.midnight(day)
    if sub.reasons and not (let_go and is_ending):
        if is_ending:
            lapse(account, sub, day, told, in_debt=in_debt)
        return
    if is_ending:
        offer = sub.at_boundary(day)
        offer.packs = carried(sub)
    elif sub.opened and sub.plan.daily and sub.next_slice <= day:
        offer = sub.at_slice(day)
    else:
        return
    if passes(account, sub, offer, day, at, in_debt=in_debt):
        take(account, sub, offer, at, told)
    elif sub.plan.on_shortfall == "end":
        end(account, sub, told)
    else:
        suspend(account, sub, "funds", at, told)
        sub.reasons, sub.early = {"funds"}, False
        sub.runs = offer.is_slice


def lapse(account: Account, sub: Subscription, day: date, told: date, *, in_debt: bool) -> None:
    """A boundary that came while something stopped it: nothing is charged for what begins."""
    sub.runs = False
    if sub.early:
        sub.early = False
        sub.reasons.discard("funds")
    if in_debt and sub.plan.arrears and sub.opened and sub.price_on(day) > 0:
        if sub.plan.on_shortfall == "end":
            end(account, sub, told)
        elif not sub.plan.owes:
            sub.reasons.add("funds")


def passes(account: Account, sub: Subscription, offer: Offer, day: date, at: datetime, *, in_debt: bool) -> bool:
    """Whether it is charged, whole or not at all. In arrears nothing is charged, but nothing may be owed."""
    if offer.needs_no_debt and in_debt and not sub.plan.owes:
        account.failures.append(Failure(sub.number, day, -account.available(at)))
        return account.forced
    return account.fits(sub.plan, offer.total, at, owner=sub, day=day)


def try_returns(account: Account, day: date, at: datetime, told: date) -> None:
    """Money or a midnight came: who waits for it comes back, by priority, whole or not at all."""
    for sub in account.ordered():
        if sub.waits_for_money:
            come_back(account, sub, day, at, told)


def come_back(account: Account, sub: Subscription, day: date, at: datetime, told: date) -> None:
    """A return: charged as the plan says; where that does not fit, the reason is the money."""
    if sub.runs and sub.opened and sub.plan.daily and sub.next_slice > day:
        free(account, sub, at, told)
        return
    offer = sub.at_return(day)
    offer.packs = carried(sub)
    if passes(account, sub, offer, day, at, in_debt=account.available(at) < 0):
        take(account, sub, offer, at, told)
    else:
        sub.reasons = {"funds"}


def missing_for_return(account: Account, sub: Subscription, day: date, at: datetime) -> int:
    """What is missing for a return today."""
    if sub.plan.owes or (sub.runs and sub.opened and sub.plan.daily and sub.next_slice > day):
        return 0
    offer = sub.at_return(day)
    offer.packs = carried(sub)
    if offer.total == 0 and not offer.needs_no_debt:
        return 0
    return max(0, offer.total - account.available(at))

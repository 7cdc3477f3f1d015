"""Looking ahead: warnings, early blocks and what lifts them, the next charge, the forecast.

All of it is played: an account is forked, given the money, and its future happens with the same decisions.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from tests.model.booking import free, suspend
from tests.model.days import later
from tests.model.midnight import come_back, lift, midnight, missing_for_return, try_returns

if TYPE_CHECKING:
    from datetime import date, datetime

    from tests.model.account import Account
    from tests.model.subscription import Subscription

PLENTY = 10**15
TICK = timedelta(microseconds=1)


def look_instant(account: Account, sub: Subscription) -> datetime | None:
    """When the next boundary of a subscription is looked at, if that was not done and may be."""
    boundary, ahead = sub.boundary, sub.plan.look_ahead
    if boundary is None or ahead is None or sub.reasons or boundary in sub.looked:
        return None
    if sub.look_from is not None and ahead.is_nearer(account.operator.zone, boundary, sub.look_from):
        return None
    return ahead.instant(account.operator.zone, boundary)


def advance(account: Account, until: datetime, *, looks: bool = True) -> None:
    """Everything that is due up to an instant, each at its own."""
    zone = account.operator.zone
    while True:
        night = zone.next_midnight(account.done)
        look = min((at for sub in account.subscriptions if (at := look_instant(account, sub))), default=None)
        look = None if look is None or not looks else max(look, account.done)
        if look is not None and look < night:
            if look > until:
                break
            account.done = look
            look_all(account, look)
        elif night <= until:
            account.done = night
            midnight(account, zone.day(night), zone.day(night), missed=False)
        else:
            break
    account.done = max(account.done, until)


def catch_up(account: Account, until: datetime) -> None:
    """After a downtime: missed midnights in order, then returns once, then the looks whose boundary is ahead."""
    zone = account.operator.zone
    told = zone.day(until)
    while (night := zone.next_midnight(account.done)) <= until:
        account.done = night
        midnight(account, zone.day(night), told, missed=True)
    account.done = max(account.done, until)
    try_returns(account, told, until, told)
    advance(account, until)


def look_all(account: Account, at: datetime) -> None:
    """All that is to be looked at at an instant; nobody is blocked before all were asked."""
    zone = account.operator.zone
    today = zone.day(at)
    due = [sub for sub in account.ordered() if (when := look_instant(account, sub)) is not None and when <= at]
    fails = {sub.number for sub in due if not will_pass(account, sub, at)}
    for sub in due:
        assert sub.boundary is not None
        sub.looked.add(sub.boundary)
        if sub.cancels:
            continue
        last = sub.opened and not sub.plan.renews
        kind = "ends_soon" if last else "will_be_suspended" if sub.number in fails else "charge_due"
        if (kind, sub.boundary) not in sub.announced:
            sub.announced.add((kind, sub.boundary))
            account.tell(kind, today)
        if kind == "will_be_suspended" and sub.plan.early_block:
            suspend(account, sub, "funds", at, today)
            sub.early = True


def unblocked(account: Account, number: int, at: datetime) -> Account:
    """A fork in which nobody is blocked early, and nothing else stops the one that is asked about."""
    fork = account.fork()
    today = account.operator.zone.day(at)
    for sub in fork.ordered():
        if not sub.early:
            continue
        if sub.number == number:
            sub.reasons = {"funds"}
        rest = sub.reasons - {"funds"}
        sub.early = False
        if rest:
            sub.reasons = rest
        elif sub.plan.daily and sub.next_slice <= today:
            come_back(fork, sub, today, at, today)
        else:
            free(fork, sub, at, today)
    return fork


def will_pass(account: Account, sub: Subscription, at: datetime) -> bool:
    """Whether the next boundary will be paid if nobody is blocked before."""
    return missing_at_boundary(unblocked(account, sub.number, at), sub) is None


def missing_at_boundary(fork: Account, sub: Subscription) -> int | None:
    """Play on to the boundary of a subscription; the least amount that changes anything, if it fails."""
    boundary = next(each for each in fork.subscriptions if each.number == sub.number).boundary
    if boundary is not None:
        advance(fork, fork.operator.zone.midnight(boundary), looks=False)
    if any(failure.owner == sub.number for failure in fork.failures):
        return min(failure.missing for failure in fork.failures)
    return None


def lift_early(account: Account, at: datetime) -> None:
    """Money came, or a reason went: early blocks whose boundary will be paid are lifted; nothing was lost."""
    today = account.operator.zone.day(at)
    passing = [sub for sub in account.ordered() if sub.early and will_pass(account, sub, at)]
    for sub in passing:
        if not sub.only_early:
            sub.early = False
            sub.reasons.discard("funds")
        elif sub.plan.daily and sub.next_slice <= today:
            sub.early = False
            come_back(account, sub, today, at, today)
        else:
            free(account, sub, at, today)


def unblock_early(account: Account, sub: Subscription, now: datetime) -> None:
    """The early block goes; other reasons stay."""
    today = account.operator.zone.day(now)
    sub.early = False
    if sub.reasons == {"funds"} and sub.runs:
        if sub.plan.daily and sub.next_slice <= today:
            come_back(account, sub, today, now, today)
        else:
            free(account, sub, now, today)
    elif sub.reasons != {"funds"}:
        sub.reasons.discard("funds")


def money_came(account: Account, at: datetime) -> None:
    """Who waits for it comes back, then early blocks are looked at again."""
    today = account.operator.zone.day(at)
    try_returns(account, today, at, today)
    lift_early(account, at)


def let_go(account: Account, subs: list[Subscription], reason: str, at: datetime) -> None:
    """A reason is lifted from some subscriptions at one instant."""
    today = account.operator.zone.day(at)
    back = [sub for sub in account.ordered() if sub in subs and lift(account, sub, reason, today, at, today)]
    for sub in back:
        come_back(account, sub, today, at, today)
    lift_early(account, at)


def unlock(account: Account, sub: Subscription, at: datetime) -> int | None:
    """The smallest payment that brings a subscription back, or lifts its early block."""
    if sub.ended or "funds" not in sub.reasons:
        return None
    today = account.operator.zone.day(at)
    if not sub.early:
        return missing_for_return(account, sub, today, at)
    amount = 0
    while True:
        fork = account.fork()
        fork.balance += amount
        fork.repay(amount, at)
        if amount:
            try_returns(fork, today, at, today)
        before = [failure.missing for failure in fork.failures]
        missing = missing_at_boundary(unblocked(fork, sub.number, at), sub)
        if missing is None:
            return amount
        # Nothing is decided differently with less than what the nearest decision lacks.
        amount += min([missing, *before])


def next_charge(account: Account, sub: Subscription, at: datetime) -> tuple[date, int] | None:
    """What comes next if the money is there."""
    found: dict[date, int] = {}
    fork = rich(account, at)

    def note(owner: Subscription, on: date, amount: int) -> None:
        if owner.number == sub.number:
            found[on] = found.get(on, 0) + amount

    fork.on_charge = note
    one = next(each for each in fork.subscriptions if each.number == sub.number)
    zone = account.operator.zone
    for _ in range(800):
        if one.ended or found or (one.boundary is None and one.paused_until is None):
            break
        advance(fork, zone.next_midnight(fork.done), looks=False)
    return min(found.items(), default=None)


def rich(account: Account, at: datetime) -> Account:
    """A fork with all the money, in which nobody is blocked early; who waits for money goes on waiting.

    What they used until the end of their period is owed all the same.
    """
    fork = unblocked(account, -1, at)
    for sub in fork.subscriptions:
        if "funds" in sub.reasons and not sub.early:
            sub.reasons.add("goes on waiting")
    fork.balance += PLENTY
    return fork


def forecast(account: Account, at: datetime) -> tuple[int, int]:
    """What comes due in 30 days if the money is there, and the payment that makes all of it pass."""
    zone = account.operator.zone
    until = zone.midnight(later(zone.day(at), 30))
    total = 0

    def add(_owner: Subscription, _on: date, amount: int) -> None:
        nonlocal total
        total += amount

    fork = rich(account, at)
    fork.on_charge = add
    advance(fork, until, looks=False)
    low, high = 0, 1
    while short(account, at, until, high):
        low, high = high, high * 2
    if not short(account, at, until, 0):
        return total, 0
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if short(account, at, until, middle) else (low, middle)
    return total, high


def short(account: Account, at: datetime, until: datetime, amount: int) -> bool:
    """Whether anything fails after a payment; each decision is made as if the ones before had passed."""
    fork = rich(account, at)
    fork.balance += amount - PLENTY
    fork.repay(amount, at)
    fork.forced = True
    advance(fork, until, looks=False)
    return bool(fork.failures)

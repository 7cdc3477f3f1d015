"""Use, seats, quotas and packs."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from tests.model.account import RefusedError
from tests.model.amounts import half_up, minor_units, plain
from tests.model.rating import exact_price, packs_of

if TYPE_CHECKING:
    from tests.model.account import Account
    from tests.model.subscription import Subscription
    from tests.model.terms import Item

ZERO = Fraction(0)


class BehindError(Exception):
    """In which quota period it was used is known when what is due on the account is done."""


MAX_SHOWN = 10**15
"""More packs than any account could be billed for are not told apart."""


@dataclass
class Count:
    """What was counted of one service in the running quota period."""

    days: dict[date, Fraction] = field(default_factory=dict)
    level: Fraction = ZERO
    peak: Fraction = ZERO
    changed: datetime | None = None  # seats: the last instant at which they changed, and their peak before it
    peak_before: Fraction = ZERO
    ahead: Fraction = ZERO  # seats of the period after this one, whose boundary a downtime has delayed
    peak_ahead: Fraction = ZERO
    paid: int = 0  # on use, before taxes, in the running quota period
    paid_ahead: int = 0  # and in the one after it, whose boundary a downtime has delayed
    opened: dict[date, Fraction] = field(default_factory=dict)  # by the day: up to what its packs are paid
    warned: set[tuple[date | None, int]] = field(default_factory=set)
    is_early: bool = False  # whether the period after this one was used before its boundary was worked off

    def between(self, first: date, last: date) -> list[Fraction]:
        """What was used on the days of a period."""
        return [used for day, used in self.days.items() if first <= day < last]

    def used(self, sub: Subscription, item: Item, today: date) -> Fraction:
        """What the quota shows."""
        if item.kind == "seats":
            return self.level
        return self.days.get(today, ZERO) if item.by_day else sum(self.between(*quota_period(sub, None)), ZERO)

    def billed(self, sub: Subscription, item: Item) -> list[Fraction]:
        """What the quota period is rated by; of days, one each."""
        if item.kind == "seats":
            return [self.level if item.record.get("seats_billed") == "end" else self.peak]
        return self.of_days(item, *quota_period(sub, None))

    def of_days(self, item: Item, first: date, last: date) -> list[Fraction]:
        """What was used in a period; by the day, of each no less than what its packs are paid for."""
        if not item.by_day:
            return [sum(self.between(first, last), ZERO)]
        days = sorted(day for day in {*self.days, *self.opened} if first <= day < last)
        return [max(self.days.get(day, ZERO), self.opened.get(day, ZERO)) for day in days]


def quota_period(sub: Subscription, day: date | None) -> tuple[date, date]:
    """The running period, or, where a downtime has delayed its end, the one after it."""
    if not (sub.runs and sub.frozen is None):
        return date.min, date.max
    ends = sub.ends if sub.opened else sub.first_day
    if day is not None and day >= ends:
        return ends, date.max
    return sub.counts_from if sub.opened else date.min, ends


def count_of(sub: Subscription, code: str) -> Count:
    """The counter of a service, from the first use on."""
    return sub.counts.setdefault(code, Count())


def included(sub: Subscription, item: Item) -> Fraction:
    """The subscription's quantity multiplies what is included."""
    return item.included * sub.quantity


def net(sub: Subscription, item: Item, amounts: list[Fraction]) -> int:
    """What is due for what was counted, rounded once."""
    over = [max(ZERO, each - included(sub, item)) for each in amounts]
    record = {**item.record}
    if item.by_day:
        least, most = record.pop("minimum", None), record.pop("maximum", None)
        exact = sum((exact_price(record, each) for each in over), ZERO)
        exact = exact if least is None else max(exact, Fraction(str(least)))
        exact = exact if most is None else min(exact, Fraction(str(most)))
    else:
        exact = exact_price(record, over[0])
    return half_up(exact * minor_units(sub.plan.operator.currency))


def so_far(item: Item) -> Item:
    """On use a ``minimum`` is not asked for before the end."""
    return replace(item, record={key: value for key, value in item.record.items() if key != "minimum"})


def overage(sub: Subscription) -> list[tuple[str, int]]:
    """What a quota period that closes still costs, service by service, in the plan's order."""
    rows = []
    for code, item in sub.plan.items.items():
        if item.counts and sub.opened:
            count = sub.counts.get(code, Count())
            due = net(sub, item, count.billed(sub, item)) - count.paid
            if due > 0:
                rows.append((code, sub.plan.gross_of_item(item, due)))
    return rows


def begin(sub: Subscription) -> None:
    """The counts begin again; seats are carried."""
    for code, count in sub.counts.items():
        item = sub.plan.items.get(code)
        level = count.level if item is not None and item.kind == "seats" else ZERO
        _, ends = quota_period(sub, None)
        sub.counts[code] = Count(
            days={day: used for day, used in count.days.items() if day >= ends},
            opened={day: used for day, used in count.opened.items() if day >= ends},
            level=level + count.ahead,
            is_early=count.is_early,
            peak=max(level + count.ahead, level, count.peak_ahead),
            paid=count.paid_ahead,
        )


def carried(sub: Subscription) -> list[tuple[str, int]]:
    """Packs of carried seats that are paid at the period's start."""
    rows = []
    for code, item in sub.plan.items.items():
        if item.kind == "seats" and item.is_paid_on_use and code in sub.counts:
            count = sub.counts[code]
            due = net(sub, so_far(item), [count.level]) - count.paid
            if due > 0:
                rows.append((code, sub.plan.gross_of_item(item, due)))
    return rows


def use(account: Account, sub: Subscription, values: dict[str, Any], now: datetime) -> None:
    """An event is counted whole or not at all."""
    code, quantity = values["service"], Fraction(str(values["quantity"]))
    at: datetime = values["time"] or now
    content = (sub.number, code, quantity, values["time"])
    if values["key"] is not None:
        known = account.keys.get(("use", values["key"]))
        if known is not None:
            if known != content:
                raise RefusedError("key_conflict")
            return
    _refuse(sub, code, quantity, at, now)
    today, day = account.operator.zone.day(now), account.operator.zone.day(at)
    if is_behind(sub, day):
        raise BehindError
    item, count = sub.plan.items[code], count_of(sub, code)
    if sub.opened and day < sub.counts_from:
        day = max(today, sub.counts_from)
    _count(account, sub, item, count, quantity, day, now)
    if values["key"] is not None:
        account.keys["use", values["key"]] = content


def is_behind(sub: Subscription, day: date) -> bool:
    """Whether a day is neither of the running period nor of one that surely comes next."""
    ends = sub.boundary
    if ends is None or day < ends:
        return False
    other_terms = sub.waiting is not None or sub.cancels or (sub.opened and not sub.plan.renews)
    return other_terms or day >= sub.grid.cycle(ends)[1]


def _refuse(sub: Subscription, code: str, quantity: Fraction, at: datetime, now: datetime) -> None:
    if sub.ended:
        raise RefusedError("subscription_ended")
    item = sub.plan.items.get(code)
    if item is None:
        raise RefusedError("unknown_service")
    if not item.counts:
        raise RefusedError("not_quantifiable")
    if at < sub.began or at > now:
        raise RefusedError("out_of_range")
    if sub.reasons and not (item.kind == "seats" and quantity < 0):
        raise RefusedError("subscription_suspended")


def _count(
    account: Account, sub: Subscription, item: Item, count: Count, quantity: Fraction, day: date, now: datetime
) -> None:
    limit, today = included(sub, item), account.operator.zone.day(now)
    period = quota_period(sub, day)
    later = sub.runs and sub.frozen is None and period[1] == date.max
    if item.kind == "seats":
        before = count.level + (count.ahead if later else ZERO)
    else:
        before = count.days.get(day, ZERO) if item.by_day else sum(count.between(*period), ZERO)
    after = before + quantity
    if item.kind == "seats" and after < 0:
        raise RefusedError("out_of_range")
    if item.is_hard and after > limit and quantity > 0:
        raise RefusedError("quota_exceeded")
    told = deepcopy(count)
    if item.kind == "seats":
        _seats(sub, told, quantity, after, now, later=later)
    else:
        told.days[day] = told.days.get(day, ZERO) + quantity
    rows = pay(sub, item, told) if item.is_paid_on_use else []
    if any(rows) and sum(rows) > account.available(now):
        raise RefusedError("insufficient_funds")
    sub.counts[item.code] = told
    starts, ends = (sub.starts, sub.ends) if sub.opened else (sub.first_day, sub.first_day)
    for due, (first, last) in zip(rows, [(starts, ends), (ends, sub.grid.cycle(ends)[1])], strict=False):
        account.charge(sub, "charge", first, last, due, today)
    told.is_early = told.is_early or later
    if item.by_day or not later:
        warn(account, sub, item, told, day if item.by_day else None, after, today)


def _seats(sub: Subscription, count: Count, quantity: Fraction, after: Fraction, now: datetime, *, later: bool) -> None:
    peak = count.peak_ahead if later else count.peak
    if count.changed != now:  # several changes at one instant are one change
        count.changed, count.peak_before = now, peak
    peak = max(count.peak_before, after) if sub.runs else after
    if later:
        count.ahead, count.peak_ahead = count.ahead + quantity, peak
    else:
        count.level, count.peak = after, peak


def pay(sub: Subscription, item: Item, count: Count) -> list[int]:
    """What the running quota period, and the one after it, cost so far beyond what was paid in them: it is paid now."""
    _, ends = quota_period(sub, None)
    ahead = [count.level + count.ahead] if item.kind == "seats" else count.of_days(item, ends, date.max)
    carried_on = net(sub, so_far(item), [count.level]) if item.kind == "seats" else 0
    now = [count.level] if item.kind == "seats" else count.billed(sub, item)
    dues = [max(0, net(sub, so_far(item), now) - count.paid) if sub.opened else 0,
            max(0, net(sub, so_far(item), ahead) - carried_on - count.paid_ahead)]  # fmt: skip
    count.paid, count.paid_ahead = count.paid + dues[0], count.paid_ahead + dues[1]
    if item.by_day:
        for day, used in count.days.items():
            if dues[day >= ends]:
                count.opened[day] = max(used, count.opened.get(day, ZERO))
    return [sub.plan.gross_of_item(item, due) for due in dues]


def pay_carried(sub: Subscription, code: str) -> None:
    """The packs of carried seats were paid with the period."""
    count, item = sub.counts[code], sub.plan.items[code]
    count.paid = net(sub, so_far(item), [count.level])


def warn(
    account: Account, sub: Subscription, item: Item, count: Count, day: date | None, used: Fraction, today: date
) -> None:
    """Once per threshold and quota period."""
    limit = included(sub, item)
    for percent in item.record.get("warn", (80, 100)):
        if limit > 0 and used * 100 >= limit * percent and (day, percent) not in count.warned:
            count.warned.add((day, percent))
            account.tell(f"quota_{percent}", today)


def warn_of_early_use(account: Account, sub: Subscription, told: date) -> None:
    """A period begins that was used before: who passed a threshold by that is told now."""
    for code, count in sub.counts.items():
        item = sub.plan.items.get(code)
        if count.is_early and item is not None and not item.by_day:
            warn(account, sub, item, count, None, count.used(sub, item, told), told)
        count.is_early = False


def exceeds(sub: Subscription) -> bool:
    """Whether more is taken or used than a hard limit of its plan allows."""
    for code, count in sub.counts.items():
        item = sub.plan.items.get(code)
        if item is not None and item.is_hard:
            used = [count.level]
            if item.kind != "seats":
                days = count.between(*quota_period(sub, None))
                used = days if item.by_day else [sum(days, ZERO)]
            if any(each > included(sub, item) for each in used):
                return True
    return False


def quotas(sub: Subscription, today: date) -> dict[str, dict[str, Any]]:
    """What a snapshot shows of each service that is counted."""
    shown = {}
    for code, item in sub.plan.items.items():
        if not item.counts:
            continue
        used = sub.counts.get(code, Count()).used(sub, item, today)
        limit = included(sub, item)
        over = max(ZERO, used - limit)
        shown[code] = {
            "used": plain(used),
            "included": plain(limit),
            "over": plain(over),
            "packs": min(_packs(sub, item, over, today), MAX_SHOWN),
            "remaining": plain(max(ZERO, limit - used)),
        }
    return shown


def _packs(sub: Subscription, item: Item, over: Fraction, today: date) -> int:
    if item.record.get("model") != "package" or not sub.opened:
        return 0  # as they will be billed: a trial costs nothing
    count = sub.counts.get(item.code, Count())
    if item.kind == "seats" and item.record.get("seats_billed") != "end":
        over = max(over, count.peak - included(sub, item))
    packs = packs_of(item.record, over)
    if not item.is_paid_on_use:
        return packs
    if item.by_day:
        return max(packs, packs_of(item.record, count.opened.get(today, ZERO) - included(sub, item)))
    price = Fraction(str(item.record["price"])) * minor_units(sub.plan.operator.currency)
    return max(packs, half_up(count.paid / price)) if price else packs

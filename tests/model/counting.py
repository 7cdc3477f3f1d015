"""Use, seats, quotas and packs."""

from __future__ import annotations

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


@dataclass
class Count:
    """What was counted of one service in the running quota period."""

    days: dict[date, Fraction] = field(default_factory=dict)
    level: Fraction = ZERO
    peak: Fraction = ZERO
    changed: datetime | None = None  # seats: the last instant at which they changed, and their peak before it
    peak_before: Fraction = ZERO
    paid: dict[date | None, int] = field(default_factory=dict)
    packs: dict[date | None, int] = field(default_factory=dict)
    warned: set[tuple[date | None, int]] = field(default_factory=set)

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
        days = self.between(*quota_period(sub, None))
        return days if item.by_day else [sum(days, ZERO)]


def quota_period(sub: Subscription, day: date | None) -> tuple[date, date]:
    """The running period, or, where a downtime has delayed its end, the later one that contains a day."""
    if not sub.opened:
        return date.min, date.max
    if day is None or day < sub.ends:
        return sub.counts_from, sub.ends
    return sub.grid.cycle(day)


def count_of(sub: Subscription, code: str) -> Count:
    """The counter of a service, from the first use on."""
    return sub.counts.setdefault(code, Count())


def included(sub: Subscription, item: Item) -> Fraction:
    """The subscription's quantity multiplies what is included."""
    return item.included * sub.quantity


def cost(sub: Subscription, item: Item, amounts: list[Fraction]) -> int:
    """What is due for what was counted, with taxes, rounded once."""
    over = [max(ZERO, each - included(sub, item)) for each in amounts]
    record = {**item.record}
    if item.by_day:
        least, most = record.pop("minimum", None), record.pop("maximum", None)
        exact = sum((exact_price(record, each) for each in over), ZERO)
        exact = exact if least is None else max(exact, Fraction(str(least)))
        exact = exact if most is None else min(exact, Fraction(str(most)))
    else:
        exact = exact_price(record, over[0])
    amount = half_up(exact * minor_units(sub.plan.operator.currency))
    return sub.plan.gross_of_item(item, amount)


def so_far(item: Item) -> Item:
    """On use a ``minimum`` is not asked for before the end."""
    return replace(item, record={key: value for key, value in item.record.items() if key != "minimum"})


def overage(sub: Subscription) -> list[tuple[str, int]]:
    """What a quota period that closes still costs, service by service, in the plan's order."""
    rows = []
    for code, item in sub.plan.items.items():
        if item.counts and sub.opened:
            count = sub.counts.get(code, Count())
            due = cost(sub, item, count.billed(sub, item))
            if item.is_paid_on_use:
                due = at_the_end(sub, item, count)
            if due > 0:
                rows.append((code, due))
    return rows


def at_the_end(sub: Subscription, item: Item, count: Count) -> int:
    """What is missing of packs that were paid as they opened; a day's packs pay for no other day."""
    due = cost(sub, item, count.billed(sub, item)) - sum(count.paid.values())
    if item.by_day:
        days = {day for day in (*count.days, *count.paid) if day is not None}
        one = [max(0, cost(sub, so_far(item), [count.days.get(day, ZERO)]) - count.paid.get(day, 0)) for day in days]
        due = max(sum(one), cost(sub, item, [ZERO]) - sum(count.paid.values()))
    return max(0, due)


def begin(sub: Subscription) -> None:
    """The counts begin again; seats are carried."""
    for code, count in sub.counts.items():
        item = sub.plan.items.get(code)
        level = count.level if item is not None and item.kind == "seats" else ZERO
        ahead = {day: used for day, used in count.days.items() if sub.opened and day >= sub.ends}
        sub.counts[code] = Count(days=ahead, level=level, peak=level)


def carried(sub: Subscription) -> list[tuple[str, int]]:
    """Packs of carried seats that are paid at the period's start."""
    rows = []
    for code, item in sub.plan.items.items():
        if item.kind == "seats" and item.is_paid_on_use and code in sub.counts:
            due = cost(sub, so_far(item), [sub.counts[code].level])
            if due:
                rows.append((code, due))
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
    today = account.operator.zone.day(now)
    item, count = sub.plan.items[code], count_of(sub, code)
    day = account.operator.zone.day(at)
    if sub.opened and day < sub.counts_from:
        day = max(today, sub.counts_from)
    _count(account, sub, item, count, quantity, day, now)
    if values["key"] is not None:
        account.keys["use", values["key"]] = content


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
    if item.kind == "seats" and count_of(sub, code).level + quantity < 0:
        raise RefusedError("out_of_range")


def _count(
    account: Account, sub: Subscription, item: Item, count: Count, quantity: Fraction, day: date, now: datetime
) -> None:
    limit, today = included(sub, item), account.operator.zone.day(now)
    before = count.level
    if item.kind != "seats":
        before = count.days.get(day, ZERO) if item.by_day else sum(count.between(*quota_period(sub, day)), ZERO)
    after = before + quantity
    if item.is_hard and after > limit and quantity > 0:
        raise RefusedError("quota_exceeded")
    key = day if item.by_day else None
    due = 0
    if item.is_paid_on_use and sub.opened:
        amount = max(count.peak, after) if item.kind == "seats" else after
        due = max(0, cost(sub, so_far(item), [amount]) - count.paid.get(key, 0))
        if due and due > account.available(now):
            raise RefusedError("insufficient_funds")
    if due:
        pay_packs(sub, item, count, key, amount, due)
        account.charge(sub, "charge", sub.starts, sub.ends, due, today)
    if item.kind == "seats":
        if count.changed != now:  # several changes at one instant are one change
            count.changed, count.peak_before = now, count.peak
        count.level = after
        count.peak = max(count.peak_before, after) if sub.runs else after
    else:
        count.days[day] = count.days.get(day, ZERO) + quantity
    warn(account, sub, item, count, day if item.by_day else None, after, today)


def pay_packs(
    sub: Subscription, item: Item, count: Count, key: date | None, amount: Fraction, due: int
) -> None:  # fmt: skip
    """An opened pack stays paid until its quota period ends."""
    count.paid[key] = count.paid.get(key, 0) + due
    if item.record.get("model") == "package":
        count.packs[key] = packs_of(item.record, amount - included(sub, item))


def warn(
    account: Account, sub: Subscription, item: Item, count: Count, day: date | None, used: Fraction, today: date
) -> None:
    """Once per threshold and quota period."""
    limit = included(sub, item)
    for percent in item.record.get("warn", (80, 100)):
        if limit > 0 and used * 100 >= limit * percent and (day, percent) not in count.warned:
            count.warned.add((day, percent))
            account.tell(f"quota_{percent}", today)


def exceeds(sub: Subscription) -> bool:
    """Whether more is taken or used than a hard limit of its plan allows."""
    for code, count in sub.counts.items():
        item = sub.plan.items.get(code)
        if item is not None and item.is_hard:
            used = [count.level] if item.kind == "seats" else count.billed(sub, item)
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
            "packs": _packs(sub, item, over, today),
            "remaining": plain(max(ZERO, limit - used)),
        }
    return shown


def _packs(sub: Subscription, item: Item, over: Fraction, today: date) -> int:
    if item.record.get("model") != "package" or not sub.opened:
        return 0  # as they will be billed: a trial costs nothing
    count = sub.counts.get(item.code, Count())
    if item.kind == "seats" and item.record.get("seats_billed") != "end":
        over = max(over, count.peak - included(sub, item))
    return max(packs_of(item.record, over), count.packs.get(today if item.by_day else None, 0))

"""Use, seats, quotas and packs."""

from __future__ import annotations

from dataclasses import dataclass, field
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
    paid: int = 0
    warned: set[tuple[date | None, int]] = field(default_factory=set)

    def used(self, item: Item, today: date) -> Fraction:
        """What the quota shows."""
        if item.kind == "seats":
            return self.level
        return self.days.get(today, ZERO) if item.by_day else sum(self.days.values(), ZERO)

    def billed(self, item: Item) -> list[Fraction]:
        """What the quota period is rated by; of days, one each."""
        if item.kind == "seats":
            return [self.level if item.record.get("seats_billed") == "end" else self.peak]
        return list(self.days.values()) if item.by_day else [sum(self.days.values(), ZERO)]


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


def overage(sub: Subscription) -> list[tuple[str, int]]:
    """What a quota period that closes still costs, service by service, in the plan's order."""
    rows = []
    for code, item in sub.plan.items.items():
        if item.counts and sub.opened:
            count = sub.counts.get(code, Count())
            due = cost(sub, item, count.billed(item)) - (count.paid if item.is_paid_on_use else 0)
            if due > 0:
                rows.append((code, due))
    return rows


def begin(sub: Subscription) -> None:
    """The counts begin again; seats are carried."""
    for code, count in sub.counts.items():
        item = sub.plan.items.get(code)
        level = count.level if item is not None and item.kind == "seats" else ZERO
        sub.counts[code] = Count(level=level, peak=level)


def carried(sub: Subscription) -> list[tuple[str, int]]:
    """Packs of carried seats that are paid at the period's start."""
    rows = []
    for code, item in sub.plan.items.items():
        if item.kind == "seats" and item.is_paid_on_use and code in sub.counts:
            due = cost(sub, item, [sub.counts[code].level])
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
    if sub.opened and (day < sub.starts or day >= sub.ends):
        day = today
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
    before = count.level if item.kind == "seats" else count.used(item, day)
    after = before + quantity
    if item.is_hard and after > limit and quantity > 0:
        raise RefusedError("quota_exceeded")
    amounts = _amounts(item, count, after, day)
    due = 0
    if item.is_paid_on_use and sub.opened:
        record = {key: value for key, value in item.record.items() if key != "minimum"}
        asked = type(item)(item.code, item.kind, item.tax, item.own_price, record)
        due = max(0, cost(sub, asked, amounts) - count.paid)
        if due and not sub.plan.owes and due > account.available(now):
            raise RefusedError("insufficient_funds")
    if due:
        count.paid += due
        account.charge(sub, "charge", sub.starts, sub.ends, due, today)
    if item.kind == "seats":
        count.level = after
        count.peak = max(count.peak, after) if sub.runs else after
    else:
        count.days[day] = count.days.get(day, ZERO) + quantity
    warn(account, sub, item, count, day if item.by_day else None, after, today)


def _amounts(item: Item, count: Count, after: Fraction, day: date) -> list[Fraction]:
    if item.kind == "seats":
        return [max(count.peak, after)]
    if item.by_day:
        return list({**count.days, day: after}.values())
    return [after]


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
            used = [count.level] if item.kind == "seats" else count.billed(item)
            if any(each > included(sub, item) for each in used):
                return True
    return False


def quotas(sub: Subscription, today: date) -> dict[str, dict[str, Any]]:
    """What a snapshot shows of each service that is counted."""
    shown = {}
    for code, item in sub.plan.items.items():
        if not item.counts:
            continue
        used = sub.counts.get(code, Count()).used(item, today)
        limit = included(sub, item)
        over = max(ZERO, used - limit)
        shown[code] = {
            "used": plain(used),
            "included": plain(limit),
            "over": plain(over),
            "packs": _packs(sub, item, over),
            "remaining": plain(max(ZERO, limit - used)),
        }
    return shown


def _packs(sub: Subscription, item: Item, over: Fraction) -> int:
    if item.record.get("model") != "package":
        return 0
    count = sub.counts.get(item.code, Count())
    if item.kind == "seats" and item.record.get("seats_billed") != "end":
        over = max(over, count.peak - included(sub, item))
    return packs_of(item.record, over)

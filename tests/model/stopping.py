"""Pauses and blocks, and their ends."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

from tests.model.account import RefusedError
from tests.model.booking import suspend
from tests.model.days import days_between, later
from tests.model.looking import let_go

if TYPE_CHECKING:
    from datetime import datetime

    from tests.model.account import Account
    from tests.model.subscription import Subscription


def pause(account: Account, sub: Subscription, values: dict[str, Any], now: datetime) -> None:
    """The customer stops it, perhaps until a day."""
    if sub.ended:
        raise RefusedError("subscription_ended")
    today = account.operator.zone.day(now)
    until = None if values.get("until") is None else date.fromisoformat(str(values["until"]))
    if "customer" in sub.reasons:
        raise RefusedError("pause_not_allowed")
    if until is not None and until <= today:
        raise RefusedError("out_of_range")
    terms = sub.plan.pause
    until = _until(sub, terms, today, until)
    fee = account.operator.minor(terms.get("fee", "0"))
    if fee and fee > account.available(now):
        raise RefusedError("insufficient_funds")
    account.book(today, "fee", -fee)
    sub.paused_until = until
    sub.pauses.append((today, until or date.max))
    freezes = terms["mode"] == "freeze" and sub.boundary is not None and sub.opened and sub.plan.advance
    suspend(account, sub, "customer", now, today)
    if freezes:
        sub.frozen = days_between(today, sub.ends)
        if sub.early:
            # It was for a boundary that the pause has moved away.
            sub.early = False
            sub.reasons.discard("funds")


def _until(sub: Subscription, terms: dict[str, Any], today: date, until: date | None) -> date | None:
    """When it ends, if the plan allows it: without a date, when the days of the year are used up."""
    least = int(terms.get("min_days", 0))
    if until is not None and days_between(today, until) < least:
        raise RefusedError("pause_not_allowed")
    if "days_per_year" not in terms:
        return until
    left = _days_left(sub, terms, today)
    if left < max(least, 1) or (until is not None and days_between(today, until) > left):
        raise RefusedError("pause_not_allowed")
    return until or later(today, left)


def _days_left(sub: Subscription, terms: dict[str, Any], today: date) -> int:
    since = date(today.year, 1, 1)
    taken = sum(max(0, days_between(max(since, begins), min(ends, today))) for begins, ends in sub.pauses)
    return int(terms["days_per_year"]) - taken


def resume(account: Account, sub: Subscription, now: datetime) -> None:
    """The customer goes on."""
    if sub.ended:
        raise RefusedError("subscription_ended")
    if "customer" not in sub.reasons:
        raise RefusedError("not_paused")
    today = account.operator.zone.day(now)
    begins, _ = sub.pauses[-1]
    if days_between(begins, today) < int(sub.plan.pause.get("min_days", 0)):
        raise RefusedError("pause_not_allowed")
    sub.paused_until = None
    sub.pauses.pop()
    sub.pauses.append((begins, today))
    let_go(account, [sub], "customer", now)


def block(account: Account, subs: list[Subscription], now: datetime) -> None:
    """Staff stops it."""
    today = account.operator.zone.day(now)
    for sub in subs:
        if not sub.ended and "staff" not in sub.reasons:
            suspend(account, sub, "staff", now, today)


def unblock(account: Account, subs: list[Subscription], now: datetime) -> None:
    """Staff lets it go."""
    let_go(account, [sub for sub in subs if "staff" in sub.reasons], "staff", now)

"""Questions about accounts, subscriptions and what comes next. Amounts are minor units.

What comes next is never worked out a second time: the engine itself is asked, on copies (see shadow).
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from abono.base.sql import statements
from abono.features.billing.engine import Scope, catch_up, decide, next_instant, schedule, turn_clock
from abono.features.billing.look_ahead import assume_money, early_unlock
from abono.features.billing.shadow import shadow

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    from abono.features.operators.queries import Operator

_quotes = statements("abono.features.billing", "quotes")
_shadow = statements("abono.features.billing", "shadow")
_state = statements("abono.features.billing", "state")

_ALL_THE_MONEY = 10**16
_FORECAST_DAYS = 30


@dataclass(frozen=True)
class Upcoming:
    """The next charge of a subscription: its civil day and amount; ``price`` is without what the use so far adds."""

    on: date
    amount: int
    price: int = field(default=0, compare=False)


@dataclass(frozen=True)
class Outlook:
    """What will be due from an account in a time, and by how much its money falls short of it."""

    due: int
    short_by: int


def accounts_now(accounts: Sequence[int], now: datetime) -> dict[int, dict[str, Any]]:
    """Balance, credit (limit and active grants), holds and what is available, by account."""
    return {row["account_id"]: row for row in _state.rows("accounts", accounts=list(accounts), now=now)}


def entries_of(accounts: Sequence[int]) -> dict[int, list[dict[str, Any]]]:
    """The entries of accounts in the order they were booked."""
    return _grouped("entries_of_accounts", accounts, "account_id")


def subscriptions_of(accounts: Sequence[int]) -> dict[UUID, dict[str, Any]]:
    """The subscriptions of accounts as they stand, by id."""
    return {row["id"]: row for row in _state.rows("subscriptions", accounts=list(accounts))}


def charges_of(accounts: Sequence[int]) -> dict[UUID, list[dict[str, Any]]]:
    """The charges of accounts, by subscription, in order."""
    return _grouped("charges_of_accounts", accounts, "subscription_id")


def notices_of(accounts: Sequence[int]) -> dict[int, list[dict[str, Any]]]:
    """The notices of accounts, in order."""
    return _grouped("notices", accounts, "account_id")


def next_charges(operator: Operator, accounts: Sequence[int], now: datetime) -> dict[UUID, Upcoming]:
    """The next charge of every subscription that has one to come, as the engine would make it with the money there."""
    with shadow(operator, accounts, now) as copies:
        assume_money(copies, accounts, now)
        begun: dict[UUID, date] = {}
        while (instant := next_instant(copies, now + timedelta(days=36_600))) is not None:
            at = max(instant, now)
            catch_up(replace(copies, claim=uuid4()), at, look=None, lenient=True)
            known = {"ids": list(begun), "days": list(begun.values())}
            rows = _quotes.rows("drop_decided", since=operator.day(now), day=operator.day(at), **known)
            begun = {row["id"]: row["period_starts_on"] for row in rows} | begun
            _reschedule(copies, at)
        found = _quotes.rows("prices")
    return {row["subscription_id"]: Upcoming(row["booked_on"], row["amount"], row["price"]) for row in found}


def _reschedule(copies: Scope, now: datetime) -> None:
    _shadow.run("claim_all", first=copies.first, last=copies.last, claim=copies.claim)
    schedule(copies, now)


def unlocks(operator: Operator, accounts: Sequence[int], now: datetime) -> dict[UUID, int]:
    """What is missing for the return of every subscription that waits for money; never below 0."""
    stopped = {
        key: row
        for key, row in subscriptions_of(accounts).items()
        if row["state"] == "suspended" and row["reasons"] & 1
    }
    if not stopped:
        return {}
    available = {account: row["available"] for account, row in accounts_now(accounts, now).items()}
    with shadow(operator, accounts, now) as copies:
        _quotes.run("pose_returns")
        _quotes.run("endow_all", amount=_ALL_THE_MONEY)
        decide(copies, now, now, boundaries=False, returns=True)
        costs = {row["subscription_id"]: row for row in _quotes.rows("returns")}
    found: dict[UUID, int] = {}
    for key, row in stopped.items():
        if row["early"]:
            found[key] = early_unlock(Scope.of_account(operator, row["account_id"]), now, key)
        else:
            free = key in costs and costs[key]["free"]
            amount = costs[key]["amount"] if key in costs else 0
            found[key] = 0 if free else max(amount - available[row["account_id"]], 0)
    return found


def outlook(
    operator: Operator, accounts: Sequence[int], now: datetime, days: int = _FORECAST_DAYS
) -> dict[int, Outlook]:
    """What will be due from each account within so many civil days, and by how much it falls short."""
    until = operator.later(now, days)
    with shadow(operator, accounts, now) as copies:
        assume_money(copies, accounts, now)
        turn_clock(copies, until, look=None, lenient=True)
        found = _shadow.rows("amounts", zone=operator.time_zone)
    return {row["account_id"]: Outlook(row["due"], row["short_by"]) for row in found}


def _grouped(statement: str, accounts: Sequence[int], column: str) -> dict[Any, list[dict[str, Any]]]:
    found: dict[Any, list[dict[str, Any]]] = defaultdict(list)
    for row in _state.rows(statement, accounts=list(accounts)):
        found[row[column]].append(row)
    return found

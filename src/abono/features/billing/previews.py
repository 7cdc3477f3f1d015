"""What an operation would do: the operation itself, in a transaction that is rolled back.

A preview is never worked out a second way. Whatever the operation writes, webhooks and jobs among it, is undone; what
it refuses is part of the answer. What is confirmed is seen in the same way while it is done, and undone if it is not
what was shown: nothing can come between the look and the deed.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from django.db import transaction

from abono.base.once import first_answer, keep_answer
from abono.base.refusal import Refusal
from abono.base.sql import statements
from abono.features.billing.prices import patiently
from abono.features.billing.queries import Upcoming, next_charges
from abono.features.billing.shadow import prepare
from abono.features.ledger import operations as ledger
from abono.features.operators.queries import operator_by_id
from abono.features.subscriptions.states import names

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import date, datetime
    from uuid import UUID

    from abono.features.ledger.operations import LockedAccount

_sql = statements("abono.features.billing", "previews")
_MOST_TRIES = 5


class PlannedCharge(NamedTuple):
    """A charge (negative: given back) for half-open days; minor units. A fee beside a price is for its day."""

    starts_on: date
    ends_on: date
    amount: int
    kind: str


@dataclass(frozen=True)
class Move:
    """A change of a subscription's state that comes with the operation."""

    subscription_id: UUID
    plan_code: str
    unit: str
    state_from: str
    state_to: str
    reasons_from: list[str]
    reasons_to: list[str]


@dataclass(frozen=True)
class Preview:
    """What an operation would do to an account; minor units.

    ``at_once`` is what the balance would change by, ``balance`` and ``available`` what they would be. ``next`` is the
    next charge of the subscription that is concerned, or of the account. A refused operation does nothing: ``refusal``
    says why. If money is missing, it passes with ``short_by`` more, and the figures are those it would have then,
    without the money that is missing.
    """

    currency: str
    at_once: int
    balance: int
    available: int
    charges: list[PlannedCharge]
    moves: list[Move]
    next: Upcoming | None
    short_by: int = 0
    refusal: Refusal | None = None
    behind: str = ""
    """What no figure shows and would be another deed: the terms that it ends at, and what people booked meanwhile."""

    def mark(self, *beside: object) -> str:
        """A digest of what is shown, with what is told ``beside`` it; equal as long as the same would be done.

        The balance is none of it: it moves with every use, and nothing is decided by that.
        """
        moves = [(each.plan_code, each.unit, each.state_from, each.state_to, each.reasons_to) for each in self.moves]
        following = self.next and (self.next.on, self.next.price)
        refused = self.refusal and self.refusal.code
        shown = (self.currency, self.at_once, self.charges, moves, following, refused, self.behind, beside)
        return hashlib.sha256(repr(shown).encode()).hexdigest()


def preview(account_id: int, now: datetime, act: Callable[[], object]) -> Preview:
    """What ``act``, an operation on the account at ``now``, would do. Nothing is written.

    Refusals are answered, not raised. Raises UnknownAccount.
    """
    prepare()
    seen = _played(account_id, now, act, 0)
    if not isinstance(seen.refusal, ledger.InsufficientFunds):
        return seen
    refusal, missing = seen.refusal, seen.refusal.missing
    for _try in range(_MOST_TRIES):
        with_money = _played(account_id, now, act, missing)
        if with_money.refusal is None:
            whole = ledger.InsufficientFunds(missing, seen.currency, field=refusal.field or "amount")
            return replace(with_money, next=None, short_by=missing, refusal=whole)
        if not isinstance(with_money.refusal, ledger.InsufficientFunds):
            break
        missing += with_money.refusal.missing
    return replace(seen, short_by=refusal.missing)


def confirm(
    account_id: int,
    now: datetime,
    act: Callable[[], object],
    *,
    shown: Callable[[Preview], bool],
    key: str | None,
    asked: Mapping[str, object],
) -> bool:
    """Do ``act``, an operation on the account at ``now``, if it does what was ``shown``; answers whether it is done.

    It is seen as it is done, in the transaction that holds the account; if it is something else, nothing is changed.
    Once under a ``key`` for what was ``asked``: again, it answers that it is done. Raises KeyConflict, UnknownAccount,
    and what the operation refuses.
    """
    prepare()
    done = True

    def judge() -> None:
        nonlocal done
        before = ledger.lock(account_id)
        if first_answer(account_id, key, asked) is not None:
            return
        done = shown(_seen(before, now, act, 0))
        if done:
            keep_answer(account_id, before.operator_id, key, asked, {}, now)
        else:
            transaction.set_rollback(True)

    patiently(judge)
    return done


def _played(account: int, now: datetime, act: Callable[[], object], money: int) -> Preview:
    """Act, as if ``money`` had been there before, look, and undo it."""
    with transaction.atomic():
        before = ledger.lock(account)
        try:
            with transaction.atomic():
                return _seen(before, now, act, money)
        except Refusal as refusal:
            available = ledger.available(account, max(now, before.reached_at or now))
            return Preview(before.currency, 0, before.balance, available, [], [], None, refusal=refusal)
        finally:
            transaction.set_rollback(True)


def _seen(before: LockedAccount, now: datetime, act: Callable[[], object], money: int) -> Preview:
    """Act on an account that is locked, as if ``money`` had been there before, and look at what that did."""
    account = before.account_id
    at = max(now, before.reached_at or now)
    operator = operator_by_id(before.operator_id)
    known = {row["id"]: row["version"] for row in _sql.rows("versions", account=account)}
    mark = _sql.row("mark", account=account)
    if money:
        day = operator.day(at)
        ledger.post(account, money, kind="adjustment", counter="adjustments", day=day, now=at, text="preview")
    act()
    after = ledger.lock(account)
    became = [row for row in _sql.rows("versions", account=account) if known.get(row["id"]) != row["version"]]
    coming = next_charges(operator, [account], at)
    return Preview(
        currency=after.currency,
        at_once=after.balance - before.balance - money,
        balance=after.balance - money,
        available=ledger.available(account, at) - money,
        charges=[_charge(row) for row in _sql.rows("charges_since", account=account, mark=mark["entry"])],
        moves=[_move(row) for row in _sql.rows("moves_since", account=account, mark=mark["transition"])],
        next=_next(coming, {row["id"] for row in became}),
        behind=repr((before.credit_limit, mark["by_hand"], sorted(row["terms"] for row in became))),
    )


def _move(row: dict[str, Any]) -> Move:
    told = {name: names(row[name]) for name in ("reasons_from", "reasons_to")}
    return Move(**{**row, **told})


def _charge(row: dict[str, object]) -> PlannedCharge:
    starts_on: date = row["starts_on"]  # type: ignore[assignment]
    ends_on: date = row["ends_on"] or starts_on + timedelta(days=1)  # type: ignore[assignment]
    return PlannedCharge(starts_on, ends_on, int(str(row["amount"])), str(row["kind"]))


def _next(coming: dict[UUID, Upcoming], touched: set[UUID]) -> Upcoming | None:
    """The next charge of what the operation changed, or else of the whole account."""
    concerned = [each for key, each in coming.items() if key in touched] if touched else list(coming.values())
    return min(concerned, key=lambda each: each.on, default=None)

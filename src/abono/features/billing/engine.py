"""The engine: all work of a range of accounts, in time order, in the caller's transaction.

One instant is a fixed row of steps (``sql/instant.sql``, ``sql/decide.sql``); the order of the steps is the order of
semantics.md §3. ``catch_up`` does what is due, as after a downtime; ``turn_clock`` lets time pass instant by instant.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from abono.base.sql import statements
from abono.kernel.money import minor_digits

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from abono.features.operators.queries import Operator

_instant = statements("abono.features.billing", "instant")
_decide = statements("abono.features.billing", "decide")
_overage = statements("abono.features.billing", "overage")


class EngineStuck(Exception):  # noqa: N818 -- a bug or a damaged row, never an answer
    """An instant was done and the same accounts are still due at it: the slice is given up, not turned for ever."""


@dataclass(frozen=True)
class Scope:
    """The accounts of one operator from ``first`` to ``last``, under one transaction's claim."""

    operator: Operator
    first: int
    last: int
    claim: UUID = field(default_factory=uuid4)

    @classmethod
    def of_account(cls, operator: Operator, account: int) -> Scope:
        """One account at the counter."""
        return cls(operator, account, account)

    def common(self, instant: datetime, now: datetime) -> dict[str, Any]:
        """The parameters that every step has."""
        return {
            "first": self.first,
            "last": self.last,
            "operator": self.operator.id,
            "claim": self.claim,
            "zone": self.operator.time_zone,
            "instant": instant,
            "day": self.operator.day(instant),
            "now": now,
            "today": self.operator.day(now),
            "digits": minor_digits(self.operator.currency),
        }


Totals = Counter[str]
"""What was done: counts by name, and ``amount`` in minor units."""

Look = Callable[[Scope, "datetime", "datetime", list[dict[str, Any]]], Totals]
"""Makes the look-aheads of some subscriptions at an instant (see look_ahead.look)."""


def next_instant(scope: Scope, until: datetime) -> datetime | None:
    """When the accounts next have work, if that is by ``until``."""
    instant: datetime | None = _instant.row(
        "next", first=scope.first, last=scope.last, operator=scope.operator.id, until=until
    )["instant"]
    return instant


def catch_up(scope: Scope, now: datetime, *, look: Look | None, lenient: bool = False) -> Totals:
    """Do everything that is due by ``now``, in time order, with the money there is; answers the totals.

    Missed boundaries keep their dates. Returns are not tried at missed midnights but once, at ``now``. ``look`` makes
    the look-aheads that are due; without it they are passed over.
    """
    totals: Totals = Counter()
    last: datetime | None = None
    rescued = False
    while (instant := next_instant(scope, now)) is not None:
        claimed = _instant.run("claim", **scope.common(instant, now))
        if instant == last and not claimed:
            # Due, but with nothing left to decide: all its subscriptions may have ended meanwhile.
            if rescued:
                message = f"accounts {scope.first}-{scope.last} of {scope.operator.code} stay due at {instant}"
                raise EngineStuck(message)
            schedule(scope, now)
            rescued = True
            continue
        last, rescued = instant, False
        totals += _do_instant(scope, instant, now, look=look, lenient=lenient)
    if last is not None and _returns_are_open(scope, last, now):
        returned = decide(scope, now, now, boundaries=False, returns=True)
        totals += Counter({name: count for name, count in returned.items() if name not in {"looks", "busy"}})
    return totals


def _returns_are_open(scope: Scope, last: datetime, now: datetime) -> bool:
    """Whether returns must still be tried at ``now``: midnights were missed, or credit was given since the last one."""
    if scope.operator.day(last) < scope.operator.day(now):
        return True
    return last < now and bool(_instant.row("credit_since", **scope.common(last, now))["given"])


def turn_clock(
    scope: Scope,
    until: datetime,
    *,
    look: Look | None,
    lenient: bool = False,
    before_each: Callable[[], None] = lambda: None,
) -> Totals:
    """Let time pass until an instant: everything is done at the moment it is due, nothing is late.

    ``before_each`` is called at every instant; what it raises ends the play.
    """
    totals: Totals = Counter()
    while (instant := next_instant(scope, until)) is not None:
        before_each()
        totals += catch_up(replace(scope, claim=uuid4()), instant, look=look, lenient=lenient)
    return totals


def _do_instant(scope: Scope, instant: datetime, now: datetime, *, look: Look | None, lenient: bool) -> Totals:
    """The steps of one instant, in the order of semantics.md §3. Grants expire by their date alone, holds lapse first.

    Mostly the decision is all there is to do; it leaves alone, and counts, the accounts where it is not.
    """
    returns = scope.operator.day(instant) == scope.operator.day(now)  # what is missed brings no returns and no looks
    totals: Totals = Counter()
    freed = release(scope, instant, now)
    decided = decide(scope, instant, now, boundaries=True, returns=returns, lenient=lenient, anyway=False)
    needs: dict[str, bool] = {}
    if decided.pop("busy"):
        needs = _instant.row("survey", **scope.common(instant, now))
        prepared, used_before = _prepare(scope, instant, now, needs, lenient=lenient)
        totals += prepared
        freed |= release(scope, instant, now)
        decided += decide(scope, instant, now, boundaries=True, returns=returns, lenient=lenient)
        if used_before:
            _overage.run("warn", counters=used_before, **scope.common(instant, now))
    if decided["ended"] and release(scope, instant, now):
        freed = True
        decided += decide(scope, instant, now, boundaries=False, returns=returns)
    # A period may begin at the very instant of its look-ahead, and so may one that a pause gave back.
    looking = decided.pop("looks", 0) > 0 or needs.get("looking") or needs.get("unpause")
    totals += decided
    if looking and not returns:
        _instant.run("put_off", **scope.common(instant, now))
    elif looking:
        seen = _instant.rows("looking", **scope.common(instant, now))
        totals += look(scope, instant, now, seen) if look and seen else Counter()
    if looking or needs or freed:
        schedule(scope, now)
    return totals


def release(scope: Scope, instant: datetime, now: datetime) -> bool:
    """End the reservations whose time or subscription is over; answers whether an account can pay more by it."""
    return bool(_instant.rows("release", **scope.common(instant, now)))


def _prepare(
    scope: Scope, instant: datetime, now: datetime, needs: dict[str, bool], *, lenient: bool
) -> tuple[Totals, list[UUID]]:
    """The steps before the decision, as far as the survey needs them; answers also the counters ``used_before``."""
    common = scope.common(instant, now)
    totals: Totals = Counter()
    used_before: list[UUID] = []
    if needs["unpause"]:
        # The pause ends before the charges of its last midnight.
        totals += lift(scope, instant, now, bit=2, cause="pause_over", midnight=True)
    if needs["closing"]:
        totals += close(scope, instant, now)
    if needs["counting"]:
        closed, used_before = close_usage(scope, instant, now)
        totals += closed
    if needs["turning"]:
        turned = Counter(_instant.row("turn", **common))
        if turned["changed"] and needs["counting"]:
            count_by_day(scope, now)
        totals += turned
    if needs["lapsing"] and (needs["closing"] or needs["turning"]):
        _instant.row("judge", lenient=lenient, **common)
    if needs["lapsing"]:
        _instant.row("lapse", **common)
    return totals, used_before


def decide(
    scope: Scope,
    instant: datetime,
    now: datetime,
    *,
    boundaries: bool,
    returns: bool,
    lenient: bool = False,
    anyway: bool = True,
) -> Totals:
    """Run the decision (see sql/decide.sql and its layers in sql/decide/); answers its counts.

    ``looks`` among them is how many look-aheads fell due by it, ``busy`` how many accounts it left alone because other
    steps must come first there.
    """
    row = _decide.row(
        "decide",
        boundaries=boundaries,
        returns=returns,
        lenient=lenient,
        anyway=anyway,
        subscription=None,
        **scope.common(instant, now),
    )
    row.pop("missing")
    return Counter(row)


def missing(scope: Scope, instant: datetime, now: datetime, subscription: UUID) -> int:
    """Make the decision of one subscription that is due; answers how much money it lacked (0: it began or goes on)."""
    row = _decide.row(
        "decide",
        boundaries=True,
        returns=False,
        lenient=False,
        anyway=True,
        subscription=subscription,
        **scope.common(instant, now),
    )
    return int(row["missing"]) if row["suspended"] or row["ended"] else 0


def lift(
    scope: Scope,
    instant: datetime,
    now: datetime,
    *,
    bit: int,
    cause: str,
    subscription: UUID | None = None,
    midnight: bool = False,
) -> Totals:
    """Take a reason away (see sql/instant.sql); answers how many subscriptions came back by it."""
    row = _instant.row(
        "lift", bit=bit, cause=cause, subscription=subscription, midnight=midnight, **scope.common(instant, now)
    )
    return Counter({"resumed": row["resumed"]})


def close(scope: Scope, instant: datetime, now: datetime, subscription: UUID | None = None) -> Totals:
    """Charge arrears: of all periods that end, or early, of one subscription."""
    return Counter(_instant.row("close", subscription=subscription, **scope.common(instant, now)))


def close_usage(
    scope: Scope, instant: datetime, now: datetime, subscription: UUID | None = None
) -> tuple[Totals, list[UUID]]:
    """Close quota periods and charge what was used beyond the included: of all billing periods that end, or early.

    Early is for one subscription, whose period ends at the instant. Answers the totals and the counters that have use
    of the period that begins.
    """
    values = {"subscription": subscription, **scope.common(instant, now)}
    _overage.run("hold_counters", **values)
    row = _overage.row("close_usage", **values)
    used_before: list[UUID] = row.pop("used_before")
    return Counter(row), used_before


def count_by_day(scope: Scope, now: datetime) -> None:
    """What was counted without a day gets one, where a change made a quota of the claimed accounts one by the day."""
    _overage.run("count_by_day", **scope.common(now, now))


def claim(scope: Scope, now: datetime) -> None:
    """Mark one account as this transaction's."""
    _instant.run("claim_one", account=scope.first, claim=scope.claim, now=now)


def schedule(scope: Scope, now: datetime) -> None:
    """Work out when the claimed accounts next have work."""
    _instant.run("schedule", **scope.common(now, now))

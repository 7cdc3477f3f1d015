"""Blocks of operators and moves in their tree, carried to every subscription below (reason ``parent``).

Two steps, so that no transaction holds a million accounts. First the tree says what is wanted, in one transaction: from
then on nothing new is sold where it is blocked. Then slices of accounts are brought in line, each in a transaction of
its own under the engine's claim. Whoever dies in between leaves a mark in the tree, and the next minute goes on there.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import structlog
from django.db import OperationalError, transaction

from abono.base.sql import statements
from abono.features.access.foreign import end_foreign_access, withdraw_foreign_moves
from abono.features.billing import engine
from abono.features.billing.engine import Scope, Totals
from abono.features.billing.look_ahead import look, return_all, review_early_blocks
from abono.features.billing.runs import SLICE, hurry
from abono.features.catalogue.offers import end_offers
from abono.features.operators import moves, tree
from abono.features.operators.queries import operator_by_id, subtree
from abono.features.subscriptions.states import Reason
from abono.features.webhooks.makers import switch_off_foreign

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import date, datetime

    from abono.features.operators.queries import Operator
    from abono.features.operators.tree import Stop

_sql = statements("abono.features.billing", "parents")
_log = structlog.get_logger(__name__)
_BIT = int(Reason.PARENT)
_TRIES = 3


@dataclass(frozen=True)
class Tally:
    """What stands at an operator: accounts, and subscriptions that have not ended."""

    operator_id: int
    accounts: int
    active: int
    suspended: int


def tallies(operators: Collection[int]) -> dict[int, Tally]:
    """What stands at each of these operators, by id; ``active`` counts all that are not suspended."""
    found = {operator: Tally(operator, 0, 0, 0) for operator in operators}
    for statement in ("count_accounts", "count_subscriptions"):
        for row in _sql.rows(statement, operators=list(operators)):
            found[row["operator_id"]] = replace(found[row["operator_id"]], **row)
    return found


def block_operator(operator: Operator, *, by: int, now: datetime) -> None:
    """Stop an operator and all below it, for the operator ``by``.

    Nothing new is sold there, every subscription gets the reason ``parent``.
    Repeating it changes nothing. The subscriptions follow by ``carry``.
    """
    with transaction.atomic():
        tree.set_block(operator, blocked=True, by=by, now=now)


def unblock_operator(operator: Operator, *, by: int, now: datetime) -> None:
    """Lift the block of an operator. What nobody above blocks as well goes on where it stood, by ``carry``.

    Raises BlockedFromAbove.
    """
    with transaction.atomic():
        tree.set_block(operator, blocked=False, by=by, now=now)


def move_operator(
    operator: Operator,
    parent: int,
    *,
    valid_from: date | None = None,
    made_by: str,
    user: int | None = None,
    key: int | None = None,
    now: datetime,
) -> bool:
    """Let an operator stand below another parent from a civil day of its own on, today at once; answers if it was.

    With it moves its subtree; the blocks above its new place hold for it, by ``carry``. What its old parent let it sell
    is sold no more; keys, invitations, webhooks and moves that wait end whose makers have no place above it any more,
    and so do the places there that its old parent's people had from such a one.
    Raises UnknownOperator, InvalidRequest, TreeCycle, MoveWaits, TooManyMoves, TreeBusy.
    """
    with transaction.atomic():
        moved = moves.plan_move(operator, parent, valid_from=valid_from, made_by=made_by, user=user, key=key, now=now)
        if moved is not None:
            _follow(moved, now)
    return moved is not None


def carry_out_due_moves(now: datetime) -> int:
    """Do the moves that are due and that their makers may still make, each once; answers how many there were.

    The others are withdrawn, also those that are not due yet. One that fails, because rows of its operator are held for
    example, is logged and left for the next call with all of the operator's; it stops nobody else's.
    """
    done, failed = 0, set[int]()
    while True:
        with transaction.atomic():
            withdraw_foreign_moves(now=now)
            due = moves.first_due(now, but=failed)
            if due is None:
                return done
            try:
                with transaction.atomic():
                    _follow(moves.carry_out(due, now=now), now)
                done += 1
            except (OperationalError, moves.TreeCycle) as error:
                failed.add(due.operator_id)
                _log.warning("move_failed", operator=due.operator_id, move=due.id, error=str(error))


@dataclass(frozen=True)
class Ending:
    """What a move ends: people and invitations by e-mail, keys by name, webhooks by address, moves by both names.

    ``staying``: people who go on, though who let them in has no place there any more.
    """

    people: Sequence[str]
    staying: Sequence[str]
    keys: Sequence[str]
    invitations: Sequence[str]
    webhooks: Sequence[str]
    moves: Sequence[str]


def ended_by_move(operator: Operator, parent: int, *, now: datetime) -> Ending:
    """What would end if an operator stood below another parent; nothing is written. Outside any transaction."""
    with transaction.atomic():
        before = tree.node(operator.id).parent_id
        moves.place(operator.id, parent)
        ending = _end_foreign(operator.id, before or operator.id, now)
        transaction.set_rollback(True)
    return ending


def _follow(moved: moves.Moved, now: datetime) -> None:
    """What else a move changes, in its transaction: offers are those of a parent, and so are some who have access."""
    if moved.before is not None and moved.before != moved.parent:
        end_offers(moved.operator, moved.before, now=now)
        _end_foreign(moved.operator, moved.before, now)


def _end_foreign(operator: int, before: int, now: datetime) -> Ending:
    below = subtree(operator)
    ended = end_foreign_access(below, before, now=now)
    return Ending(**vars(ended), webhooks=switch_off_foreign(below, now=now), moves=withdraw_foreign_moves(now=now))


def carry(now: datetime, *, operators: Collection[int] | None = None, most: int | None = None) -> Totals:
    """Bring subscriptions in line with the blocks above them, at all operators or at these; answers the totals.

    Behind a person's wall name the operators: accounts that the wall hides would be taken for done.
    At most so many slices; the rest is left for the next call. Beside running roll-overs and orders it is safe, and
    several may do it at once. What fails is logged and left for the next call.
    """
    stops = {stop.id: stop for stop in tree.uncarried(operators)}
    if not stops:
        return Counter()
    totals: Totals = Counter()
    unfinished = {stop.id for stop in stops.values() if not tree.can_complete(stop)}
    left = set[int]()
    slices = _sql.rows("cut_by_operator", operators=list(stops), bit=_BIT, size=SLICE)
    for number, row in enumerate(slices):
        stop = stops[row["operator_id"]]
        if stop.id in left:
            continue
        if most is not None and number >= most:
            left.add(stop.id)
            continue
        done = _carry_slice(stop, row["first"], row["last"], now)
        if done is None:
            left.add(stop.id)
        else:
            totals += done
    for stop in stops.values():
        if stop.id not in unfinished | left:
            tree.mark_carried(stop)
    return totals


def _carry_slice(stop: Stop, first: int, last: int, now: datetime) -> Totals | None:
    """One slice in one transaction; None if it failed, or is not wanted any more."""
    for patience in range(_TRIES - 1, -1, -1):
        try:
            with transaction.atomic():
                hurry()
                return _carry_accounts(stop, first, last, now) if tree.begin_slice(stop) else None
        except OperationalError as error:  # a deadlock with a run's slice, or held accounts
            if not patience:
                _log.warning("parent_slice_failed", operator=stop.id, first=first, last=last, error=str(error))
        except Exception as error:  # noqa: BLE001 -- whatever it is, it stops this slice and no other
            _log.warning("parent_slice_failed", operator=stop.id, first=first, last=last, error=str(error))
            return None
    return None


def _carry_accounts(stop: Stop, first: int, last: int, now: datetime) -> Totals:
    scope = Scope(operator_by_id(stop.id), first, last)
    claimed = _sql.row(
        "claim_slice",
        first=first,
        last=last,
        operator=stop.id,
        claim=scope.claim,
        bit=_BIT,
        stopped=stop.stopped,
        now=now,
    )
    if not claimed["accounts"]:
        return Counter()
    # Accounts that a run has taken further go on from there, as a request that had to wait would.
    at = max(now, claimed["reached_at"])
    # What they stop or let go depends on what runs (see blocks).
    totals = engine.catch_up(scope, at, look=look)
    if stop.stopped:
        totals["suspended"] += int(_sql.row("stop", bit=_BIT, **_narrow(scope, at))["suspended"])
    else:
        totals += _lift(scope, at)
    engine.schedule(scope, at)
    return totals


def _narrow(scope: Scope, at: datetime) -> dict[str, object]:
    common = scope.common(at, at)
    return {name: common[name] for name in ("first", "last", "claim", "zone", "instant", "day", "now", "today")}


def _lift(scope: Scope, at: datetime) -> Totals:
    """Take the reason away; what nothing else stops goes on, or is tried as a return by the engine's rules."""
    totals = engine.lift(scope, at, at, bit=_BIT, cause="unblocked_by_parent")
    totals += return_all(scope, at)
    for row in _sql.rows("early", first=scope.first, last=scope.last, claim=scope.claim):
        one = replace(scope, first=row["account_id"], last=row["account_id"])
        totals += review_early_blocks(one, at)
    return totals

"""Moves: below which parent an operator stands from a civil day on. No circle, now or later."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from abono.base.paging import Page, checked, page_of
from abono.base.paging import after as place_after
from abono.base.refusal import InvalidRequest, Refusal
from abono.base.sql import statements
from abono.base.trail import record
from abono.features.operators import tree
from abono.features.operators.queries import operator_by_id, subtree, topmost_below_provider

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import date

    from abono.features.operators.queries import Operator

_sql = statements("abono.features.operators", "tree")
_MOST_WAITING = 20
"""Moves of one operator; with each that is made or withdrawn all that wait are played for circles."""
_MOST_OF_TENANT = 200
"""The same of an operator below the provider with all that stands below it."""


class TreeCycle(Refusal):
    """An operator would stand below itself, at once or when a move that waits is due."""

    code = "tree_cycle"


class MoveWaits(Refusal):
    """A move of the same operator on the same day waits already."""

    code = "move_waits"


class TooManyMoves(Refusal):
    """As many moves of the operator, or of its tenant, wait as may."""

    code = "too_many_moves"


class TreeBusy(Refusal):
    """A move that is due is still to be carried out, and would come after the one that is asked for."""

    code = "tree_busy"


class UnknownMove(Refusal):
    """There is no such move that still waits."""

    code = "unknown_move"


@dataclass(frozen=True)
class Move:
    """A place in the tree from a day on: waiting, done, or withdrawn before it was due."""

    id: int
    valid_from: date
    at: datetime
    state: str
    made_by: str
    made_at: datetime
    done_at: datetime | None
    parent_id: int
    parent_name: str
    parent_before_name: str | None


@dataclass(frozen=True)
class Moved:
    """What a move did: the operator, the parent it left and the one it stands below now."""

    operator: int
    before: int | None
    parent: int


def moves_of(operator: int) -> list[Move]:
    """The moves of an operator, the latest first."""
    return _moves(operator, (None, None), None)


def moves_page(operator: int, *, after: str | None = None, limit: int = 50) -> Page[Move]:
    """The same, page by page. Raises InvalidRequest."""
    rows = _moves(operator, place_after(after, datetime, int) or (None, None), checked(limit) + 1)
    return page_of(rows, limit, lambda row: (row.at, row.id))


def _moves(operator: int, place: tuple[Any, ...], most: int | None) -> list[Move]:
    rows = _sql.rows("moves", operator=operator, before=place[0], before_id=place[1], most=most)
    return [Move(**row) for row in rows]


def plan_move(
    operator: Operator,
    parent: int,
    *,
    valid_from: date | None,
    made_by: str,
    user: int | None = None,
    key: int | None = None,
    now: datetime,
) -> Moved | None:
    """Let an operator stand below another parent from a civil day of its own on (None: today, at once).

    ``user`` or ``key`` is who plans it: what waits is done only while they may (access.foreign). Answers what was done
    at once, None if it waits. Runs in the caller's transaction. Raises UnknownOperator,
    InvalidRequest (a day that has passed, the parent it has), TreeCycle, MoveWaits, TooManyMoves, TreeBusy.
    """
    today = operator.day(now)
    day = valid_from or today
    if day < today:
        message = f"{day} has passed; let the move begin on {today} or later."
        raise InvalidRequest(message, field="valid_from", code="out_of_range")
    tree.lock_tree()
    if day == today and _sql.row("any_due", now=now)["due"]:
        message = "Another move is being carried out; try again in a minute."
        raise TreeBusy(message)
    before = tree.node(operator.id).parent_id
    tree.node(parent)
    if day == today and parent == before:
        message = "It stands there already; choose another parent."
        raise InvalidRequest(message, field="parent")
    at = now if day == today else operator.midnight(day)
    added = _sql.rows(
        "add_move",
        operator=operator.id,
        parent=parent,
        before=before,
        valid_from=day,
        at=at,
        made_by=made_by,
        user=user,
        key=key,
        now=now,
    )
    if not added:
        message = f"A move on {day} waits already; withdraw it first."
        raise MoveWaits(message, field="valid_from")
    if day > today:
        _require_room(operator.id)
    require_no_circle()
    after = {"parent": operator_by_id(parent).code, "from": day}
    record("operator.move", operator.code, operator=operator.id, at=now, after=after)
    if day > today:
        return None
    return _carry_out(added[0]["id"], operator.id, parent, now=now)


def _require_room(operator: int) -> None:
    """Refuse the move that was just planned where too many wait. One of today does not, and needs no room."""
    if _sql.row("count_waiting", operator=operator)["waiting"] > _MOST_WAITING:
        message = f"{_MOST_WAITING} moves of this operator wait already; withdraw one of them first."
        raise TooManyMoves(message, field="operator")
    below = subtree(topmost_below_provider(operator))
    if _sql.row("count_waiting_of_tenant", operators=below)["waiting"] > _MOST_OF_TENANT:
        message = f"{_MOST_OF_TENANT} moves of these operators wait already; withdraw some of them first."
        raise TooManyMoves(message, field="operator")


def withdraw_move(operator: Operator, move: int, *, now: datetime) -> None:
    """Take back a move that waits. Runs in the caller's transaction. Raises UnknownMove, TreeCycle."""
    tree.lock_tree()
    found = _sql.rows("withdraw_move", id=move, operator=operator.id, now=now)
    if not found:
        message = "This move does not wait any more; look at the list of moves."
        raise UnknownMove(message, field="move")
    require_no_circle()
    before = {"parent": operator_by_id(found[0]["parent_id"]).code, "from": found[0]["valid_from"]}
    record("operator.move_withdraw", operator.code, operator=operator.id, at=now, before=before)


def any_waiting() -> bool:
    """Whether a move of any operator waits."""
    return bool(_sql.row("any_waiting")["waiting"])


def withdraw_moves(moves: Collection[int], *, now: datetime) -> list[str]:
    """Withdraw moves that wait, on the locked tree; answers them in words, such as ``East → West``.

    With them go those that would close a circle without them, so that the others can be done.
    """
    closing = [row["id"] for row in _circles(moves)]
    ended = _sql.rows("withdraw_moves", moves=[*moves, *closing], now=now)
    for row in ended:
        before = {"parent": row["parent"], "from": row["valid_from"]}
        record("operator.move_withdraw", row["code"], operator=row["operator_id"], at=now, before=before)
    return sorted(f"{row['name']} → {row['parent_name']}" for row in ended)


@dataclass(frozen=True)
class Due:
    """A move that is to be done."""

    id: int
    operator_id: int
    parent_id: int


def first_due(now: datetime, *, but: Collection[int] = ()) -> Due | None:
    """The first of the moves that are due, except those of the operators ``but``; None if none is. Locks the tree.

    Whoever calls has withdrawn what may not be done any more.
    """
    if not _sql.row("any_due", now=now)["due"]:
        return None
    tree.lock_tree()
    return next((Due(**row) for row in _sql.rows("first_due", now=now, but=list(but))), None)


def carry_out(due: Due, *, now: datetime) -> Moved:
    """Do a move, once. Runs in the transaction that asked for it. Raises TreeCycle, if one before it was not done."""
    if tree.is_below(tree.parents(), due.parent_id, due.operator_id):
        message = "A move that is to come before it was not done yet."
        raise TreeCycle(message, field="parent")
    return _carry_out(due.id, due.operator_id, due.parent_id, now=now)


def require_no_circle() -> None:
    """Play all moves that wait, in order, on the locked tree; raise TreeCycle if one would close a circle."""
    for row in _circles():
        moved, parent = operator_by_id(row["operator_id"]), operator_by_id(row["parent_id"])
        message = (
            f"By then {parent.name} stands below {moved.name}, so {moved.name} cannot move there;"
            " choose another parent, or withdraw one of the moves that wait."
        )
        raise TreeCycle(message, field="parent")


def _circles(without: Collection[int] = ()) -> list[dict[str, Any]]:
    """The moves that wait and would close a circle when all others are done in order, but for some."""
    line, closing = tree.parents(), []
    for row in _sql.rows("waiting"):
        if row["id"] in without:
            continue
        if tree.is_below(line, row["parent_id"], row["operator_id"]):
            closing.append(row)
        else:
            line[row["operator_id"]] = row["parent_id"]
    return closing


def place(operator: int, parent: int) -> None:
    """Let an operator stand below a parent from now on, and nothing else of a move. Locks the tree."""
    tree.lock_tree()
    _sql.run("place", id=operator, parent=parent)


def _carry_out(move: int, operator: int, parent: int, *, now: datetime) -> Moved:
    before = tree.node(operator).parent_id
    place(operator, parent)
    _sql.run("move_done", id=move, before=before, now=now)
    tree.restop()
    codes = {"parent": None if before is None else operator_by_id(before).code}
    record(
        "operator.moved",
        operator_by_id(operator).code,
        operator=operator,
        at=now,
        before=codes,
        after={"parent": operator_by_id(parent).code},
    )
    return Moved(operator, before, parent)

"""The tree of operators: who stands where, and who is stopped by a block."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import transaction

from abono.base.paging import Page, checked, page_of, plain
from abono.base.paging import after as place_after
from abono.base.refusal import InvalidRequest, Refusal
from abono.base.sql import statements
from abono.base.texts import one_line
from abono.base.trail import record
from abono.features.operators.operations import FIELDS, insert_operator
from abono.features.operators.queries import Operator, UnknownOperator, operator_by_id, subtree, topmost_below_provider
from abono.kernel import fields

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from datetime import datetime
    from decimal import Decimal

_sql = statements("abono.features.operators", "tree")
_CODE = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,58}[a-z0-9])?")
_WEB_ADDRESS = re.compile(
    r"@|[/\\\u2044\u2215]{2}|\b(?:https?|ftp|mailto|tel)\s*:|\bwww[.\u3002]"
    r"|[^\W_][.\u3002][^\W\d_]{2,}|\b\d{1,3}(?:\.\d{1,3}){3}\b",
    re.IGNORECASE,
)
"""What a mail program may make a link of: addresses with or without a scheme, and bare names and numbers of hosts."""
_LONGEST_NAME = 200


class OperatorBlocked(Refusal):
    """The operator, or one above it, is blocked: it sells nothing until that is lifted."""

    code = "operator_blocked"


class NotAbove(Refusal):
    """Only somebody above an operator may do this to it."""

    code = "not_above"


class BlockedFromAbove(Refusal):
    """The block was set by an operator above the one that would lift it."""

    code = "blocked_from_above"


class TooManyOperators(Refusal):
    """As many operators stand below the tenant as the installation allows one."""

    code = "too_many_operators"


@dataclass(frozen=True)
class Node:
    """An operator in its tree; ``depth`` counts from the topmost one that was asked for.

    ``blocked_at``: since when it is blocked itself. ``stopped``: it or one above it is. ``carried``: all its
    subscriptions are in line with that. ``manager_id``: the membership of the parent's staff who looks after it.
    """

    id: int
    code: str
    name: str
    parent_id: int | None
    depth: int
    currency: str
    time_zone: str
    locale: str
    blocked_at: datetime | None
    stopped: bool
    carried: bool
    manager_id: int | None
    require_mfa: bool
    prices_include_tax: bool
    tax: Decimal
    tax_reduced: Decimal


def nodes(operators: Collection[int]) -> list[Node]:
    """These operators as an indented list: each after its parent, siblings by name."""
    return [Node(**row) for row in _sql.rows("below", operators=list(operators), after=None, most=None)]


def nodes_page(operators: Collection[int], *, after: str | None = None, limit: int = 50) -> Page[Node]:
    """The same, page by page; a cursor names an operator, wherever it stands by then. Raises InvalidRequest."""
    place = place_after(after, int) or (None,)
    rows = _sql.rows("below", operators=list(operators), after=place[0], most=checked(limit) + 1)
    return page_of([Node(**row) for row in rows], limit, lambda row: (row.id,))


@dataclass(frozen=True)
class Match:
    """An operator that somebody looks for; ``above``: what its parent is called, if it was among those asked for."""

    id: int
    code: str
    name: str
    above: str


def matching(operators: Collection[int], text: str, most: int) -> list[Match]:
    """Those of some operators that have a text in their name, or whose code begins with it: the best match first."""
    rows = _sql.rows("matching", operators=list(operators), text=plain(text), most=most)
    return [Match(**row) for row in rows]


def node(operator: int) -> Node:
    """One operator. Raises UnknownOperator."""
    found = _sql.rows("node", id=operator)
    if not found:
        message = f"There is no operator {operator}."
        raise UnknownOperator(message, field="operator")
    return Node(**found[0])


def blocked_above(operator: int) -> tuple[int, str] | None:
    """The id and name of the nearest operator that is blocked, itself or one above it; None if none is."""
    found = _sql.rows("blocked_above", id=operator)
    return (found[0]["id"], found[0]["name"]) if found else None


def parents() -> dict[int, int | None]:
    """Every operator's parent as it is now."""
    return {row["id"]: row["parent_id"] for row in _sql.rows("parents")}


def is_below(line: Mapping[int, int | None], operator: int, above: int) -> bool:
    """Whether ``operator`` is ``above`` itself or stands somewhere below it; ``line`` is free of circles."""
    at: int | None = operator
    while at is not None:
        if at == above:
            return True
        at = line[at]
    return False


def lock_tree() -> None:
    """Nobody else changes the tree until this transaction ends, which from now on waits for nobody else for long."""
    _sql.row("lock")
    _sql.row("hurry")


def add_below(parent: int, code: str, name: str, terms: Mapping[str, object], *, now: datetime) -> Operator:
    """A new operator below another; what ``terms`` (see FIELDS) leaves out is as at the parent.

    Below a blocked one it begins blocked. Raises InvalidRequest, InvalidValue, DuplicateOperator, UnknownOperator,
    TooManyOperators.
    """
    if not _CODE.fullmatch(code):
        message = "Write a code of up to 60 small letters, digits and hyphens, such as north-west."
        raise InvalidRequest(message, field="code")
    name = checked_name(name)
    fields.only(terms, FIELDS)
    with transaction.atomic():
        lock_tree()
        above = operator_by_id(node(parent).id)
        _require_room(above.id)
        inherited: dict[str, object] = {
            "currency": above.currency,
            "time_zone": above.time_zone,
            "locale": above.locale,
            "prices_include_tax": above.prices_include_tax,
            "tax": str(above.tax),
            "tax_reduced": str(above.tax_reduced),
        }
        made = insert_operator(code, name, {**inherited, **terms}, parent=parent)
        # Told of the parent: whoever acts stands there, and the new one is behind their wall from the next request on.
        record("operator.add", code, operator=above.id, at=now, after={"name": name, "parent": above.code, **terms})
    return made


def _require_room(parent: int) -> None:
    """Every page of those above a tenant names its operators: without a bound one tenant slows all of them down."""
    tenant = topmost_below_provider(parent)
    if node(tenant).parent_id is not None and len(subtree(tenant)) > settings.MAX_OPERATORS:
        message = f"There are {settings.MAX_OPERATORS} operators already; ask whoever runs the installation for more."
        raise TooManyOperators(message, field="operator")


def rename(operator: Operator, name: str, *, now: datetime) -> None:
    """Another name. Raises InvalidRequest."""
    name = checked_name(name)
    with transaction.atomic():
        _sql.run("rename", id=operator.id, name=name)
        before = {"name": operator.name}
        record("operator.rename", operator.code, operator=operator.id, at=now, before=before, after={"name": name})


def checked_name(name: str) -> str:
    """The one spelling of an operator's name, which mails tell to strangers. Raises InvalidRequest."""
    name = one_line(name, "name", _LONGEST_NAME, least=1)
    if _WEB_ADDRESS.search(unicodedata.normalize("NFKC", name)):
        message = (
            "Write a name that looks like no address of the web, with a blank after a dot: strangers get it by mail."
        )
        raise InvalidRequest(message, field="name")
    return name


def set_block(operator: Operator, *, blocked: bool, by: int, now: datetime) -> bool:
    """Note that an operator is blocked, or no longer, for the operator ``by``; answers whether that changed anything.

    Of two who block, the block is the upper one's. Raises BlockedFromAbove.

    From the end of the caller's transaction on nothing new is sold in its subtree. What is sold already is stopped
    afterwards (see billing.parents).
    """
    lock_tree()
    if may_lift(operator.id, by):
        changed = _sql.run("block", id=operator.id, by=by, at=now) if blocked else _sql.run("unblock", id=operator.id)
    elif blocked:
        changed = 0
    else:
        message = "The block was set by an operator above yours, which alone lifts it; ask there."
        raise BlockedFromAbove(message, field="operator")
    if changed:
        restop()
        action = "operator.block" if blocked else "operator.unblock"
        record(action, operator.code, operator=operator.id, at=now)
    return bool(changed)


def may_lift(operator: int, by: int) -> bool:
    """Whether an operator's block, if there is one, is lifted for ``by``: unless it was set for one above both."""
    return bool(_sql.row("may_lift", id=operator, by=by)["may"])


def restop() -> None:
    """Work out anew who is stopped: all that are blocked and everything below them. The tree is locked.

    It waits for no order: what is being ordered at this moment is stopped like what was sold before.
    """
    changing = _sql.rows("changing")
    for stopped in (True, False):
        operators = [row["id"] for row in changing if row["stopped"] is stopped]
        if operators:
            _sql.run("stop", operators=operators, stopped=stopped)


def require_selling(operator: int) -> None:
    """Refuse a new subscription of a stopped operator; if it is stopped from now on, the new one will be as well.

    Raises OperatorBlocked.
    """
    _sql.row("begin_order", id=operator)
    if _sql.row("is_stopped", id=operator)["stopped"]:
        message = "This operator, or one above it, is blocked: nothing new is sold until the block is lifted."
        raise OperatorBlocked(message, field="account")


def keep_currency(operator: int) -> str:
    """The currency of an operator; until the transaction ends, it and the time zone stay what they are."""
    return str(_sql.row("open_account", id=operator)["currency"])


@dataclass(frozen=True)
class Stop:
    """What is still to be carried to the subscriptions of an operator: to stop them, or to lift that."""

    id: int
    stopped: bool
    stop_no: int


def uncarried(operators: Collection[int] | None = None) -> list[Stop]:
    """The operators, all or of these, whose subscriptions are not yet in line with its blocks."""
    return [Stop(**row) for row in _sql.rows("uncarried", operators=None if operators is None else list(operators))]


def begin_slice(stop: Stop) -> bool:
    """Carry a part of a stop in this transaction; answers whether it still is what is wanted."""
    _sql.row("begin_slice", id=stop.id)
    return bool(_sql.row("stop_no", id=stop.id)["stop_no"] == stop.stop_no)


def can_complete(stop: Stop) -> bool:
    """Whether nothing is under way any more that knew nothing of the stop: an order, or a slice of what was before."""
    with transaction.atomic():
        orders = not stop.stopped or _sql.row("no_orders", id=stop.id)["none"]
        return bool(orders and _sql.row("no_slices", id=stop.id)["none"])


def mark_carried(stop: Stop) -> None:
    """All subscriptions are in line, unless another block or lift came meanwhile."""
    _sql.run("carried", id=stop.id, stop_no=stop.stop_no)

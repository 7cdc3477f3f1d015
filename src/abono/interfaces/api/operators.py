"""Operators: the tree of sellers, their terms, their places and blocks."""

from functools import partial
from typing import Annotated, Any, Literal

from django.http import HttpResponse
from ninja import Query
from pydantic import Field

from abono.base.paging import Page
from abono.features.billing.parents import block_operator, move_operator, unblock_operator
from abono.features.billing.sellers import change_settings
from abono.features.operators import moves as places
from abono.features.operators import tree
from abono.features.operators.access import find_below, find_node, find_operator, page_of_nodes
from abono.features.operators.tree import Node
from abono.interfaces.api.calls import Call, endpoint
from abono.interfaces.api.lists import Listed
from abono.interfaces.api.replies import Reply, gone, made
from abono.interfaces.api.subscriptions import Nothing
from abono.interfaces.api.values import (
    Answer,
    Body,
    Code,
    Currency,
    Cursor,
    Day,
    Flag,
    GivenId,
    Id,
    Instant,
    Locale,
    Name,
    Paging,
    plain,
)

TAG = "Operators"
ONE = "/operators/{operator}"
Zone = Annotated[str, Field(min_length=1, max_length=60, pattern=r"^[A-Za-z0-9_+/-]+$", examples=["Europe/Berlin"])]
Percent = Annotated[
    str, Field(pattern=r"^[0-9]{1,3}(\.[0-9]{1,4})?$", description="In percent, 0 to 100.", examples=["19"])
]


class Operator(Answer):
    """A seller in the tree. `stopped`: it or one above it is blocked; `carried`: its subscriptions follow that."""

    id: Id
    code: Code
    name: Name
    parent: Annotated[Id | None, Field(description="Who stands above it; null if that is above the key's reach.")]
    currency: Currency
    time_zone: Zone
    locale: Locale
    prices_include_tax: bool
    tax: Percent
    tax_reduced: Annotated[Percent, Field(examples=["7"])]
    manager: Annotated[Id | None, Field(description="The membership of the parent's staff who looks after it.")]
    require_mfa: Annotated[bool, Field(description="Whether its staff need a second factor.")]
    blocked_at: Annotated[Instant | None, Field(description="Since when it is blocked itself.", examples=[None])]
    stopped: bool
    carried: Annotated[bool, Field(examples=[True])]


class Operators(Answer):
    """A page of the tree as a list: each after its parent, siblings by name."""

    items: list[Operator]
    next: Cursor | None


class Terms(Body):
    """Terms of an operator; what is not given is as at the parent, or stays."""

    currency: Currency | None = None
    time_zone: Zone | None = None
    locale: Locale | None = None
    prices_include_tax: Flag | None = None
    tax: Percent | None = None
    tax_reduced: Annotated[Percent | None, Field(examples=["7"])] = None


class NewOperator(Terms):
    """An operator to add."""

    code: Annotated[
        str, Field(min_length=1, max_length=60, pattern=r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?$", examples=["north-west"])
    ]
    name: Name
    parent: Annotated[Id | None, Field(description="The key's own operator if not given.")] = None


class ChangedOperator(Terms):
    """What is to change; what is not given stays. `manager` may be null: nobody."""

    name: Name | None = None
    manager: Id | None = None
    require_mfa: Flag | None = None


class Move(Answer):
    """A place in the tree from a day on."""

    id: Id
    valid_from: Day
    state: Annotated[Literal["waiting", "done", "withdrawn"], Field(examples=["waiting"])]
    parent: Annotated[Id | None, Field(description="Null if that is above the key's reach.")]
    made_by: Annotated[str, Field(examples=["Shop"])]
    made_at: Instant
    done_at: Annotated[Instant | None, Field(examples=[None])]


class Moves(Answer):
    """A page of the moves of an operator, the latest first."""

    items: list[Move]
    next: Cursor | None


class NewMove(Body):
    """Another parent from a civil day on."""

    parent: GivenId
    valid_from: Annotated[Day | None, Field(description="Today if not given: at once.")] = None


def _operator_of(request: Call, node: Node) -> Operator:
    return Operator(
        id=node.id,
        code=node.code,
        name=node.name,
        parent=_seen(request, node.parent_id),
        currency=node.currency,
        time_zone=node.time_zone,
        locale=node.locale,
        prices_include_tax=node.prices_include_tax,
        tax=plain(node.tax),
        tax_reduced=plain(node.tax_reduced),
        manager=node.manager_id,
        require_mfa=node.require_mfa,
        blocked_at=node.blocked_at,
        stopped=node.stopped,
        carried=node.carried,
    )


def _seen(request: Call, operator: int | None) -> int | None:
    """An operator's id, unless it stands above what the key reaches."""
    return operator if operator in request.person.operators else None


def _shown(request: Call, operator: int) -> Operator:
    """An operator that an access door found, as it stands now."""
    return _operator_of(request, tree.node(operator))


def _terms(body: Terms) -> dict[str, Any]:
    return {name: value for name in Terms.model_fields if (value := getattr(body, name)) is not None}


@endpoint("GET", "/operators", right="operator.view", tag=TAG, answer=Operators, csv=True)
def list_operators(request: Call, wanted: Query[Paging]) -> Reply | HttpResponse:
    """List the operator of the key and all below it.

    As an indented list: each after its parent. What stands above is not told. As CSV with `Accept: text/csv`.
    """

    def ask(after: str | None, limit: int) -> Page[Node]:
        return page_of_nodes(request.person, after=after, limit=limit)

    return Listed(ask, Operator, partial(_operator_of, request), Operators).reply(request, wanted)


@endpoint("GET", ONE, right="operator.view", tag=TAG, answer=Operator)
def get_operator(request: Call, operator: Id) -> Operator:
    """Show an operator.

    With its terms, its place in the tree, and whether it is stopped.
    """
    return _operator_of(request, find_node(request.person, operator))


@endpoint(
    "POST", "/operators", right="operator.create", tag=TAG, answer=Operator, status=201,
    refusals=("duplicate_operator", "not_found", "too_many_operators"),
)  # fmt: skip
def create_operator(request: Call, body: NewOperator) -> Reply:
    """Add an operator below another.

    What is not given is as at the parent. Below a blocked operator it begins blocked.
    """
    parent = body.parent or request.person.operator
    find_operator(request.person, parent, "operator.create")
    added = tree.add_below(parent, body.code, body.name, _terms(body), now=request.now)
    return made(_shown(request, added.id), f"/operators/{added.id}")


@endpoint("PATCH", ONE, right="operator.change", tag=TAG, answer=Operator, refusals=("operator_in_use",))
def change_operator(request: Call, operator: Id, body: ChangedOperator) -> Operator:
    """Change an operator's name and terms.

    Currency and time zone stay once there are accounts. Taxes count for every period that begins from now on.
    """
    found = find_operator(request.person, operator, "operator.change")
    given = body.model_fields_set
    if body.name is not None and body.name != found.name:
        tree.rename(found, body.name, now=request.now)
    terms = _terms(body)
    if terms or given & {"manager", "require_mfa"}:
        stands = tree.node(operator)
        change_settings(
            operator,
            terms,
            manager=body.manager if "manager" in given else stands.manager_id,
            require_mfa=stands.require_mfa if body.require_mfa is None else body.require_mfa,
            now=request.now,
        )
    return _shown(request, operator)


@endpoint("POST", f"{ONE}/block", right="operator.block", tag=TAG, answer=Operator, refusals=("not_above",))
def block_an_operator(request: Call, operator: Id, body: Nothing) -> Operator:
    """Block an operator and all below it.

    At once nothing new is sold there; every subscription gets the reason `parent` within a minute (`carried`).
    """
    found = find_below(request.person, operator, "operator.block")
    block_operator(found, by=request.person.operator, now=request.now)
    return _shown(request, operator)


@endpoint(
    "POST", f"{ONE}/unblock", right="operator.block", tag=TAG, answer=Operator,
    refusals=("not_above", "blocked_from_above"),
)  # fmt: skip
def unblock_an_operator(request: Call, operator: Id, body: Nothing) -> Operator:
    """Lift the block of an operator.

    What nobody above blocks as well goes on exactly where it stood. A block that was set from above the key's operator
    is lifted there alone.
    """
    found = find_below(request.person, operator, "operator.block")
    unblock_operator(found, by=request.person.operator, now=request.now)
    return _shown(request, operator)


@endpoint("GET", f"{ONE}/moves", right="operator.view", tag=TAG, answer=Moves, csv=True)
def list_moves(request: Call, operator: Id, wanted: Query[Paging]) -> Reply | HttpResponse:
    """List the moves of an operator in the tree, the latest first.

    Those that wait, those that were done, and those that were withdrawn. As CSV with `Accept: text/csv`.
    """
    find_operator(request.person, operator)
    return _moves(request, operator).reply(request, wanted)


@endpoint(
    "POST", f"{ONE}/moves", right="operator.change", tag=TAG, answer=Moves, status=201,
    refusals=("not_above", "tree_cycle", "move_waits", "too_many_moves"),
)  # fmt: skip
def move_an_operator(request: Call, operator: Id, body: NewMove) -> Reply:
    """Let an operator stand below another parent from a day on.

    With it moves all below it. No move may close a circle, now or when one that waits is done.
    """
    found = find_below(request.person, operator, "operator.change")
    request.person.require_operator(body.parent)
    person = request.person
    move_operator(
        found,
        body.parent,
        valid_from=body.valid_from,
        made_by=person.name,
        user=person.user,
        key=person.key,
        now=request.now,
    )
    return made(_moves(request, operator).first(), f"/operators/{operator}/moves")


@endpoint(
    "DELETE", f"{ONE}/moves/{{move}}", right="operator.change", tag=TAG, answer=None, status=204,
    refusals=("not_above", "tree_cycle"),
)  # fmt: skip
def withdraw_move(request: Call, operator: Id, move: Id) -> Reply:
    """Withdraw a move that waits.

    The operator stays where it stands.
    """
    places.withdraw_move(find_below(request.person, operator, "operator.change"), move, now=request.now)
    return gone()


def _moves(request: Call, operator: int) -> Listed[places.Move]:
    def ask(after: str | None, limit: int) -> Page[places.Move]:
        return places.moves_page(operator, after=after, limit=limit)

    def make(each: places.Move) -> Move:
        return Move.model_validate({**vars(each), "parent": _seen(request, each.parent_id)})

    return Listed(ask, Move, make, Moves)

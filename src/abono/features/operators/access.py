"""The doors' only way to an operator for a given person."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from abono.features.operators.queries import operator_by_id
from abono.features.operators.tree import NotAbove, node, nodes, nodes_page

if TYPE_CHECKING:
    from abono.base.paging import Page
    from abono.features.operators.queries import Operator
    from abono.features.operators.tree import Node


class Actor(Protocol):
    """A person as far as operators ask for one (access.people.Person)."""

    @property
    def operator(self) -> int:
        """The operator they belong to."""

    @property
    def operators(self) -> tuple[int, ...]:
        """Its subtree."""

    def require(self, right: str) -> None:
        """Raise Forbidden unless they have a right."""

    def require_operator(self, operator: int) -> None:
        """Raise NotFound unless an operator is in their subtree."""


def find_operator(person: Actor, operator: int, right: str = "operator.view") -> Operator:
    """An operator of the person's subtree. Raises Forbidden without the right, NotFound elsewhere."""
    person.require(right)
    person.require_operator(operator)
    return operator_by_id(operator)


def find_below(person: Actor, operator: int, right: str) -> Operator:
    """The same for what only somebody above it may do: block, move, offer. Raises NotAbove at the person's own."""
    found = find_operator(person, operator, right)
    if operator == person.operator:
        message = "This is your own operator; only somebody above it may do that."
        raise NotAbove(message, field="operator")
    return found


def find_node(person: Actor, operator: int) -> Node:
    """An operator with its place in the tree. Raises Forbidden, NotFound."""
    find_operator(person, operator)
    return node(operator)


def list_nodes(person: Actor) -> list[Node]:
    """The person's tree as an indented list. Raises Forbidden."""
    person.require("operator.view")
    return nodes(person.operators)


def page_of_nodes(person: Actor, *, after: str | None = None, limit: int = 50) -> Page[Node]:
    """The same, page by page. Raises Forbidden, InvalidRequest."""
    person.require("operator.view")
    return nodes_page(person.operators, after=after, limit=limit)

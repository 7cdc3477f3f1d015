"""Columns and constants that are equal in a query, and how to find them in a syntax tree."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pglast.ast import Node as Tree

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True)
class Column:
    """A column of a source at a level."""

    depth: int
    alias: str
    name: str


@dataclass(frozen=True)
class Pin:
    """A constant or a parameter: one value for the whole statement."""

    value: str


Node = Column | Pin
Link = tuple[Node, Node]
"""If the first is held to a value, so is the second (the optional side of an outer join)."""


class Equal:
    """What equals what."""

    def __init__(self) -> None:
        self._above: dict[Node, Node] = {}

    def copy(self) -> Equal:
        """Another, that goes on from here on its own."""
        other = Equal()
        other._above = dict(self._above)
        return other

    def find(self, node: Node) -> Node:
        """What stands for all that equals a node."""
        while node in self._above:
            node = self._above[node]
        return node

    def unite(self, one: Node, other: Node) -> None:
        """Say that two are equal. A constant stands for all that equals it."""
        first, second = self.find(one), self.find(other)
        if first == second:
            return
        if isinstance(first, Pin):
            self._above[second] = first
        else:
            self._above[first] = second

    def together(self, one: Node, other: Node) -> bool:
        """Whether two are known to be equal."""
        return self.find(one) == self.find(other)

    def pins(self, links: list[Link]) -> dict[Node, Pin]:
        """The constant of every node that stands for others and is held to one, links included."""
        known: dict[Node, Pin] = {}
        for _step in range(len(links) + 1):
            for given, taken in links:
                found = self.find(given)
                value = found if isinstance(found, Pin) else known.get(found)
                if value is not None:
                    known.setdefault(self.find(taken), value)
        stands = {self.find(node) for node in self._above}
        return known | {node: node for node in stands if isinstance(node, Pin)}


def pin_of(node: Any) -> Pin | None:
    """The constant or parameter that an expression is, through casts; NULL is none."""
    kind = type(node).__name__
    if kind == "TypeCast":
        return pin_of(node.arg)
    if kind == "ParamRef":
        return Pin(f"${node.number}")
    if kind == "A_Const" and not node.isnull:
        return Pin(repr(node.val))
    return None


def conjuncts(node: Any) -> Iterator[Any]:
    """The conditions that must all hold."""
    if type(node).__name__ == "BoolExpr" and node.boolop.name == "AND_EXPR":
        for each in node.args:
            yield from conjuncts(each)
    elif type(node).__name__ == "BooleanTest" and node.booltesttype.name == "IS_TRUE":
        yield from conjuncts(node.arg)
    elif node is not None:
        yield node


def is_equality(node: Any) -> Iterator[tuple[Any, Any]]:
    """The pairs that ``a = b`` or ``(a, b) = (c, d)`` makes equal."""
    if type(node).__name__ != "A_Expr" or node.kind.name != "AEXPR_OP" or node.name[-1].sval != "=":
        return
    if type(node.lexpr).__name__ == type(node.rexpr).__name__ == "RowExpr":
        yield from zip(node.lexpr.args, node.rexpr.args, strict=True)
    else:
        yield node.lexpr, node.rexpr


def children(node: Any) -> Iterator[Any]:
    """What lies directly inside a node or a list."""
    if isinstance(node, tuple | list):
        yield from node
    elif isinstance(node, Tree):
        for slot in node:
            yield getattr(node, slot)


def expressions(node: Any, kind: str) -> Iterator[Any]:
    """Every node of a kind, however deep."""
    if type(node).__name__ == kind:
        yield node
    for each in children(node):
        yield from expressions(each, kind)


def sublinks(node: Any) -> Iterator[Any]:
    """The subqueries of an expression, not those inside them."""
    if type(node).__name__ == "SubLink":
        yield node
    elif type(node).__name__ not in {"SelectStmt", "JoinExpr"}:
        for each in children(node):
            yield from sublinks(each)


def windows(node: Any) -> Iterator[tuple[str, Any]]:
    """The window functions of an expression: name and window."""
    if type(node).__name__ == "FuncCall" and node.over is not None:
        yield node.funcname[-1].sval, node.over
    if type(node).__name__ != "SubLink":
        for each in children(node):
            yield from windows(each)

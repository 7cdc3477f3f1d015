"""A query level while it is read, and what it looks like from outside."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from .equality import Column, Equal, Link, Node, Pin

if TYPE_CHECKING:
    from collections.abc import Iterable

SELF = "\0"
"""A column name that stands for the account of a source, whatever its columns."""


@dataclass(frozen=True)
class Shape:
    """What a query looks like from outside: columns (none: unknown), each with whether it carries the account."""

    columns: tuple[tuple[str, bool], ...] | None = ()
    tables: frozenset[str] = frozenset()
    pin: Pin | None = None
    anchor: Node | None = None

    @property
    def keys(self) -> list[str]:
        """The columns that carry the account."""
        return [name for name, carries in self.columns or () if carries]


class Level:
    """One SELECT, UPDATE or DELETE: what it reads from, and what is equal in it."""

    def __init__(self, outer: Level | None) -> None:
        self.outer = outer
        self.depth: int = outer.depth + 1 if outer else 0
        self.sources: dict[str, Shape] = {}
        self.lockable: set[str] = set()
        self.laterals: list[Any] = []
        self.on: list[tuple[Any, frozenset[str] | None]] = []
        self.near: Equal = outer.near.copy() if outer else Equal()
        self.same = Equal()
        self.links: list[Link] = []
        self.values = False

    def resolve(self, node: Any) -> Column | None:
        """The column that an expression is, if it is nothing but a column."""
        if type(node).__name__ != "ColumnRef" or type(node.fields[-1]).__name__ == "A_Star":
            return None
        name = node.fields[-1].sval
        if len(node.fields) > 1:
            alias = node.fields[-2].sval
            if alias in self.sources:
                return Column(self.depth, alias, name)
        else:
            for alias, shape in self.sources.items():
                if name in [column for column, _carries in shape.columns or ()]:
                    return Column(self.depth, alias, name)
        return self.outer.resolve(node) if self.outer else None

    def own(self, alias: str) -> Column:
        """The account of a source."""
        return Column(self.depth, alias, SELF)

    def distributed(self) -> list[str]:
        """The sources that lie on many machines."""
        return [alias for alias, shape in self.sources.items() if shape.tables]

    def add(self, alias: str, shape: Shape, *, optional: bool) -> None:
        """Take a source in; ``optional`` if an outer join may leave it empty."""
        self.sources[alias] = shape
        for key in shape.keys:
            self.near.unite(self.own(alias), Column(self.depth, alias, key))
            self.same.unite(self.own(alias), Column(self.depth, alias, key))
        if shape.anchor is not None:
            self.near.unite(self.own(alias), shape.anchor)
        if shape.tables and shape.pin is not None:
            self.near.unite(self.own(alias), shape.pin)
            if optional:
                self.links.append((shape.pin, self.own(alias)))
            else:
                self.same.unite(self.own(alias), shape.pin)

    def pin(self, alias: str) -> Pin | None:
        """The constant that the account of a source surely equals."""
        found = self.same.pins(self.links)
        return found.get(self.same.find(self.own(alias)))

    def pinned(self) -> Pin | None:
        """The constant that every distributed source is held to, if there is one."""
        pins = {self.pin(alias) for alias in self.distributed()}
        return pins.pop() if len(pins) == 1 else None

    def carries(self, node: Any) -> bool:
        """Whether an expression is the account of what this level reads."""
        column = self.resolve(node)
        return column is not None and any(self.near.together(column, self.own(a)) for a in self.distributed())

    def anchor(self) -> Node | None:
        """The account of an outer level that this one is tied to."""
        level, mine = self.outer, self.distributed()
        while level is not None and mine:
            for alias in level.distributed():
                if self.near.together(level.own(alias), self.own(mine[0])):
                    return level.own(alias)
            level = level.outer
        return None


def renamed(shape: Shape, names: Iterable[Any] | None) -> Shape:
    """A shape under the column names of an alias."""
    if not names or shape.columns is None:
        return shape
    given = [name.sval for name in names]
    columns = ((new, carries) for new, (_old, carries) in zip(given, shape.columns, strict=False))
    return replace(shape, columns=(*columns, *shape.columns[len(given) :]))


def union(one: Shape, other: Shape) -> Shape:
    """Both arms of a set operation: a column carries the account where it does so in both."""
    columns = None
    if one.columns is not None and other.columns is not None:
        columns = tuple((name, a and b) for (name, a), (_name, b) in zip(one.columns, other.columns, strict=False))
    arms = [arm for arm in (one, other) if arm.tables]
    pins, anchors = {arm.pin for arm in arms}, {arm.anchor for arm in arms}
    return Shape(
        columns,
        one.tables | other.tables,
        pins.pop() if len(pins) == 1 else None,
        one.anchor or other.anchor if None not in anchors else None,
    )

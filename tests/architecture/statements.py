"""The Citus rules for statements, judged on their syntax trees (architecture.md §4).

A query level keeps two equivalences over its columns. ``near`` says which rows are surely of the same account, so that
tables are joined on one machine; ``same`` says which columns surely equal one constant, so that the level runs for one
account. A common table expression or subquery is known outside by its ``Shape``: which of its columns still carry the
account, and what it reads.

Where these rules cannot be sure, they refuse; a statement is then written so that they can.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pglast import parse_sql

from abono.base.distribution import ACCOUNT, TABLES, Distribution, Home

from .equality import Column, Node, conjuncts, expressions, is_equality, pin_of, sublinks, windows
from .levels import SELF, Level, Shape, renamed, union

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

_PLACEHOLDER = re.compile(r"%\((\w+)\)s")


@dataclass(frozen=True)
class Violation:
    """A rule that a statement breaks."""

    rule: str
    says: str


@dataclass(frozen=True)
class Schema:
    """What is known of the tables.

    ``made``: local tables that the statements of a file make for themselves. ``copies``: unqualified names mean
    temporary copies, which are not distributed.
    """

    columns: Mapping[str, tuple[str, ...]]
    places: Distribution = TABLES
    made: frozenset[str] = frozenset()
    copies: bool = False


class Reader:
    """Reads one statement and gathers what it violates."""

    def __init__(self, schema: Schema) -> None:
        self.schema = schema
        self.found: list[Violation] = []
        self.inserting = False

    def complain(self, rule: str, says: str) -> None:
        """Note a violation once."""
        if Violation(rule, says) not in self.found:
            self.found.append(Violation(rule, says))

    def statement(self, node: Any) -> None:
        """Judge a statement of any kind."""
        kind = type(node).__name__
        if kind == "CreateTrigStmt":
            self.complain("trigger", f"makes the trigger {node.trigname}")
        elif kind in _QUERIES:
            self.query(node, {}, None)
        elif kind == "CreateTableAsStmt" and type(node.query).__name__ in _QUERIES:
            self.query(node.query, {}, None)  # makes a local table
        elif kind not in _WHOLE and not self.schema.copies:
            for each in expressions(node, "RangeVar"):
                if self.table(each).tables:
                    self.complain("kind", f"{kind} on the distributed table {each.relname}")

    def query(self, node: Any, ctes: Mapping[str, Shape], outer: Level | None) -> Shape:
        """Judge a query and answer its shape."""
        known = self.with_clause(node.withClause, ctes, outer)
        reader = _QUERIES.get(type(node).__name__)
        if reader is None:
            self.complain("kind", f"{type(node).__name__} is not understood here")
            return Shape(None)
        return reader(self, node, known, outer)

    def with_clause(self, clause: Any, ctes: Mapping[str, Shape], outer: Level | None) -> dict[str, Shape]:
        known = dict(ctes)
        for each in clause.ctes if clause else ():
            if clause.recursive and getattr(each.ctequery, "larg", None):
                known[each.ctename] = self.query(each.ctequery.larg, known, outer)
            known[each.ctename] = renamed(self.query(each.ctequery, known, outer), each.aliascolnames)
        return known

    def table(self, node: Any) -> Shape:
        """The shape of a table by its name."""
        name, where = node.relname, node.schemaname
        if where in {"pg_catalog", "information_schema"} or name in self.schema.made:
            return Shape(None)
        columns = self.schema.columns.get(name)
        if columns is None:
            self.complain("table", f"{name} is no table of ours")
            return Shape(None)
        local = where == "pg_temp" or (self.schema.copies and where is None)
        spread = not local and self.schema.places.home(name) is Home.DISTRIBUTED
        return Shape(
            tuple((column, spread and column == ACCOUNT) for column in columns),
            frozenset([name]) if spread else frozenset(),
        )

    # FROM

    def item(self, node: Any, level: Level, ctes: Mapping[str, Shape], *, optional: bool = False) -> frozenset[str]:
        """Take one item of FROM in; answers the names it brings."""
        kind = type(node).__name__
        if kind == "JoinExpr":
            return self.join(node, level, ctes, optional=optional)
        alias = node.alias.aliasname if getattr(node, "alias", None) else getattr(node, "relname", f"?{id(node)}")
        renames = node.alias.colnames if getattr(node, "alias", None) else None
        if kind == "RangeSubselect" and node.lateral:
            level.laterals.append((node, alias, renames, optional))
            level.sources[alias] = Shape(None)
            return frozenset([alias])
        if kind == "RangeSubselect":
            shape = self.query(node.subquery, ctes, level.outer)
            level.lockable.add(alias)
        elif kind == "RangeVar" and node.schemaname is None and node.relname in ctes:
            shape = ctes[node.relname]
        elif kind == "RangeVar":
            shape = self.table(node)
            level.lockable.add(alias)
        else:
            if kind != "RangeFunction":
                self.complain("kind", f"{kind} in FROM is not understood here")
            level.on.append((node, None))
            shape = Shape(None)
        level.add(alias, renamed(shape, renames), optional=optional)
        return frozenset([alias])

    def join(self, node: Any, level: Level, ctes: Mapping[str, Shape], *, optional: bool) -> frozenset[str]:
        kind = node.jointype.name
        left = self.item(node.larg, level, ctes, optional=optional or kind in {"JOIN_RIGHT", "JOIN_FULL"})
        right = self.item(node.rarg, level, ctes, optional=optional or kind in {"JOIN_LEFT", "JOIN_FULL"})
        if node.usingClause or node.isNatural or node.alias:
            self.complain("kind", "JOIN … USING, NATURAL and named joins are not understood here; write ON")
        loose = {"JOIN_LEFT": right, "JOIN_RIGHT": left, "JOIN_FULL": frozenset[str]()}.get(kind)
        if kind == "JOIN_INNER" and optional:
            loose = left | right
        level.on.append((node.quals, loose))
        return left | right

    def settle(self, level: Level, where: Any, ctes: Mapping[str, Shape]) -> frozenset[str]:
        """Work out what is equal, judge the joins of a level; answers what the subqueries of its conditions read."""
        self.equate(level, where, ctes)
        for node, alias, renames, optional in level.laterals:
            shape = renamed(self.query(node.subquery, ctes, level), renames)
            level.add(alias, shape, optional=optional)
            self.equate(level, where, ctes)
        spread = level.distributed()
        for alias in spread[1:]:
            if not level.near.together(level.own(spread[0]), level.own(alias)):
                self.complain("join", f"{spread[0]} and {alias} are not joined on account_id")
        return self.subqueries((where, [quals for quals, _loose in level.on]), level, ctes)

    def equate(self, level: Level, where: Any, ctes: Mapping[str, Shape]) -> None:
        for quals, loose in [(where, None), *level.on]:
            for each in conjuncts(quals):
                if type(each).__name__ == "SubLink":
                    self.tie(each, level, ctes)
                for one, other in is_equality(each):
                    self.unite(level, pin_of(one) or level.resolve(one), pin_of(other) or level.resolve(other), loose)

    @staticmethod
    def unite(level: Level, one: Node | None, other: Node | None, loose: frozenset[str] | None) -> None:
        """Two sides of an equality; in an outer join it says something of the optional side only."""
        if one is None or other is None:
            return
        if loose is None:
            level.near.unite(one, other)
            level.same.unite(one, other)
            return
        sides = [each for each in (one, other) if isinstance(each, Column)]
        if all(isinstance(each, Column) for each in (one, other)) or any(each.alias in loose for each in sides):
            level.near.unite(one, other)
        for given, taken in ((one, other), (other, one)):
            if isinstance(taken, Column) and taken.alias in loose:
                level.links.append((given, taken))

    def tie(self, link: Any, level: Level, ctes: Mapping[str, Shape]) -> None:
        """``column IN (SELECT account_id …)`` as an equality that holds for what the subquery answers."""
        name = link.operName[-1].sval if link.operName else "="
        column = level.resolve(link.testexpr) if link.testexpr else None
        if link.subLinkType.name == "ANY_SUBLINK" and name == "=" and column and level.carries(link.testexpr):
            shape = Reader(self.schema).query(link.subselect, ctes, level)
            if shape.columns and shape.columns[0][1]:
                level.near.unite(column, Column(level.depth, f"in {id(link)}", SELF))

    # subqueries, windows, locks

    def subqueries(self, node: Any, level: Level, ctes: Mapping[str, Shape], *, target: bool = False) -> frozenset[str]:
        """Judge the subqueries of an expression; answers the distributed tables they read."""
        read: frozenset[str] = frozenset()
        for link in sublinks(node):
            shape = self.query(link.subselect, ctes, level)
            read |= shape.tables
            names = ", ".join(sorted(shape.tables))
            tied = shape.anchor is not None or any(
                level.near.together(Column(level.depth, f"in {id(link)}", SELF), level.own(alias))
                for alias in level.distributed()
            )
            if target and shape.tables and shape.pin is None and (level.outer or level.sources or level.values):
                # One that stands alone, as in SELECT EXISTS (…), is over no *other* table.
                self.complain("target", f"a subquery over {names} in the target list is not held to one account")
            elif shape.tables and not tied and _spread(level):
                self.complain("join", f"a subquery over {names} is not tied by account_id to what surrounds it")
            self.subqueries(link.testexpr, level, ctes, target=target)
        return read

    def windows(self, node: Any, level: Level) -> None:
        named = {each.name: each for each in node.windowClause or ()}
        for name, over in windows((node.targetList, node.sortClause)):
            if self.inserting and name == "row_number":
                continue  # INSERT … SELECT with a row_number() across machines was seen to work
            parts: list[Any] = []
            step, seen = over, set()
            while step is not None and id(step) not in seen:
                seen.add(id(step))
                parts += step.partitionClause or ()
                step = named.get(step.refname or step.name)
            if level.distributed() and not level.pinned() and not any(level.carries(each) for each in parts):
                self.complain("window", f"{name}() is neither partitioned by account_id nor held to one account")

    def locks(self, node: Any, level: Level) -> None:
        for clause in node.lockingClause or ():
            locked = [each.relname for each in clause.lockedRels or ()] or sorted(level.lockable)
            for alias in locked:
                shape = level.sources.get(alias)
                if shape and shape.tables and not level.pin(alias):
                    self.complain("lock", f"{clause.strength.name} of {alias} without account_id = one value")

    # kinds of statements

    def select(self, node: Any, ctes: Mapping[str, Shape], outer: Level | None) -> Shape:
        if node.larg:
            return union(self.query(node.larg, ctes, outer), self.query(node.rarg, ctes, outer))
        level = Level(outer)
        level.values = bool(node.valuesLists)
        for each in node.fromClause or ():
            self.item(each, level, ctes)
        read = self.settle(level, node.whereClause, ctes) | self.subqueries(node.havingClause, level, ctes)
        for each in (node.targetList, node.valuesLists, node.sortClause, node.groupClause, node.distinctClause):
            read |= self.subqueries(each, level, ctes, target=True)
        read |= self.subqueries((node.windowClause, node.limitCount, node.limitOffset), level, ctes, target=True)
        self.windows(node, level)
        self.locks(node, level)
        if node.valuesLists:
            return Shape(tuple((f"column{n}", False) for n, _ in enumerate(node.valuesLists[0], 1)), read)
        return self.answer(node.targetList, level, read)

    def answer(self, targets: Any, level: Level, read: frozenset[str] = frozenset()) -> Shape:
        """The shape of a target list (or RETURNING)."""
        columns: list[tuple[str, bool]] = []
        complete = True
        for each in targets or ():
            fields = each.val.fields if type(each.val).__name__ == "ColumnRef" else ()
            if fields and type(fields[-1]).__name__ == "A_Star":
                for alias in [fields[-2].sval] if len(fields) > 1 else list(level.sources):
                    shape = level.sources.get(alias, Shape(None))
                    complete = complete and shape.columns is not None
                    columns += shape.columns or ()
            else:
                columns.append((each.name or (fields[-1].sval if fields else "?"), level.carries(each.val)))
        tables = frozenset[str]().union(*(shape.tables for shape in level.sources.values()), read)
        return Shape(tuple(columns) if complete else None, tables, level.pinned(), level.anchor())

    def insert(self, node: Any, ctes: Mapping[str, Shape], outer: Level | None) -> Shape:
        level = Level(outer)
        self.item(node.relation, level, ctes={})
        (alias,) = level.sources
        rows = node.selectStmt
        if rows is not None:
            before, self.inserting = self.inserting, True
            self.query(rows, ctes, outer)
            self.inserting = before
            names = [each.name for each in node.cols or ()] or [name for name, _ in level.sources[alias].columns or ()]
            pins = {pin_of(values[names.index(ACCOUNT)]) for values in _rows(rows)} if ACCOUNT in names else {None}
            if len(pins) == 1 and (pin := pins.pop()) is not None:
                level.same.unite(level.own(alias), pin)
                level.near.unite(level.own(alias), pin)
        self.subqueries((node.onConflictClause, node.returningClause), level, ctes, target=True)
        return self.returning(node, level)

    def update(self, node: Any, ctes: Mapping[str, Shape], outer: Level | None) -> Shape:
        level = Level(outer)
        self.item(node.relation, level, ctes={})
        for each in getattr(node, "fromClause", None) or getattr(node, "usingClause", None) or ():
            self.item(each, level, ctes)
        read = self.settle(level, node.whereClause, ctes)
        read |= self.subqueries((getattr(node, "targetList", None), node.returningClause), level, ctes, target=True)
        return self.returning(node, level, read)

    def merge(self, node: Any, ctes: Mapping[str, Shape], outer: Level | None) -> Shape:
        level = Level(outer)
        self.item(node.relation, level, ctes={})
        self.item(node.sourceRelation, level, ctes)
        read = self.settle(level, node.joinCondition, ctes)
        read |= self.subqueries((node.mergeWhenClauses, node.returningClause), level, ctes, target=True)
        return self.returning(node, level, read)

    def returning(self, node: Any, level: Level, read: frozenset[str] = frozenset()) -> Shape:
        return self.answer(node.returningClause.exprs if node.returningClause else (), level, read)


_QUERIES = {
    "SelectStmt": Reader.select,
    "InsertStmt": Reader.insert,
    "UpdateStmt": Reader.update,
    "DeleteStmt": Reader.update,
    "MergeStmt": Reader.merge,
}


_WHOLE = {"TruncateStmt", "VacuumStmt"}
"""What treats a table as a whole, wherever its rows are."""


def _spread(level: Level | None) -> bool:
    """Whether a level or one around it reads what lies on many machines."""
    return level is not None and (bool(level.distributed()) or _spread(level.outer))


def _rows(node: Any) -> Iterator[list[Any]]:
    """The rows of VALUES, or the one target list of a SELECT."""
    if node.valuesLists:
        yield from node.valuesLists
    elif node.targetList and not any(type(each.val).__name__ == "A_Star" for each in node.targetList):
        yield [each.val for each in node.targetList]


def parse(text: str) -> list[Any]:
    """The syntax trees of a statement's text. Raises pglast.parser.ParseError for text that is not SQL."""
    names: dict[str, int] = {}
    plain = _PLACEHOLDER.sub(lambda found: f"${names.setdefault(found[1], len(names) + 1)}", text)
    return [each.stmt for each in parse_sql(plain.replace("%%", "%"))]


def tables_made(texts: Iterable[str]) -> frozenset[str]:
    """The tables that statements make from queries: ``CREATE TABLE … AS``, which are local."""
    made = (each for text in texts for node in parse(text) for each in expressions(node, "CreateTableAsStmt"))
    return frozenset(each.into.rel.relname for each in made)


def statement_violations(text: str, schema: Schema) -> list[Violation]:
    """Which rules a statement breaks."""
    reader = Reader(schema)
    for node in parse(text):
        reader.statement(node)
    return reader.found

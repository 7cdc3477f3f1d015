"""The Citus rules for tables, judged on what Django's models say of them (architecture.md §4)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.contrib.postgres.constraints import ExclusionConstraint
from django.db import connection
from django.db.models import CheckConstraint, F, UniqueConstraint

from abono.base.constraints import CompositeForeignKey
from abono.base.distribution import ACCOUNT, Distribution, Home
from abono.base.row_security import Privileges, RowPolicy

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from django.db.models import BaseConstraint, Model


_KNOWN = CheckConstraint | UniqueConstraint | ExclusionConstraint | CompositeForeignKey | RowPolicy | Privileges


@dataclass(frozen=True)
class Reference:
    """A foreign key that the database enforces."""

    columns: tuple[str, ...]
    table: str
    to_columns: tuple[str, ...]


@dataclass(frozen=True)
class Described:
    """A table as its model describes it. ``unknown`` names what nobody has judged yet."""

    name: str
    types: Mapping[str, str]
    key: tuple[str, ...]
    unique: tuple[tuple[str, ...], ...] = ()
    references: tuple[Reference, ...] = ()
    rules: tuple[RowPolicy | Privileges, ...] = ()
    unknown: tuple[str, ...] = ()

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns in the order of the table."""
        return tuple(self.types)


def describe(model: type[Model]) -> Described:
    """What a model makes of its table: columns, primary key, unique sets, foreign keys."""
    meta: Any = model._meta  # noqa: SLF001 -- Django's documented way to a model's metadata
    fields = [field for field in meta.concrete_fields if field.column is not None]
    return Described(
        name=meta.db_table,
        types={field.column: str(field.db_type(connection)) for field in fields},
        key=tuple(field.column for field in meta.pk_fields),
        unique=tuple(_unique(meta, fields)),
        references=tuple(_references(meta, fields)),
        rules=tuple(each for each in meta.constraints if isinstance(each, RowPolicy | Privileges)),
        unknown=tuple(
            f"{type(each).__name__} {each.name}" for each in meta.constraints if not isinstance(each, _KNOWN)
        ),
    )


def _unique(meta: Any, fields: list[Any]) -> Iterator[tuple[str, ...]]:
    yield from ((field.column,) for field in fields if field.unique and not field.primary_key)
    for names in meta.unique_together:
        yield tuple(meta.get_field(name).column for name in names)
    for constraint in meta.constraints:
        if isinstance(constraint, UniqueConstraint | ExclusionConstraint):
            yield tuple(_plain_columns(meta, constraint))


def _plain_columns(meta: Any, constraint: BaseConstraint) -> Iterator[str]:
    """The columns that must be equal for two rows to clash; a function of a column does not count as the column."""
    if isinstance(constraint, ExclusionConstraint):
        plain: list[Any] = [each for each, operator in constraint.expressions if operator == "="]
    else:
        assert isinstance(constraint, UniqueConstraint)
        plain = [*constraint.fields, *constraint.expressions]
    for each in plain:
        name: Any = getattr(each, "name", None) if isinstance(each, F) else each
        if isinstance(name, str):
            yield meta.get_field(name).column


def _references(meta: Any, fields: list[Any]) -> Iterator[Reference]:
    for field in fields:
        if field.is_relation and getattr(field, "db_constraint", False):
            target = field.target_field
            yield Reference((field.column,), target.model._meta.db_table, (target.column,))  # noqa: SLF001
    for constraint in meta.constraints:
        if isinstance(constraint, CompositeForeignKey):
            yield Reference(constraint.columns, constraint.to, constraint.to_columns)


def table_violations(table: Described, places: Distribution) -> list[str]:
    """Which rules a table breaks, one sentence each."""
    homes = places.homes(table.name)
    if len(homes) != 1:
        return [f"listed {' and '.join(homes) or 'nowhere'} in abono.base.distribution"]
    found = [f"{each} is of a kind that these rules do not know" for each in table.unknown]
    found += _reference_violations(table, homes[0], places)
    if homes[0] is Home.DISTRIBUTED:
        found += _distributed_violations(table)
    return found


def _distributed_violations(table: Described) -> Iterator[str]:
    if table.key not in {(ACCOUNT,), (ACCOUNT, "id"), (ACCOUNT, "key")}:
        yield f"primary key {table.key} is not (account_id, id), (account_id, key) or account_id alone"
    if table.types.get(ACCOUNT) != "bigint":
        yield f"account_id is {table.types.get(ACCOUNT)} instead of bigint; only equal types are put together"
    if "operator_id" not in table.types:
        yield "carries no operator_id"
    for columns in table.unique:
        if ACCOUNT not in columns:
            yield f"unique {columns} lacks account_id"


def _reference_violations(table: Described, home: Home, places: Distribution) -> Iterator[str]:
    for each in table.references:
        to = places.home(each.table)
        if to is not Home.DISTRIBUTED:
            if home is Home.DISTRIBUTED and to is Home.LOCAL:
                yield f"foreign key {each.columns} from a distributed table to the local table {each.table}"
        elif home is not Home.DISTRIBUTED:
            yield f"foreign key {each.columns} from a {home} table to the distributed table {each.table}"
        elif (ACCOUNT, ACCOUNT) not in zip(each.columns, each.to_columns, strict=True):
            yield f"foreign key {each.columns} to {each.table} {each.to_columns} leaves the account"

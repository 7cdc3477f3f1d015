"""What Django 5.2 cannot declare by itself: rules of a table that only the database enforces."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db.backends.ddl_references import Statement, Table
from django.db.models import BaseConstraint

if TYPE_CHECKING:
    from django.db.backends.base.schema import BaseDatabaseSchemaEditor
    from django.db.models import Model


class DatabaseRule(BaseConstraint):
    """A rule that stands in ``Meta.constraints`` and that Django neither checks nor names in its errors.

    Because it is a constraint, ``makemigrations`` finds what changed and writes the whole text of it down: what an old
    migration does stays as it was. A subclass answers the two statements, in which ``%(table)s`` is the table.
    """

    def created(self) -> str:
        """The statement that makes the rule."""
        raise NotImplementedError

    def removed(self) -> str:
        """The statement that undoes it."""
        raise NotImplementedError

    def create_sql(self, model: type[Model] | None, schema_editor: BaseDatabaseSchemaEditor | None) -> Any:
        """What a migration runs to add the rule."""
        return _statement(self.created(), model, schema_editor)

    def constraint_sql(self, model: type[Model] | None, schema_editor: BaseDatabaseSchemaEditor | None) -> str:
        """Nothing inline: the rule may name what is made later in the same migration."""
        if schema_editor is not None:
            schema_editor.deferred_sql.append(self.create_sql(model, schema_editor))
        return ""

    def remove_sql(self, model: type[Model] | None, schema_editor: BaseDatabaseSchemaEditor | None) -> Any:
        """What a migration runs to take the rule away."""
        return _statement(self.removed(), model, schema_editor)

    def validate(self, *_args: object, **_kwargs: object) -> None:
        """The database alone judges."""

    def __eq__(self, other: object) -> bool:
        """Two rules are the same when they would be written down the same."""
        if isinstance(other, type(self)):
            return bool(self.deconstruct() == other.deconstruct())
        return NotImplemented

    def __hash__(self) -> int:
        """By name, which is unique in a schema."""
        return hash(self.name)


class CompositeForeignKey(DatabaseRule):
    """``(columns)`` must be found in ``to`` under ``to_columns``.

    Rows that belong to an account refer to one another by ``(account_id, id)``, so that a
    relation never leaves its account and stays on one machine when the tables are distributed.
    """

    def __init__(self, *, columns: tuple[str, ...], to: str, to_columns: tuple[str, ...], name: str) -> None:
        super().__init__(name=name)
        self.columns = tuple(columns)
        self.to = to
        self.to_columns = tuple(to_columns)

    def created(self) -> str:
        """The ``ALTER TABLE`` that adds the key."""
        return (
            f"ALTER TABLE %(table)s ADD CONSTRAINT {quoted(self.name)} FOREIGN KEY ({quoted(*self.columns)})"
            f" REFERENCES {quoted(self.to)} ({quoted(*self.to_columns)})"
        )

    def removed(self) -> str:
        """The ``ALTER TABLE`` that drops it."""
        return f"ALTER TABLE %(table)s DROP CONSTRAINT {quoted(self.name)}"

    def deconstruct(self) -> Any:
        """What a migration writes down."""
        path, _args, kwargs = super().deconstruct()
        kwargs.update(columns=self.columns, to=self.to, to_columns=self.to_columns)
        return path, (), kwargs


def quoted(*names: str) -> str:
    """Names of ours as they stand in a statement."""
    return ", ".join(f'"{name}"' for name in names)


def _statement(text: str, model: type[Model] | None, schema_editor: BaseDatabaseSchemaEditor | None) -> Statement:
    assert model is not None  # noqa: S101 -- Django's signature is wider than its use
    assert schema_editor is not None  # noqa: S101
    return Statement(text, table=Table(model._meta.db_table, schema_editor.quote_name))  # noqa: SLF001

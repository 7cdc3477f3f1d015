"""Foreign keys over more than one column, which Django 5.2 cannot declare by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db.backends.ddl_references import Statement, Table
from django.db.models import BaseConstraint

if TYPE_CHECKING:
    from django.db.backends.base.schema import BaseDatabaseSchemaEditor
    from django.db.models import Model


class CompositeForeignKey(BaseConstraint):
    """``(columns)`` must be found in ``to`` under ``to_columns``.

    Rows that belong to an account refer to one another by ``(account_id, id)``, so that a
    relation never leaves its account and stays on one machine when the tables are distributed.
    """

    def __init__(self, *, columns: tuple[str, ...], to: str, to_columns: tuple[str, ...], name: str) -> None:
        super().__init__(name=name)
        self.columns = tuple(columns)
        self.to = to
        self.to_columns = tuple(to_columns)

    def create_sql(self, model: type[Model] | None, schema_editor: BaseDatabaseSchemaEditor | None) -> Any:
        """The ``ALTER TABLE`` that adds the key."""
        assert model is not None  # noqa: S101 -- Django's signature is wider than its use
        assert schema_editor is not None  # noqa: S101
        return Statement(
            "ALTER TABLE %(table)s ADD CONSTRAINT %(name)s FOREIGN KEY (%(columns)s) "
            "REFERENCES %(to)s (%(to_columns)s)",
            table=Table(model._meta.db_table, schema_editor.quote_name),  # noqa: SLF001
            name=schema_editor.quote_name(self.name),
            columns=", ".join(map(schema_editor.quote_name, self.columns)),
            to=schema_editor.quote_name(self.to),
            to_columns=", ".join(map(schema_editor.quote_name, self.to_columns)),
        )

    def constraint_sql(self, model: type[Model] | None, schema_editor: BaseDatabaseSchemaEditor | None) -> str:
        """Nothing inline: the referred table may be made later in the same migration."""
        if schema_editor is not None:
            schema_editor.deferred_sql.append(self.create_sql(model, schema_editor))
        return ""

    def remove_sql(self, model: type[Model] | None, schema_editor: BaseDatabaseSchemaEditor | None) -> Any:
        """The ``ALTER TABLE`` that drops the key."""
        assert model is not None  # noqa: S101
        assert schema_editor is not None  # noqa: S101
        return Statement(
            "ALTER TABLE %(table)s DROP CONSTRAINT %(name)s",
            table=Table(model._meta.db_table, schema_editor.quote_name),  # noqa: SLF001
            name=schema_editor.quote_name(self.name),
        )

    def validate(self, *_args: object, **_kwargs: object) -> None:
        """The database alone judges references."""

    def deconstruct(self) -> Any:
        """What a migration writes down."""
        path, _args, kwargs = super().deconstruct()
        kwargs.update(columns=self.columns, to=self.to, to_columns=self.to_columns)
        return path, (), kwargs

    def __eq__(self, other: object) -> bool:
        """Two keys are the same when they would be written down the same."""
        if isinstance(other, CompositeForeignKey):
            return bool(self.deconstruct() == other.deconstruct())
        return NotImplemented

    def __hash__(self) -> int:
        """By name, which is unique in a schema."""
        return hash(self.name)

"""Statement files: SQL as first-class, named text beside the feature that owns it.

A file ``sql/<topic>.sql`` holds one or more statements, each under a line ``-- name: <statement>``.
Parameters are psycopg's named placeholders, ``%(account)s``.
"""

from __future__ import annotations

import re
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from django.db import connection

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

_marker: ContextVar[str] = ContextVar("marker", default="")
_NAME = re.compile(r"^-- name: (\w+)[ \t]*$", re.MULTILINE)


@dataclass(frozen=True)
class Statements:
    """The statements of one file, run on the current connection."""

    source: str
    texts: Mapping[str, str]

    def run(self, name: str, /, **values: object) -> int:
        """Run a statement for its effect; answers the number of rows it touched."""
        with connection.cursor() as cursor:
            cursor.execute(_marker.get() + self.texts[name], _values(values))
            return int(cursor.rowcount)

    def rows(self, name: str, /, **values: object) -> list[dict[str, Any]]:
        """Run a statement and answer its rows, a mapping of column to value each."""
        with connection.cursor() as cursor:
            cursor.execute(_marker.get() + self.texts[name], _values(values))
            columns = [column.name for column in cursor.description or ()]
            return [dict(zip(columns, row, strict=True)) for row in cursor.fetchall()]

    def row(self, name: str, /, **values: object) -> dict[str, Any]:
        """Run a statement that answers exactly one row."""
        found = self.rows(name, **values)
        if len(found) != 1:
            message = f"{self.source}:{name} answered {len(found)} rows instead of one"
            raise LookupError(message)
        return found[0]


@contextmanager
def marked(marker: str) -> Iterator[None]:
    """Inside, statements carry a remark, so that the server keeps plans of their own for them.

    A prepared statement whose names lead to other tables from one call to the next would be planned anew every time.
    """
    token = _marker.set(f"/* {marker} */ ")
    try:
        yield
    finally:
        _marker.reset(token)


@cache
def statements(package: str, topic: str) -> Statements:
    """The statements of ``<package>/sql/<topic>.sql``, read once."""
    text = files(package).joinpath("sql", f"{topic}.sql").read_text(encoding="utf-8")
    return Statements(f"{package}/sql/{topic}.sql", split(text))


def makes_functions(texts: Mapping[str, str]) -> Callable[[object, Any], None]:
    """For migrations: creates or replaces every function of a statement file, in order."""

    def make(_apps: object, schema_editor: Any) -> None:
        for text in texts.values():
            schema_editor.execute(text, params=None)

    return make


def split(text: str) -> dict[str, str]:
    """The named statements of a file's text, in order."""
    parts = _NAME.split(text)
    return {name: body.strip().rstrip(";") for name, body in zip(parts[1::2], parts[2::2], strict=True)}


def _values(values: dict[str, object]) -> Any:  # what psycopg can adapt is more than Django's stubs know
    return values or None

"""Statement files: SQL as first-class, named text beside the feature that owns it.

A file ``sql/<topic>.sql`` holds one or more statements, each under a line ``-- name: <statement>``.
Parameters are psycopg's named placeholders, ``%(account)s``.

The server gets a statement under its name in the whole product, ``/* billing.decide */``, so that ``pg_stat_activity``
and ``pg_stat_statements`` tell what runs and what takes long.

A long statement is written in layers. Its file lists them, and holds what reads them::

    -- name: decide
    -- layers:
    --   claimed_accounts
    --   open_subscriptions MATERIALIZED
    SELECT … FROM open_subscriptions

``sql/decide/claimed_accounts.sql`` is a statement of its own: what stands in the brackets of the common table
expression ``claimed_accounts``. They are joined to one text when the file is read, in the order of the list.
"""

from __future__ import annotations

import re
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from textwrap import indent
from typing import TYPE_CHECKING, Any

from django.db import connection

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from importlib.resources.abc import Traversable

_marker: ContextVar[str] = ContextVar("marker", default="")
_NAME = re.compile(r"^-- name: (\w+)[ \t]*$", re.MULTILINE)
_LAYERS = re.compile(r"^-- layers:\n((?:--   .+\n)+)", re.MULTILINE)


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
    """The statements of ``<package>/sql/<topic>.sql``, read once, each under its name in the whole product."""
    feature = package.rpartition(".")[2]
    texts = read(files(package).joinpath("sql"), topic)
    return Statements(
        f"{package}/sql/{topic}.sql", {name: f"/* {feature}.{name} */\n{text}" for name, text in texts.items()}
    )


def read(folder: Traversable, topic: str) -> dict[str, str]:
    """The statements of ``<folder>/<topic>.sql`` by name, in order, each joined of its layers."""
    frames = split(folder.joinpath(f"{topic}.sql").read_text(encoding="utf-8"))
    return {name: _joined(frame, folder.joinpath(name)) for name, frame in frames.items()}


def text_beside(migration: str, name: str) -> str:
    """For migrations: the text of an SQL file beside one (``__file__``), as frozen as the migration."""
    return Path(migration).with_name(name).read_text(encoding="utf-8")


def split(text: str) -> dict[str, str]:
    """The named statements of a file's text, in order."""
    parts = _NAME.split(text)
    return {name: body.strip().rstrip(";") for name, body in zip(parts[1::2], parts[2::2], strict=True)}


def layers(frame: str) -> dict[str, list[str]]:
    """The layers that a statement lists, in order, each with the words after its name: none, or MATERIALIZED."""
    found = _LAYERS.search(frame)
    lines = found[1].splitlines() if found else []
    return {name: words for _, name, *words in map(str.split, lines)}


def _joined(frame: str, folder: Traversable) -> str:
    """The statement as the server gets it: the layers as common table expressions before what reads them."""
    found = _LAYERS.search(frame)
    if found is None:
        return frame
    parts = []
    for name, words in layers(frame).items():
        text = folder.joinpath(f"{name}.sql").read_text(encoding="utf-8").strip()
        parts.append(" ".join([name, "AS", *words, "(\n"]) + indent(text, "    ") + "\n)")
    return frame[: found.start()] + "WITH " + ",\n\n".join(parts) + "\n\n" + frame[found.end() :]


def _values(values: dict[str, object]) -> Any:  # what psycopg can adapt is more than Django's stubs know
    return values or None

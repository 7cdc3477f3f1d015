"""Old months of events, taken out into Parquet files before they are dropped."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from django.db import connection, transaction

from abono.base.refusal import InvalidRequest
from abono.base.sql import statements
from abono.features.usage.keeping import instants_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date, datetime
    from pathlib import Path

_sql = statements("abono.features.usage", "keeping")
_ROWS = 50_000
"""So many events are in memory at a time, and in a row group of the file."""
_DIGITS = (38, 12)


def export_month(month: date, file: Path) -> int:
    """Write all events of a calendar month (in UTC) to a Parquet file; answers how many.

    As they stand at one instant, by account and subscription, in the order in which they came. The file is there whole
    or not at all. Raises InvalidRequest (``unknown_month`` where no partition holds the month, ``file_exists``,
    ``parquet_missing``) and OSError of the disk.
    """
    try:
        from pyarrow import Table, parquet
    except ModuleNotFoundError:
        message = "Install what writes Parquet files beside Abono: python -m pip install 'abono[parquet]'."
        raise InvalidRequest(message, field="file", code="parquet_missing") from None
    first = month.replace(day=1)
    starts, ends = instants_of(first)
    if first not in {row["month"] for row in _sql.rows("months", before=ends)}:
        message = f"There are no events of {month:%Y-%m}; choose a month that has some."
        raise InvalidRequest(message, field="month", code="unknown_month")
    if file.exists():
        message = f"{file} is there already; choose another name, or remove it."
        raise InvalidRequest(message, field="file", code="file_exists")
    part = file.with_name(f".{file.name}.part")
    schema, written = _schema(), 0
    try:
        with parquet.ParquetWriter(part, schema, compression="zstd") as writer:
            for rows in _events(starts, ends):
                writer.write_table(Table.from_pylist(rows, schema=schema))
                written += len(rows)
        with part.open("rb") as done:
            os.fsync(done.fileno())
        part.replace(file)
    finally:
        part.unlink(missing_ok=True)
    return written


def _schema() -> Any:
    import pyarrow as pa

    instant = pa.timestamp("us", tz="UTC")
    return pa.schema(
        [
            ("id", pa.string()),
            ("operator", pa.string()),
            ("account_id", pa.int64()),
            ("account", pa.string()),
            ("subscription", pa.string()),
            ("service", pa.string()),
            ("unit", pa.string()),
            ("time", instant),
            ("taken_at", instant),
            ("quantity", pa.decimal128(*_DIGITS)),
            ("key", pa.string()),
            ("turn", pa.int32()),
            ("counted_on", pa.date32()),
            ("seats", pa.bool_()),
            ("reported", pa.decimal128(*_DIGITS)),
            ("reported_as", pa.string()),
            ("weight", pa.decimal128(*_DIGITS)),
            ("properties", pa.string()),
        ]
    )


def _events(starts: datetime, ends: datetime) -> Iterator[list[dict[str, Any]]]:
    """The events between two instants, some thousand at a time, by a cursor of the server's."""
    with transaction.atomic(), connection.chunked_cursor() as cursor:
        cursor.execute(_sql.texts["events_of_month"], {"starts": starts, "ends": ends})
        names: list[str] = []
        while rows := cursor.fetchmany(_ROWS):
            names = names or [column.name for column in cursor.description or ()]
            yield [dict(zip(names, row, strict=True)) for row in rows]

"""``abono export``: what is taken out of the database into files of other programs' formats."""

from __future__ import annotations

import json
from datetime import date
from typing import TYPE_CHECKING

from abono.base.refusal import InvalidRequest
from abono.features.usage.exporting import export_month

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def export_usage(month: str, file: Path, *, as_json: bool, write: Callable[[str], None]) -> None:
    """Write a month of events to a Parquet file. Raises whatever refuses it."""
    try:
        first = date.fromisoformat(f"{month}-01")
    except ValueError:
        message = "Write a month as 2026-01."
        raise InvalidRequest(message, field="month") from None
    try:
        events = export_month(first, file)
    except OSError as error:
        message = f"{file} cannot be written: {error.strerror or error}."
        raise InvalidRequest(message, field="file") from None
    if as_json:
        write(json.dumps({"month": month, "file": str(file), "events": events}))
    else:
        write(f"{events:,} events of {month} are in {file}.")

"""Files that somebody names: read whole, up to a size."""

from __future__ import annotations

from typing import TYPE_CHECKING

from abono.kernel.errors import InvalidValue

if TYPE_CHECKING:
    from pathlib import Path

MOST_YAML = 10_000_000
"""A catalogue of thousands of plans, a story of thousands of steps."""
MOST_ROWS = 1_000_000_000
"""A table of some million accounts or events."""


def read_file(path: Path, most: int) -> bytes:
    """The content of a file. Raises InvalidValue where it cannot be read or has more than ``most`` bytes."""
    try:
        with path.open("rb") as file:
            content = file.read(most + 1)
    except OSError as error:
        raise InvalidValue("invalid", "", f"Cannot read it: {error.strerror}.") from None
    if len(content) > most:
        raise InvalidValue("out_of_range", "", f"Make several files of it, each of at most {most:,} bytes.")
    return content

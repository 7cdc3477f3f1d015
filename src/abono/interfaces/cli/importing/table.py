"""Reading a table as spreadsheets save it: any of their encodings and separators, each row with its physical line."""

from __future__ import annotations

import codecs
import csv
import io
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from abono.interfaces.cli.files import MOST_ROWS, read_file
from abono.kernel.errors import InvalidValue
from abono.kernel.spreadsheets import unguarded

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping
    from pathlib import Path

_SEPARATORS = ",;\t"
_SAYS_SEPARATOR = re.compile(r"sep=(.)[ \t]*(?:\r\n|\n|\r)", re.IGNORECASE)


class Misplaced(InvalidValue):
    """A refusal of the table's form, at a line of the file (from 1; 0: the file as a whole)."""

    def __init__(self, line: int, error: InvalidValue) -> None:
        """Keep the error and where it is."""
        super().__init__(error.code, error.field, error.message)
        self.line = line


@dataclass(frozen=True)
class Row:
    """A row: the line where it begins and its cells by column, or what is wrong with its form."""

    line: int
    cells: Mapping[str, str]
    problem: InvalidValue | None = None


@dataclass(frozen=True)
class Table:
    """The rows below a header; ``separator`` is what stands between its cells."""

    separator: str
    rows: Iterator[Row]


def read_table(path: Path, columns: Collection[str], required: str) -> Table:
    """The table in a file: UTF-8 or UTF-16, with or without a byte order mark; comma, semicolon or tab; any line ends.

    The header names columns in any order and case, ``Credit limit`` for ``credit_limit``; columns without a name must
    be empty, as must what stands to the right of the header. A row has a cell for every column of the header; a guard
    against formulas is taken off. Empty rows are passed over. ``sep=;`` may stand first.
    Raises Misplaced if there is no header that can be used, or no text.
    """
    try:
        text = _decoded(read_file(path, MOST_ROWS))
    except Misplaced:
        raise
    except InvalidValue as error:
        raise Misplaced(0, error) from None
    said = _SAYS_SEPARATOR.match(text)
    first = text[said.end() :] if said else text
    separator = said[1] if said else _likely_separator(first)
    rows = _rows(first, separator, 1 if said else 0)
    line, header = next(((row, cells) for row, cells in rows if not isinstance(cells, InvalidValue)), (0, []))
    names = _names(header, columns, required, line)
    return Table(separator, (_named(line, cells, names) for line, cells in rows))


def _decoded(data: bytes) -> str:
    encoding = "utf-8-sig"
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        encoding = "utf-16"
    elif data[1:2] == b"\0":
        encoding = "utf-16-le"
    elif data[:1] == b"\0":
        encoding = "utf-16-be"
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        message = 'Save it as UTF-8 text; in a spreadsheet the format is called "CSV UTF-8".'
        raise Misplaced(line, InvalidValue("invalid", "", message)) from None


def _likely_separator(text: str) -> str:
    """The separator that the first line with something in it has most of."""
    first = text.lstrip("\r\n").partition("\n")[0]
    return max(_SEPARATORS, key=first.count)


def _rows(text: str, separator: str, skipped: int) -> Iterator[tuple[int, list[str] | InvalidValue]]:
    """Each row that is not empty with the line where it begins; a row that is not well formed, with what is wrong."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    while True:
        line = reader.line_num + 1 + skipped
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield line, InvalidValue("invalid", "", f"{_SAID.get(str(error), _SAID[''])} ({error}).")
            continue
        if any(cell.strip() for cell in cells):
            yield line, cells


_SAID = {
    "": "Write a quote inside a quoted text twice, and nothing after the closing one",
    "unexpected end of data": "Close the quote that this row opens",
}


def _names(header: list[str] | InvalidValue, columns: Collection[str], required: str, line: int) -> list[str]:
    """The columns that a header names, in order; empty for those without a name."""
    assert not isinstance(header, InvalidValue)  # noqa: S101 -- the caller passed those over
    known = ", ".join(columns)
    names = [re.sub(r"[\s_-]+", "_", cell.strip().lower()) for cell in header]
    for place, name in enumerate(names):
        if name and name not in columns:
            said = header[place].strip()
            raise Misplaced(line, InvalidValue("unknown_field", said[:60], f"The columns are {known}."))
        if name and name in names[:place]:
            raise Misplaced(line, InvalidValue("invalid", name, "Name each column once."))
    if required not in names:
        message = f"The first row names the columns ({known}); `{required}` must be among them."
        raise Misplaced(line, InvalidValue("required", required, message))
    return names


def _named(line: int, cells: list[str] | InvalidValue, names: list[str]) -> Row:
    if isinstance(cells, InvalidValue):
        return Row(line, {}, cells)
    beyond = any(cell.strip() for cell in cells[len(names) :])
    if len(cells) < len(names):
        message = f"The row ends after {len(cells)} of {len(names)} columns; separate all its cells as the header's."
        return Row(line, {}, InvalidValue("invalid", "", message))
    if beyond or any(not name and cell.strip() for name, cell in zip(names, cells, strict=False)):
        message = "A cell stands under no column; put a text that holds the separator in quotes."
        return Row(line, {}, InvalidValue("invalid", "", message))
    return Row(line, {name: unguarded(cell).strip() for name, cell in zip(names, cells, strict=False) if name})

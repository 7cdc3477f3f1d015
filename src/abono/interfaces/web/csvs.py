"""Lists as files that spreadsheets open rightly and that nobody can use to run anything.

UTF-8 with a byte order mark; a semicolon where the reader's decimal sign is a comma, as their spreadsheet expects. A
text in which a spreadsheet could find a formula is guarded. Rows are read a page at a time, so that a
million of them need no memory, behind the person's wall and in the person's language, which the answer's own work has
left by then.
"""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.http import StreamingHttpResponse
from django.utils import translation

from abono.features.access.people import wall_of
from abono.interfaces.web.reading import decimal_sign, write_amount
from abono.kernel.spreadsheets import guarded

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from django.http import HttpRequest

    from abono.base.paging import Page
    from abono.features.access.people import Person

_MARK = "\N{ZERO WIDTH NO-BREAK SPACE}"


@dataclass(frozen=True)
class Amount:
    """A cell that is an amount: a number, whatever it begins with."""

    minor: int
    currency: str


Cell = str | int | Amount | None


def csv_link(request: HttpRequest, address: str, *without: str) -> str:
    """Where the whole of a list is a file, narrowed as the list is; ``without`` are words of its address not meant."""
    query = request.GET.copy()
    for name in ("after", *without):
        query.pop(name, None)
    return f"{address}?{query.urlencode()}"


def csv_answer(
    person: Person, name: str, head: Sequence[object], fetch: Callable[[str | None], Page[Sequence[Cell]]]
) -> StreamingHttpResponse:
    """A file of all pages that ``fetch`` answers by cursor, under ``name`` (letters and dashes).

    Raises what ``fetch`` refuses before the file begins.
    """
    first, language = fetch(None), translation.get_language()
    sign = decimal_sign()
    write = _writer(";" if sign == "," else ",", sign)
    titles = [str(each) for each in head]

    def lines() -> Iterator[str]:
        yield _MARK + write(titles)
        page = first
        while True:
            if page.items:
                yield "".join(write(row) for row in page.items)
            if page.next is None:
                return
            with wall_of(person), translation.override(language):
                page = fetch(page.next)

    answer = StreamingHttpResponse(lines(), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    answer["Cache-Control"] = "no-store"
    return answer


def _writer(separator: str, sign: str) -> Callable[[Sequence[Cell]], str]:
    def write(row: Sequence[Cell]) -> str:
        line = io.StringIO()
        csv.writer(line, delimiter=separator, lineterminator="\r\n").writerow([_cell(each, sign) for each in row])
        return line.getvalue()

    return write


def _cell(value: Cell, sign: str) -> str:
    if isinstance(value, Amount):
        return write_amount(value.minor, value.currency, locale="de" if sign == "," else "en")
    if isinstance(value, int):
        return str(value)
    return guarded(value or "")

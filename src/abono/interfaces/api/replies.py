"""What a call is answered: JSON, a page of a list, or the same list as CSV."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from django.http import HttpResponse

from abono.kernel.spreadsheets import guarded

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pydantic import BaseModel

    from abono.interfaces.api.calls import Call

JSON = "application/json"
CSV = "text/csv"


@dataclass(frozen=True)
class Reply:
    """An answer: ``body`` (None: nothing to tell), and the address of what was made.

    ``kept`` is what a repeated call gets instead, where the first answer tells a secret that nobody may keep. What has
    no ``effect`` is not kept, as a refusal is not: repeated, it is judged anew.
    """

    body: BaseModel | None
    status: int = 200
    location: str = ""
    link: str = ""
    kept: BaseModel | None = None
    effect: bool = True

    @property
    def text(self) -> str:
        """The body as JSON."""
        return "" if self.body is None else self.body.model_dump_json()

    def as_kept(self) -> Reply:
        """The same answer without what is told only once."""
        return self if self.kept is None else replace(self, body=self.kept)

    def response(self) -> HttpResponse:
        """The answer for the wire."""
        response = HttpResponse(self.text, status=self.status, content_type=JSON)
        if self.body is None:
            del response["Content-Type"]
        if self.location:
            response["Location"] = self.location
        if self.link:
            response["Link"] = self.link
        return response


def made(body: BaseModel, location: str, kept: BaseModel | None = None) -> Reply:
    """Something new, with the address where it is found from now on."""
    return Reply(body, status=201, location=f"/api/v1{location}", kept=kept)


def gone() -> Reply:
    """Done, and nothing to tell."""
    return Reply(None, status=204)


def link_to_next(call: Call, following: str | None) -> str:
    """The ``Link`` header that leads to the next page, by the same address with another cursor."""
    if following is None:
        return ""
    query = call.GET.copy()
    query["after"] = following
    return f'<{call.path}?{urlencode(sorted(query.items()))}>; rel="next"'


def wants_csv(call: Call) -> bool:
    """Whether the caller would rather have a list as CSV."""
    return call.get_preferred_type([JSON, CSV]) == CSV


def csv_page(call: Call, item: type[BaseModel], items: Sequence[BaseModel], following: str | None) -> HttpResponse:
    """A page of a list as CSV: UTF-8 with a header, one line an item, values as JSON has them.

    A text in which a spreadsheet could find a formula is guarded.
    """
    written = io.StringIO(newline="")
    writer = csv.writer(written, lineterminator="\r\n")
    writer.writerow(item.model_fields)
    for each in items:
        writer.writerow([_cell(value) for value in each.model_dump(mode="json").values()])
    response = HttpResponse(written.getvalue().encode(), content_type=f"{CSV}; charset=utf-8; header=present")
    response["Content-Disposition"] = f'attachment; filename="{item.__name__.lower()}s.csv"'
    response["Vary"] = "Accept"
    link = link_to_next(call, following)
    if link:
        response["Link"] = link
    return response


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        value = " ".join(map(str, value))
    if isinstance(value, dict):
        value = json.dumps(value, ensure_ascii=False)
    return guarded(str(value))

"""Lists as they are answered: a page as JSON, or all that fits as CSV."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from abono.base.paging import MOST, Page, page_of
from abono.base.paging import after as place_after
from abono.interfaces.api.replies import Reply, csv_page, link_to_next, wants_csv

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from django.http import HttpResponse
    from pydantic import BaseModel

    from abono.interfaces.api.calls import Call
    from abono.interfaces.api.values import Paging

Row = TypeVar("Row")
MOST_LINES = 10_000
"""How many lines a page of a list has as CSV."""


@dataclass(frozen=True)
class Listed(Generic[Row]):
    """A list as it is answered: how a part of it is asked for, what an item becomes, and the page it comes in."""

    ask: Callable[[str | None, int], Page[Row]]
    item: type[BaseModel]
    make: Callable[[Row], BaseModel]
    page: type[BaseModel]

    def reply(self, call: Call, pages: Paging) -> Reply | HttpResponse:
        """The page that is asked for, as JSON or, where the caller would rather have it, as CSV."""
        return self._csv(call, pages.after) if wants_csv(call) else self.page_reply(call, pages)

    def page_reply(self, call: Call, pages: Paging) -> Reply:
        """The page that is asked for, as JSON."""
        found = self.ask(pages.after, pages.limit)
        items = [self.make(row) for row in found.items]
        body = self.page(items=items, next=found.next)
        return Reply(body, link=link_to_next(call, found.next))

    def first(self) -> BaseModel:
        """The first page, as long as a page may be: what who changed something is answered."""
        found = self.ask(None, MOST)
        return self.page(items=[self.make(row) for row in found.items], next=found.next)

    def _csv(self, call: Call, after: str | None) -> HttpResponse:
        rows: list[Row] = []
        while True:
            found = self.ask(after, MOST)
            rows += found.items
            after = found.next
            if after is None or len(rows) >= MOST_LINES:
                return csv_page(call, self.item, [self.make(row) for row in rows], after)


def part_of(rows: Sequence[Row], after: str | None, limit: int, key: Callable[[Row], Any], *kinds: type) -> Page[Row]:
    """A page of rows that were worked out together, by an ascending ``key`` of values of ``kinds``.

    Raises InvalidRequest.
    """
    place = place_after(after, *kinds)
    ahead = [row for row in sorted(rows, key=key) if place is None or key(row) > place]
    return page_of(ahead[: limit + 1], limit, key)

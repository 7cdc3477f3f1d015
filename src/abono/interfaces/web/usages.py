"""The events of a subscription as a page and as a file show them, for staff and subscribers alike."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from abono.base.paging import MOST, Page
from abono.features.usage.access import find_quotas
from abono.features.usage.reports import find_events
from abono.interfaces.web.csvs import Cell, csv_answer, csv_link
from abono.interfaces.web.formats import instant
from abono.interfaces.web.reading import write_quantity
from abono.kernel.fields import working_day

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date
    from uuid import UUID

    from django.http import HttpResponseBase

    from abono.features.usage.queries import EventRow
    from abono.interfaces.web.pages import PersonRequest

_MOST_CODE = 60
_MOST_TURNS = 2**31


def asked_of(request: PersonRequest) -> dict[str, Any]:
    """By what the events are narrowed; what cannot be read does not narrow."""
    turn = request.GET.get("turn", "")
    known = turn.isascii() and turn.isdigit() and int(turn) < _MOST_TURNS
    return {
        "service": request.GET.get("service", "")[:_MOST_CODE].replace("\0", ""),
        "turn": int(turn) if known else None,
        "day": day_of(request, "day"),
    }


def day_of(request: PersonRequest, name: str) -> date | None:
    """A day of the address; None where there is none that can be read."""
    text = request.GET.get(name, "")
    try:
        return working_day(text, name) if text else None
    except ValueError:
        return None


def events_page(request: PersonRequest, account: int, subscription: UUID, csv: str) -> dict[str, Any]:
    """What a page of events shows; ``csv`` is the address of the same as a file."""
    asked = asked_of(request)
    found = find_events(request.person, account, subscription, after=request.GET.get("after"), **asked)
    services = [each.service for each in find_quotas(request.person, account, subscription, now=request.now)]
    return {
        "page": found,
        "asked": asked,
        "services": [("", _("All services")), *((each, each) for each in services)],
        "narrowed": any(asked.values()),
        "csv": csv_link(request, csv),
    }


def events_file(request: PersonRequest, account: int, subscription: UUID, zone: str) -> HttpResponseBase:
    """The events as they are narrowed, all of them, as a file. Raises Forbidden, NotFound, InvalidRequest."""
    person, asked = request.person, asked_of(request)
    head = (
        _("Time"), _("Service"), _("Quantity"), _("Unit"), _("Reported"), _("Key"), _("Sent"), _("Sent as"),
        _("Properties"),
    )  # fmt: skip

    def fetch(after: str | None) -> Page[Sequence[Cell]]:
        found = find_events(person, account, subscription, after=after, limit=MOST, **asked)
        return Page([_cells(row, zone) for row in found.items], found.next)

    return csv_answer(person, f"usage-{account}", head, fetch)


def _cells(row: EventRow, zone: str) -> tuple[Cell, ...]:
    quantity = write_quantity(row.quantity)
    return (
        instant(row.at, zone),
        row.service,
        quantity,
        row.unit,
        instant(row.taken_at, zone),
        row.key or "",
        write_quantity(row.reported),
        row.reported_as or row.service,
        json.dumps(row.properties, ensure_ascii=False) if row.properties else "",
    )

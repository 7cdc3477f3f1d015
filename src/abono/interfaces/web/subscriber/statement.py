"""A subscriber's statement: every movement of an own account with the balance after it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _

from abono.base.paging import MOST, Page
from abono.features.ledger.queries import EntryRow, statement
from abono.interfaces.web.csvs import Amount, Cell, csv_answer, csv_link
from abono.interfaces.web.days import DaysForm
from abono.interfaces.web.formats import period as period_text
from abono.interfaces.web.pages import SUBSCRIBER, PersonRequest, page
from abono.interfaces.web.subscriber.notices import called
from abono.interfaces.web.subscriber.own import looked_at, own

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from django.http import HttpResponse, HttpResponseBase

_FREE_TEXT = {"payment", "adjustment", "refund"}


@dataclass(frozen=True)
class Line:
    """An entry as a subscriber reads it."""

    entry: EntryRow
    what: str
    detail: str


@page("my/statement/", name="my_statement", kinds=SUBSCRIBER, right="payment.view")
def my_statement(request: PersonRequest) -> HttpResponse:
    """The movements of an account, the newest first."""
    chosen = looked_at(request)
    days = DaysForm(request.GET)
    since, until = days.half_open()
    entries = statement(chosen.id, since=since, until=until, after=request.GET.get("after"))
    values = {
        "own": chosen,
        "days": days,
        "page": entries,
        "lines": [_line(entry) for entry in entries.items],
        "csv": csv_link(request, reverse("my_statement_csv", kwargs={"account": chosen.id}), "account"),
    }
    return render(request, "web/subscriber/statement.html", values)


@page("my/statement/<int:account>/csv/", name="my_statement_csv", kinds=SUBSCRIBER, right="payment.view")
def my_statement_csv(request: PersonRequest, account: int) -> HttpResponseBase:
    """The same as a file."""
    mine = own(request, account, right="payment.view")
    since, until = DaysForm(request.GET).half_open()
    head = (_("Day"), _("What for"), _("Text"), _("Amount"), _("Balance"), _("Currency"))

    def fetch(after: str | None) -> Page[Sequence[Cell]]:
        rows = statement(mine.id, since=since, until=until, after=after, limit=MOST)
        return Page([_cells(_line(row), mine.currency) for row in rows.items], rows.next)

    return csv_answer(request.person, f"statement-{mine.id}", head, fetch)


def _cells(line: Line, currency: str) -> tuple[Cell, ...]:
    return (
        line.entry.booked_on.isoformat(),
        line.what,
        line.detail,
        Amount(line.entry.amount, currency),
        Amount(line.entry.balance, currency),
        currency,
    )


def _line(entry: EntryRow) -> Line:
    told = {"service": called(entry)}
    days = period_text(entry.starts_on, entry.ends_on) if entry.starts_on and entry.ends_on else ""
    return Line(entry, _what(entry, told), days or (entry.text if entry.kind in _FREE_TEXT else ""))


def _what(entry: EntryRow, told: Mapping[str, str]) -> str:
    sentences = {
        "period": _("%(service)s"),
        "part": _("Changed: %(service)s"),
        "fee": _("Setup: %(service)s"),
        "overage": _("Use beyond the included: %(service)s"),
        "credit": _("Credit for a change: %(service)s"),
        "refund": _("Given back: %(service)s"),
    }
    if entry.charge_kind in sentences:
        return sentences[entry.charge_kind] % told
    if entry.counter == "opening":
        return _("Opening balance")
    if entry.kind == "fee":
        return _("Fee for a pause") if entry.text == "pause" else _("Fee")
    words = {
        "payment": _("Payment"),
        "charge": _("Charge"),
        "reversal": _("Reversal"),
        "refund": _("Paid out"),
        "adjustment": _("Correction"),
    }
    return words.get(entry.kind, entry.kind)

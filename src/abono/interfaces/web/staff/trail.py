"""The audit trail: who did what, when, from where, before and after."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django import forms
from django.shortcuts import render
from django.utils.translation import gettext, gettext_lazy

from abono.base.trail import list_trail
from abono.features.access.directory import emails_of
from abono.features.access.people import NotFound
from abono.features.accounts.access import find_number
from abono.features.accounts.queries import labels_of
from abono.features.operators.queries import operator_by_id
from abono.interfaces.web import words
from abono.interfaces.web.pages import STAFF, PersonRequest, page
from abono.interfaces.web.reading import DayField
from abono.interfaces.web.staff.changes import Changed, changes_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime

    from django.http import HttpResponse, QueryDict

    from abono.base.trail import TrailRow
    from abono.features.access.people import Person


@dataclass(frozen=True)
class Line:
    """A line of the trail: the number of its account if it concerns one, what else it is of, and what was changed."""

    row: TrailRow
    number: str
    subject: str
    changes: list[Changed]


def _actions() -> list[tuple[str, str]]:
    """All that can be done, in the order of the reader's alphabet."""
    told = sorted(((name, str(word)) for name, word in words.ACTIONS.items()), key=lambda each: each[1].casefold())
    return [("", gettext("Everything")), *told]


class TrailForm(forms.Form):
    """What of the trail is shown."""

    actor = forms.CharField(label=gettext_lazy("Who"), max_length=254, required=False)
    action = forms.CharField(label=gettext_lazy("What"), max_length=60, required=False, widget=forms.Select)
    subject = forms.CharField(label=gettext_lazy("Of what"), max_length=100, required=False)
    since = DayField(label=gettext_lazy("From"), required=False)
    until = DayField(label=gettext_lazy("To"), required=False)

    def __init__(self, data: QueryDict | None = None) -> None:
        super().__init__(data)
        chosen = self.fields["action"].widget
        assert isinstance(chosen, forms.Select)  # noqa: S101
        chosen.choices = _actions()


@page("trail/", name="trail", kinds=STAFF, right="audit.view")
def trail(request: PersonRequest) -> HttpResponse:
    """The trail of the person's operators, the newest first."""
    form = TrailForm(request.GET or None)
    asked = form.cleaned_data if form.is_valid() else {}
    subject = asked.get("subject", "")
    account = _account(request, subject)
    found = list_trail(
        request.person.scope if account is None else {**request.person.scope, "accounts": [account]},
        actor=asked.get("actor", ""),
        action=asked.get("action", ""),
        subject="" if account is not None else subject,
        since=_midnight(request.person, asked.get("since")),
        until=_midnight(request.person, asked.get("until"), after=True),
        after=request.GET.get("after"),
    )
    shown = {"page": found, "form": form, "lines": _lines(request.person, found.items)}
    return render(request, "web/staff/trail.html", {**shown, "words": words.ACTIONS})


def _account(request: PersonRequest, number: str) -> int | None:
    """The account of a number, if the person may see it."""
    if not number:
        return None
    try:
        return find_number(request.person, number, now=request.now).account_id
    except NotFound:
        return None


def _lines(person: Person, rows: Sequence[TrailRow]) -> list[Line]:
    """The rows with accounts by their numbers, people by their addresses, and amounts in the currency they are of."""
    accounts = labels_of({row.account_id for row in rows if row.account_id})
    people = emails_of(person, {int(row.subject) for row in rows if _is_of_a_person(row)})
    sellers = {each: operator_by_id(each).currency for each in {row.operator_id for row in rows}}
    lines = []
    for row in rows:
        label = accounts.get(row.account_id)
        currency = label.currency if label else sellers[row.operator_id]
        of_what = people.get(int(row.subject), row.subject) if _is_of_a_person(row) else row.subject
        lines.append(Line(row, label.number if label else "", of_what, changes_of(row, currency)))
    return lines


def _is_of_a_person(row: TrailRow) -> bool:
    return row.action.startswith("person.") and row.subject.isascii() and row.subject.isdigit()


def _midnight(person: Person, day: date | None, *, after: bool = False) -> datetime | None:
    """The beginning of a civil day in the zone of the person's operator, or its end."""
    if day is None:
        return None
    operator = operator_by_id(person.operator)
    begins = operator.midnight(day)
    return operator.later(begins, 1) if after else begins

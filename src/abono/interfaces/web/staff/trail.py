"""The audit trail: who did what, when, from where, before and after."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django import forms
from django.shortcuts import render
from django.utils.translation import gettext_lazy

from abono.base.trail import list_trail
from abono.features.operators.queries import operator_by_id
from abono.interfaces.web import words
from abono.interfaces.web.pages import STAFF, PersonRequest, page

if TYPE_CHECKING:
    from datetime import date, datetime

    from django.http import HttpResponse

    from abono.base.trail import TrailRow
    from abono.features.access.people import Person


class TrailForm(forms.Form):
    """What of the trail is shown."""

    actor = forms.CharField(label=gettext_lazy("Who"), max_length=254, required=False)
    action = forms.CharField(label=gettext_lazy("What"), max_length=60, required=False)
    subject = forms.CharField(label=gettext_lazy("Of what"), max_length=100, required=False)
    since = forms.DateField(label=gettext_lazy("From"), required=False, widget=forms.DateInput(attrs={"type": "date"}))
    until = forms.DateField(label=gettext_lazy("To"), required=False, widget=forms.DateInput(attrs={"type": "date"}))


@page("trail/", name="trail", kinds=STAFF, right="audit.view")
def trail(request: PersonRequest) -> HttpResponse:
    """The trail of the person's operators, the newest first."""
    form = TrailForm(request.GET or None)
    asked = form.cleaned_data if form.is_valid() else {}
    found = list_trail(
        request.person.scope,
        actor=asked.get("actor", ""),
        action=asked.get("action", ""),
        subject=asked.get("subject", ""),
        since=_midnight(request.person, asked.get("since")),
        until=_midnight(request.person, asked.get("until"), after=True),
        after=request.GET.get("after"),
    )
    shown = {"page": found, "form": form, "lines": [(row, _changes(row)) for row in found.items]}
    return render(request, "web/staff/trail.html", {**shown, "words": words.ACTIONS})


def _midnight(person: Person, day: date | None, *, after: bool = False) -> datetime | None:
    """The beginning of a civil day in the zone of the person's operator, or its end."""
    if day is None:
        return None
    operator = operator_by_id(person.operator)
    begins = operator.midnight(day)
    return operator.later(begins, 1) if after else begins


def _changes(row: TrailRow) -> list[tuple[str, object, object]]:
    """What was changed: a field, before, after."""
    before, after = row.before or {}, row.after or {}
    return [(name, _told(before.get(name)), _told(after.get(name))) for name in dict.fromkeys((*before, *after))]


def _told(value: object) -> object:
    """A value as it is read; of a list its parts."""
    return ", ".join(str(each) for each in value) if isinstance(value, list) else value

"""Forecasts: asked for here, made by the worker, kept."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from django import forms
from django.http import HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from abono.features.billing.forecasts import (
    ENDED,
    FAILED,
    MOST,
    MOST_DAYS,
    TOO_LONG,
    ask,
    find_forecast,
    kept_forecasts,
)
from abono.features.operators.queries import operator_by_id
from abono.interfaces.web import charts, formats
from abono.interfaces.web.operator_choice import offer_operators
from abono.interfaces.web.pages import STAFF, PersonRequest, page
from abono.interfaces.web.refusing import REFUSED

if TYPE_CHECKING:
    from django.http import HttpResponse

    from abono.features.access.people import Person


_SENTENCES = {
    ENDED: gettext_lazy("the process that made it ended each time, most likely for want of memory; ask for fewer days"),
    TOO_LONG: gettext_lazy("it took longer than two minutes; ask for fewer days"),
    FAILED: gettext_lazy("it could not be worked out; the log of the installation says why"),
}


class ForecastForm(forms.Form):
    """Whose accounts, and how far ahead."""

    operator = forms.TypedChoiceField(label=gettext_lazy("Operator"), coerce=int)
    days = forms.IntegerField(label=gettext_lazy("Days ahead"), min_value=1, max_value=MOST_DAYS, initial=30)


@page("forecast/", name="forecast", kinds=STAFF, right="forecast.view", methods=("GET", "POST"))
def forecasts(request: PersonRequest) -> HttpResponse:
    """The forecasts that were made, and a new one."""
    names = _names(request.person)
    form = ForecastForm(request.POST or None, initial={"operator": request.person.operator})
    offer_operators(form, "operator", request.person)
    if request.method == "POST" and form.is_valid():
        made = ask(request.person, form.cleaned_data["operator"], form.cleaned_data["days"], now=request.now)
        return HttpResponseRedirect(reverse("forecast_made", args=[made]), status=303)
    shown = {"form": form, "forecasts": kept_forecasts(request.person), "names": names}
    return render(request, "web/staff/forecasts.html", shown, status=REFUSED if form.errors else 200)


@page("forecast/<int:forecast>/", name="forecast_made", kinds=STAFF, right="forecast.view")
def forecast_made(request: PersonRequest, forecast: int) -> HttpResponse:
    """A forecast; until it is made the page asks again by itself."""
    kept = find_forecast(request.person, forecast)
    seller = operator_by_id(kept.operator_id)
    shown = {"kept": kept, "seller": seller, "most": MOST, "chart": None}
    shown["error"] = _SENTENCES.get(kept.error, kept.error)
    if kept.summary is not None:
        for row in (*kept.summary["days"], *kept.summary["short"]):
            row["day"] = date.fromisoformat(row["day"])
        shown["chart"] = charts.bars(
            _("Charges by day"),
            [formats.day(row["day"], "brief") for row in kept.summary["days"]],
            _("Will be charged"),
            [row["amount"] for row in kept.summary["days"]],
            lambda minor: formats.amount(minor, seller.currency),
        )
    template = "web/staff/parts/forecast_made.html" if request.htmx else "web/staff/forecast_made.html"
    return render(request, template, shown)


def _names(person: Person) -> dict[int, str]:
    return {each: operator_by_id(each).name for each in person.operators}

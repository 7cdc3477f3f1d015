"""Runs of the engine: what they did, how far they are, what failed; and a new one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages
from django.http import HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from abono.base.clock import held_clock
from abono.features.billing.access import find_run, list_runs, run_failures
from abono.features.billing.runs import request_run
from abono.features.operators.queries import operator_by_id
from abono.interfaces.web.pages import STAFF, PersonRequest, page

if TYPE_CHECKING:
    from django.http import HttpResponse

_WORDS = {
    "charged": gettext_lazy("Charges made"),
    "suspended": gettext_lazy("Suspended"),
    "returned": gettext_lazy("Returned"),
    "resumed": gettext_lazy("Resumed"),
    "ended": gettext_lazy("Ended"),
    "warned": gettext_lazy("Warned"),
    "blocked_early": gettext_lazy("Blocked early"),
}


@page("runs/", name="runs", kinds=STAFF, right="run.view")
def runs(request: PersonRequest) -> HttpResponse:
    """The runs that did something for the person's operators."""
    shown = {"page": list_runs(request.person, after=request.GET.get("after")), "clock": held_clock()}
    return render(request, "web/staff/runs.html", shown)


@page("runs/start/", name="run_start", kinds=STAFF, right="run.start", methods=("POST",))
def run_start(request: PersonRequest) -> HttpResponse:
    """Do what is due at once; what failed before is tried again."""
    request_run(request.person, now=request.now)
    messages.success(request, _("What is due is being done. The run appears here once there is something to do."))
    return HttpResponseRedirect(reverse("runs"), status=303)


@page("runs/<int:run>/", name="run", kinds=STAFF, right="run.view")
def run(request: PersonRequest, run: int) -> HttpResponse:
    """A run: its progress, which goes on while one looks, its totals and its failures."""
    found = find_run(request.person, run)
    currencies = {operator_by_id(each).currency for each in request.person.operators}
    shown = {
        "run": found,
        "failures": run_failures(request.person, run) if found.failed else [],
        "totals": [(word, found.totals[name]) for name, word in _WORDS.items() if found.totals.get(name)],
        "amount": found.totals.get("amount"),
        "currency": currencies.pop() if len(currencies) == 1 else "",
    }
    template = "web/staff/parts/run_progress.html" if request.htmx else "web/staff/run.html"
    return render(request, template, shown)

"""The first page of staff: what needs doing, and how things stand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.contrib import messages
from django.http import HttpResponseRedirect
from django.shortcuts import render
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _

from abono.features.access.rights import Kind
from abono.features.billing.access import list_runs
from abono.features.billing.figures import Figures, count_again, figures, suspended_tomorrow
from abono.interfaces.web import formats
from abono.interfaces.web.pages import STAFF, PersonRequest, home_of, page

if TYPE_CHECKING:
    from django.http import HttpResponse

_RUNS = 10


@dataclass(frozen=True)
class Tile:
    """A figure with what it means and how it changed (see the component)."""

    label: str
    value: str
    definition: str
    trend: str = ""
    direction: str = "flat"
    tone: str = ""
    href: str = ""
    note: str = ""


@home_of(Kind.STAFF)
def staff_home(request: PersonRequest) -> HttpResponse:
    """What needs doing: runs that failed or go on, who will be suspended tomorrow; and the figures."""
    person = request.person
    runs = list_runs(person, limit=_RUNS).items if person.may("run.view") else []
    warned, more = suspended_tomorrow(person, now=request.now)
    counted = figures(person, now=request.now)
    shown = {
        "under_way": [run for run in runs if run.finished_at is None],
        "failed": [run for run in runs if run.finished_at is not None and run.failed],
        "runs_url": _address("runs"),
        "warned": warned,
        "warned_more": more,
        "groups": [(each.currency, _tiles(each)) for each in counted],
        "counted_at": min((each.counted_at for each in counted), default=None),
        "short": sum(each.short for each in counted),
    }
    return render(request, "web/staff/home.html", shown)


@page("figures/", name="figures_again", kinds=STAFF, right="account.view", methods=("POST",))
def figures_again(request: PersonRequest) -> HttpResponse:
    """Count the figures now."""
    if count_again(request.person, now=request.now):
        messages.success(request, _("Counted."))
    else:
        messages.warning(request, _("Counting takes longer than a page may; the worker will do it within minutes."))
    return HttpResponseRedirect(reverse("home"), status=303)


def _tiles(counted: Figures) -> list[Tile]:
    currency = counted.currency
    return [
        Tile(
            _("Active"),
            formats.number(counted.active),
            _("Subscriptions in use that are paid for; trials are not among them."),
            *_change(counted.active, counted.active_before, better=1),
            href=f"{reverse('subscriptions')}?state=active",
            note=_("and %(count)s in trial") % {"count": formats.number(counted.trial)} if counted.trial else "",
        ),
        Tile(
            _("Suspended"),
            formats.number(counted.suspended),
            _("Subscriptions that are stopped while a reason is there: funds, a pause, a block."),
            *_change(counted.suspended, counted.suspended_before, better=-1),
            href=f"{reverse('subscriptions')}?state=suspended",
            note=_("%(count)s for funds") % {"count": formats.number(counted.short)},
        ),
        Tile(
            _("Monthly revenue"),
            formats.amount(counted.monthly, currency),
            _(
                "What all active subscriptions pay in a month: each period's price with its tax, divided by the months "
                "of the period; of days, by the days and times 30.4375."
            ),
            *_change(counted.monthly, counted.monthly_before, better=1),
        ),
        Tile(
            _("Collected this month"),
            formats.amount(counted.collected, currency),
            _("Payments that came in this month, less what was paid out."),
            href=_address("payments"),
        ),
        Tile(
            _("Charged this month"),
            formats.amount(counted.charged, currency),
            _("What was charged this month, fees among it, less what was given back."),
        ),
    ]


def _change(now: int, before: int | None, *, better: int) -> tuple[str, str, str]:
    """The change against some thirty days before as text, direction and tone; nothing where nothing was counted."""
    if not before:
        return "", "flat", ""
    # Tenths of a percent, a half away from zero: a trend is read at a glance.
    tenths = (abs(now - before) * 2000 + before) // (2 * before)
    if not tenths:
        return _("±0 % in 30 days"), "flat", ""
    rises = now > before
    percent = f"{'+' if rises else formats.MINUS}{tenths // 10}.{tenths % 10}"
    tone = "good" if rises == (better > 0) else "stopped"
    return _("%(percent)s %% in 30 days") % {"percent": percent}, "up" if rises else "down", tone


def _address(name: str) -> str:
    """The address of a page, or nothing where there is none (yet)."""
    try:
        return reverse(name)
    except NoReverseMatch:
        return ""

"""The list of subscriptions, and the page of one: its terms, its period, its charges, its history."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _

from abono.base.paging import MOST, Page
from abono.features.accounts.access import find_account
from abono.features.billing.charges import charges_of_subscription
from abono.features.billing.queries import next_charges, unlocks
from abono.features.catalogue.queries import plan_by_id
from abono.features.operators.queries import operator_by_id
from abono.features.subscriptions.access import find_subscription
from abono.features.subscriptions.history import stopped_since, transitions
from abono.features.subscriptions.queries import STATES, SubscriptionRow, list_subscriptions
from abono.interfaces.web import words
from abono.interfaces.web.csvs import Cell, csv_answer, csv_link
from abono.interfaces.web.pages import STAFF, PersonRequest, page
from abono.interfaces.web.reading import write_quantity
from abono.interfaces.web.staff.accounts import operators_of
from abono.interfaces.web.staff.events import stopped_sentence, transition_event
from abono.interfaces.web.staff.offers import plan_names
from abono.interfaces.web.staff.steps import rights_of
from abono.interfaces.web.staff.usage import periods_of_subscription, quotas_of_subscription
from abono.interfaces.web.templatetags.abono import REASONS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from django.http import HttpResponse, HttpResponseBase

_MOST_CHOICES = 100
"""Of more plans than that the code is typed."""


@page("subscriptions/", name="subscriptions", kinds=STAFF, right="subscription.view")
def subscriptions(request: PersonRequest) -> HttpResponse:
    """The subscriptions of the subtree, by state, plan and what is searched for."""
    asked = _asked(request)
    plans = plan_names(request.person, most=_MOST_CHOICES + 1)
    shown = {
        "page": list_subscriptions(request.person, after=request.GET.get("after"), **asked),
        "asked": asked,
        "states": [("", _("All states")), *((each, words.word(words.STATES, each)) for each in STATES)],
        "plans": [("", _("All plans")), *plans] if len(plans) <= _MOST_CHOICES else [],
        "csv": csv_link(request, reverse("subscriptions_csv")),
    }
    return render(request, "web/staff/subscriptions.html", shown)


@page("subscriptions/csv/", name="subscriptions_csv", kinds=STAFF, right="subscription.view")
def subscriptions_csv(request: PersonRequest) -> HttpResponseBase:
    """The list as it is filtered, all of it, as a file."""
    person, asked = request.person, _asked(request)
    names = {each.id: each.name for each in operators_of(person)}
    head = (
        *(_("Account"), _("Name"), _("Operator"), _("Plan"), _("Quantity"), _("Unit"), _("State"), _("Reasons")),
        *(_("Period starts"), _("Period ends"), _("Subscription")),
    )

    def fetch(after: str | None) -> Page[Sequence[Cell]]:
        found = list_subscriptions(person, after=after, limit=MOST, **asked)
        return Page([_cells(row, names) for row in found.items], found.next)

    return csv_answer(person, "subscriptions", head, fetch)


@page(
    "accounts/<int:account>/subscriptions/<uuid:subscription>/",
    name="subscription",
    kinds=STAFF,
    right="subscription.view",
)
def subscription(request: PersonRequest, account: int, subscription: UUID) -> HttpResponse:
    """One subscription."""
    person, now = request.person, request.now
    found = find_account(person, account, now=now)
    row = find_subscription(person, account, subscription)
    operator = operator_by_id(found.operator_id)
    live = row.state != "ended"
    plan = plan_by_id(row.plan_id)
    unlock = unlocks(operator, [account], now).get(subscription) if "funds" in row.reasons else None
    since = stopped_since(account).get(subscription) if row.reasons else None
    changes = transitions(account, subscription)
    quotas = quotas_of_subscription(request, account, subscription) if live else []
    shown = {
        "account": found,
        "row": row,
        "plan": plan,
        "title": f"{row.plan_code} · {row.unit}" if row.unit else row.plan_code,
        "lead": f"{found.number} · {found.name}" if found.name else found.number,
        "sentence": stopped_sentence(row, since, unlock, found.currency) if row.reasons else "",
        "ends_on": row.period_ends_on or row.trial_ends_on or row.starts_on,
        "charged": words.word(words.CHARGED, plan.charge),
        "shortfall": words.word(words.SHORTFALL, plan.on_shortfall),
        "pause": words.word(words.PAUSE, plan.pause),
        "next": next_charges(operator, [account], now).get(subscription) if live and not row.reasons else None,
        "unlock": unlock,
        "quotas": quotas,
        "seats": any(each.quota.kind == "seats" for each in quotas),
        "periods": periods_of_subscription(request, account, subscription),
        "charges": charges_of_subscription(account, subscription, after=request.GET.get("after")),
        "events": [transition_event(each, found.currency) for each in changes],
        "may": rights_of(person),
    }
    return render(request, "web/staff/subscription.html", shown)


def _asked(request: PersonRequest) -> dict[str, Any]:
    return {name: request.GET.get(name, "") for name in ("state", "plan", "search")}


def _cells(row: SubscriptionRow, names: dict[int, str]) -> tuple[Cell, ...]:
    return (
        row.number,
        row.name,
        names.get(row.operator_id, ""),
        row.plan_code,
        write_quantity(row.quantity),
        row.unit,
        words.word(words.STATES, row.state),
        ", ".join(str(REASONS[reason]) for reason in row.reasons),
        row.period_starts_on.isoformat() if row.period_starts_on else "",
        row.period_ends_on.isoformat() if row.period_ends_on else "",
        str(row.id),
    )

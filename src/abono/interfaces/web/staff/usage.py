"""Usage: quotas on the pages of accounts and subscriptions, the report by day, and the events behind every number."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _

from abono.base.paging import MOST, Page
from abono.base.refusal import Refusal
from abono.features.access.people import NotFound
from abono.features.accounts.access import find_account, find_number
from abono.features.catalogue.queries import list_services
from abono.features.operators.queries import operator_by_id
from abono.features.subscriptions.access import find_subscription
from abono.features.usage.access import find_closed, find_quotas
from abono.features.usage.queries import quotas_of
from abono.features.usage.reports import RIGHT, USUAL, UsedDay, Wanted, used_days
from abono.interfaces.web.csvs import Cell, csv_answer, csv_link
from abono.interfaces.web.pages import STAFF, PersonRequest, page
from abono.interfaces.web.quotas import NEWEST_PERIODS, ShownQuota, shown_quotas
from abono.interfaces.web.reading import write_quantity
from abono.interfaces.web.refusing import REFUSED, told
from abono.interfaces.web.usages import asked_of, day_of, events_file, events_page

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date
    from uuid import UUID

    from django.http import HttpResponse, HttpResponseBase

    from abono.features.subscriptions.queries import SubscriptionRow
    from abono.features.usage.queries import ClosedPeriod

_ONE = "accounts/<int:account>/subscriptions/<uuid:subscription>/usage/"


def quotas_of_subscription(request: PersonRequest, account: int, subscription: UUID) -> list[ShownQuota]:
    """The quotas of a subscription with links to their events; none for whoever may not see usage."""
    if not request.person.may(RIGHT):
        return []
    found = find_quotas(request.person, account, subscription, now=request.now)
    return shown_quotas(found, reverse("subscription_usage", args=[account, subscription]))


def quotas_of_account(
    request: PersonRequest, account: int, live: Sequence[SubscriptionRow]
) -> list[tuple[str, UUID, list[ShownQuota]]]:
    """The quotas of an account that was found: by subscription, with what each is called."""
    if not request.person.may(RIGHT) or not live:
        return []
    found = quotas_of([account], request.now)
    shown = []
    for row in live:
        own = [each for each in found if each.subscription_id == row.id]
        if own:
            title = f"{row.plan_code} · {row.unit}" if row.unit else row.plan_code
            href = reverse("subscription_usage", args=[account, row.id])
            shown.append((title, row.id, shown_quotas(own, href)))
    return shown


def periods_of_subscription(request: PersonRequest, account: int, subscription: UUID) -> Page[ClosedPeriod]:
    """The newest quota periods of a subscription that are over; none for whoever may not see usage."""
    if not request.person.may(RIGHT):
        return Page([])
    return find_closed(request.person, account, subscription, limit=NEWEST_PERIODS)


@page(f"{_ONE}periods/", name="subscription_periods", kinds=STAFF, right=RIGHT)
def subscription_periods(request: PersonRequest, account: int, subscription: UUID) -> HttpResponse:
    """All quota periods of a subscription that are over."""
    found = find_account(request.person, account, now=request.now)
    row = find_subscription(request.person, account, subscription, right=RIGHT)
    shown = {
        "account": found,
        "row": row,
        "title": f"{row.plan_code} · {row.unit}" if row.unit else row.plan_code,
        "periods": find_closed(request.person, account, subscription, after=request.GET.get("after")),
    }
    return render(request, "web/staff/subscription_periods.html", shown)


@page("usage/", name="usage", kinds=STAFF, right=RIGHT)
def usage(request: PersonRequest) -> HttpResponse:
    """What was used, by account, subscription, service and day."""
    asked = {name: request.GET.get(name, "")[:100] for name in ("account", "service")}
    first, last = _days(request)
    shown: dict[str, Any] = {
        "asked": asked,
        "since": first.isoformat(),
        "until": last.isoformat(),
        "services": [("", _("All services")), *_services(request)],
        "csv": csv_link(request, reverse("usage_csv")),
    }
    try:
        shown["page"] = used_days(request.person, _wanted(request), after=request.GET.get("after"))
    except NotFound:
        shown["page"] = Page([])
    except Refusal as refusal:
        return render(request, "web/staff/usage.html", {**shown, "problem": told(refusal)}, status=REFUSED)
    return render(request, "web/staff/usage.html", shown)


@page("usage/csv/", name="usage_csv", kinds=STAFF, right=RIGHT)
def usage_csv(request: PersonRequest) -> HttpResponseBase:
    """The report as it is filtered, all of it, as a file."""
    person, wanted = request.person, _wanted(request)
    head = (
        *(_("Day"), _("Account"), _("Name"), _("Plan"), _("Unit"), _("Service"), _("Quantity")),
        *(_("Unit of the service"), _("Events"), _("Subscription")),
    )

    def fetch(after: str | None) -> Page[Sequence[Cell]]:
        found = used_days(person, wanted, after=after, limit=MOST)
        return Page([_cells(row) for row in found.items], found.next)

    return csv_answer(person, "usage", head, fetch)


@page(_ONE, name="subscription_usage", kinds=STAFF, right=RIGHT)
def subscription_usage(request: PersonRequest, account: int, subscription: UUID) -> HttpResponse:
    """The events of a subscription: of a service, of a quota period, of a day."""
    found = find_account(request.person, account, now=request.now)
    row = find_subscription(request.person, account, subscription, right=RIGHT)
    csv = reverse("subscription_usage_csv", args=[account, subscription])
    wanted = asked_of(request)["service"]
    quotas = quotas_of_subscription(request, account, subscription) if row.state != "ended" else []
    shown = {
        "account": found,
        "row": row,
        "title": f"{row.plan_code} · {row.unit}" if row.unit else row.plan_code,
        "quotas": [each for each in quotas if not wanted or each.quota.service == wanted],
        **events_page(request, account, subscription, csv),
    }
    return render(request, "web/staff/subscription_usage.html", shown)


@page(f"{_ONE}csv/", name="subscription_usage_csv", kinds=STAFF, right=RIGHT)
def subscription_usage_csv(request: PersonRequest, account: int, subscription: UUID) -> HttpResponseBase:
    """The same as a file."""
    row = find_subscription(request.person, account, subscription, right=RIGHT)
    return events_file(request, account, subscription, operator_by_id(row.operator_id).time_zone)


def _days(request: PersonRequest) -> tuple[date, date]:
    """The first and the last day, both of them meant; the last month if they are not given."""
    zone = operator_by_id(request.person.operator).time_zone
    last = day_of(request, "until") or request.now.astimezone(ZoneInfo(zone)).date()
    return day_of(request, "since") or last - USUAL + timedelta(days=1), last


def _wanted(request: PersonRequest) -> Wanted:
    """What the address asks for. Raises NotFound where it names an account that is not there."""
    first, last = _days(request)
    number = request.GET.get("account", "").strip()
    account = find_number(request.person, number, now=request.now).account_id if number else None
    service = request.GET.get("service", "").replace("\0", "")
    return Wanted(since=first, until=last + timedelta(days=1), account=account, service=service)


def _services(request: PersonRequest) -> list[tuple[str, str]]:
    if not request.person.may("plan.view"):
        return []
    found = list_services(request.person.operators)
    codes = sorted({each.code for each in found if each.kind != "onoff"})
    return [(each, each) for each in codes]


def _cells(row: UsedDay) -> tuple[Cell, ...]:
    return (
        row.day.isoformat(),
        row.number,
        row.name,
        row.plan,
        row.place,
        row.service,
        write_quantity(row.quantity),
        row.unit,
        row.events,
        str(row.subscription_id),
    )

"""What a subscriber used: quotas on the page of a service, and everything that was counted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.shortcuts import render
from django.urls import reverse

from abono.features.subscriptions.standing import standing
from abono.features.usage.access import find_closed, find_quotas
from abono.features.usage.queries import quotas_of
from abono.features.usage.reports import RIGHT
from abono.interfaces.web.pages import SUBSCRIBER, PersonRequest, page
from abono.interfaces.web.quotas import ShownQuota, pressing, shown_quotas
from abono.interfaces.web.subscriber.notices import called
from abono.interfaces.web.subscriber.own import own
from abono.interfaces.web.usages import events_file, events_page

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from django.http import HttpResponse, HttpResponseBase

    from abono.features.subscriptions.standing import Standing

_ONE = "my/services/<int:account>/<uuid:subscription>/usage/"


def quotas_of_service(request: PersonRequest, account: int, subscription: UUID) -> list[ShownQuota]:
    """The quotas of an own service with links to what was counted."""
    found = find_quotas(request.person, account, subscription, now=request.now)
    return shown_quotas(found, reverse("my_usage", args=[account, subscription]))


def quotas_in_sight(request: PersonRequest, account: int, living: Sequence[Standing]) -> list[tuple[str, ShownQuota]]:
    """What is nearly used up or beyond of an own account, with what each service is called."""
    if not request.person.may(RIGHT) or not living:
        return []
    names = {one.id: called(one) for one in living}
    found = [each for each in pressing(quotas_of([account], request.now)) if each.subscription_id in names]
    shown = []
    for each in found:
        href = reverse("my_usage", args=[account, each.subscription_id])
        shown += [(names[each.subscription_id], one) for one in shown_quotas([each], href)]
    return shown


@page(f"{_ONE}periods/", name="my_periods", kinds=SUBSCRIBER, right=RIGHT)
def my_periods(request: PersonRequest, account: int, subscription: UUID) -> HttpResponse:
    """The quota periods of a service that are over."""
    chosen = own(request, account)
    one = standing(chosen.id, subscription)
    found = find_closed(request.person, account, subscription, after=request.GET.get("after"))
    values = {"own": chosen, "one": one, "name": called(one), "periods": found}
    return render(request, "web/subscriber/periods.html", values)


@page(_ONE, name="my_usage", kinds=SUBSCRIBER, right=RIGHT)
def my_usage(request: PersonRequest, account: int, subscription: UUID) -> HttpResponse:
    """Everything that was counted for a service."""
    chosen = own(request, account)
    one = standing(chosen.id, subscription)
    values = {
        "own": chosen,
        "one": one,
        "name": called(one),
        **events_page(request, account, subscription, reverse("my_usage_csv", args=[account, subscription])),
    }
    return render(request, "web/subscriber/usage.html", values)


@page(f"{_ONE}csv/", name="my_usage_csv", kinds=SUBSCRIBER, right=RIGHT)
def my_usage_csv(request: PersonRequest, account: int, subscription: UUID) -> HttpResponseBase:
    """The same as a file."""
    chosen = own(request, account)
    return events_file(request, account, subscription, chosen.operator.time_zone)

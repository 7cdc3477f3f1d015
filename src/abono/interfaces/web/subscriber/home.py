"""A subscriber's first page: what there is, what is due, how to pay, how each service stands."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.shortcuts import render

from abono.features.access.rights import Kind
from abono.features.billing.coming import DAYS, coming
from abono.features.billing.promises import promise_offer
from abono.features.notices.queries import notices_of_account
from abono.features.operators.self_service import self_service_of
from abono.features.subscriptions.standing import standings
from abono.interfaces.web.pages import PersonRequest, home_of
from abono.interfaces.web.subscriber.notices import told_messages
from abono.interfaces.web.subscriber.own import looked_at
from abono.interfaces.web.subscriber.services import services_now
from abono.interfaces.web.subscriber.usage import quotas_in_sight

if TYPE_CHECKING:
    from django.http import HttpResponse

_NEWEST = 3


@home_of(Kind.SUBSCRIBER)
def subscriber_home(request: PersonRequest) -> HttpResponse:
    """The account that is looked at, in the subscriber's words."""
    own = looked_at(request)
    found = standings(own.id)
    # What is stopped wants to be seen first.
    living = sorted((one for one in found if one.state != "ended"), key=lambda one: one.state != "suspended")
    ahead = coming(own.operator, own.id, request.now)
    services = services_now(own, living, request.now, ahead)
    told = notices_of_account(own.id, limit=_NEWEST).items
    values = {
        "own": own,
        "days": DAYS,
        "outlook": ahead,
        "services": services,
        "quotas": quotas_in_sight(request, own.id, living),
        "terms": self_service_of(own.operator.id),
        "offer": promise_offer(own.operator, own.id, own.currency, request.now),
        "messages_told": told_messages(told, {one.id: one for one in found}, currency=own.currency, seller=own.seller),
    }
    return render(request, "web/subscriber/home.html", values)

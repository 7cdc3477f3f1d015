"""What a subscriber was told."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.shortcuts import render

from abono.features.notices.queries import notices_of_account
from abono.features.subscriptions.standing import standings
from abono.interfaces.web.pages import SUBSCRIBER, PersonRequest, page
from abono.interfaces.web.subscriber.notices import told_messages
from abono.interfaces.web.subscriber.own import looked_at

if TYPE_CHECKING:
    from django.http import HttpResponse


@page("my/messages/", name="my_messages", kinds=SUBSCRIBER, right="subscription.view")
def my_messages(request: PersonRequest) -> HttpResponse:
    """All messages of an account, the newest first."""
    own = looked_at(request)
    notices = notices_of_account(own.id, cursor=request.GET.get("after"))
    services = {one.id: one for one in standings(own.id)}
    told = told_messages(notices.items, services, currency=own.currency, seller=own.seller)
    return render(request, "web/subscriber/messages.html", {"own": own, "page": notices, "told": told})

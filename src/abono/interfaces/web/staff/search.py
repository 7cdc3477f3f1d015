"""The slash: anything by number, name, unit, plan or id."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from django.http import HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import urlencode

from abono.features.accounts.queries import AccountRow, list_accounts
from abono.features.subscriptions.history import find_by_id
from abono.features.subscriptions.queries import SubscriptionRow, list_subscriptions
from abono.interfaces.web.pages import STAFF, PersonRequest, page
from abono.interfaces.web.staff.offers import plan_names

if TYPE_CHECKING:
    from django.http import HttpResponse

_FEW = 8
_MOST = 100


@page("search/", name="search", kinds=STAFF)
def search(request: PersonRequest) -> HttpResponse:
    """What begins with what was typed; an id, or the exact number of one account, leads straight there."""
    person, sought = request.person, request.GET.get("q", "").strip()[:_MOST]
    accounts: list[AccountRow] = []
    subscriptions: list[SubscriptionRow] = []
    if sought and person.may("subscription.view"):
        if (key := _uuid(sought)) is not None and (row := find_by_id(person, key)) is not None:
            return _to("subscription", row.account_id, row.id)
        subscriptions = list_subscriptions(person, search=sought, limit=_FEW).items
    if sought and person.may("account.view"):
        accounts = list_accounts(person, now=request.now, search=sought, limit=_FEW).items
        exact = [row for row in accounts if row.number.casefold() == sought.casefold()]
        if len(exact) == 1:
            return _to("account", exact[0].account_id)
    plans = plan_names(person, most=_FEW, beginning=sought) if sought and person.may("plan.view") else []
    shown = {
        "sought": sought,
        "accounts": accounts,
        "subscriptions": subscriptions,
        "plans": plans,
        "accounts_url": f"{reverse('accounts')}?{urlencode({'search': sought})}",
        "subscriptions_url": f"{reverse('subscriptions')}?{urlencode({'search': sought})}",
        "subscriptions_of": reverse("subscriptions"),
    }
    return render(request, "web/staff/search.html", shown)


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _to(name: str, *values: object) -> HttpResponse:
    return HttpResponseRedirect(reverse(name, args=values))

"""The accounts that an agent brought: the list, one of them, a new one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from abono.base.refusal import Refusal
from abono.features.accounts.access import find_account
from abono.features.accounts.openings import open_once
from abono.features.accounts.queries import labels_of, list_accounts
from abono.features.billing.months import charges_by_month
from abono.features.operators.queries import operator_by_id
from abono.features.subscriptions.standing import standings
from abono.interfaces.web.keys import sent_key
from abono.interfaces.web.pages import AGENT, SEE_OTHER, PersonRequest, page
from abono.interfaces.web.refusing import REFUSED, blame

if TYPE_CHECKING:
    from django.http import HttpResponse

_LONGEST_NUMBER = 40
_LONGEST_NAME = 200


class NewAccountForm(forms.Form):
    """Who the account is for, and the language in which he or she is written to."""

    number = forms.CharField(
        label=gettext_lazy("Account number"),
        max_length=_LONGEST_NUMBER,
        required=False,
        help_text=gettext_lazy("Leave it empty to take the next number."),
    )
    name = forms.CharField(label=gettext_lazy("Name"), max_length=_LONGEST_NAME)
    locale = forms.ChoiceField(label=gettext_lazy("Language"), choices=settings.LANGUAGES)


@page("agent/accounts/", name="agent_accounts", kinds=AGENT, right="account.view")
def agent_accounts(request: PersonRequest) -> HttpResponse:
    """The own accounts, by number; searched by number, name or unit."""
    search = request.GET.get("search", "").strip()
    found = list_accounts(request.person, now=request.now, search=search, after=request.GET.get("after"))
    return render(request, "web/agent/accounts.html", {"page": found, "search": search})


@page("agent/accounts/<int:account>/", name="agent_account", kinds=AGENT, right="account.view")
def agent_account(request: PersonRequest, account: int) -> HttpResponse:
    """One own account: its services and what it was charged. Its money is the subscriber's business."""
    found = find_account(request.person, account, now=request.now)
    values = {
        "account": found,
        "services": standings(found.account_id),
        "months": charges_by_month(found.account_id),
    }
    return render(request, "web/agent/account.html", values)


@page("agent/accounts/new/", name="agent_new_account", kinds=AGENT, right="account.create", methods=("GET", "POST"))
def agent_new_account(request: PersonRequest) -> HttpResponse:
    """Open an account for somebody whom the agent brings."""
    operator = operator_by_id(request.person.operator)
    spoken = operator.locale if operator.locale in dict(settings.LANGUAGES) else settings.LANGUAGE_CODE
    form = NewAccountForm(request.POST or None, initial={"locale": spoken})
    if request.method == "POST" and form.is_valid():
        try:
            account = open_once(
                request.person,
                operator,
                form.cleaned_data["number"] or None,
                name=form.cleaned_data["name"],
                locale=form.cleaned_data["locale"],
                now=request.now,
                key=sent_key(request),
            )
        except Refusal as refusal:
            blame(form, refusal)
        else:
            number = labels_of([account])[account].number
            messages.success(request, _("Account %(number)s is open.") % {"number": number})
            there = reverse("agent_account", kwargs={"account": account})
            return HttpResponseRedirect(there, status=SEE_OTHER)
    return render(request, "web/agent/new_account.html", {"form": form}, status=REFUSED if form.errors else 200)

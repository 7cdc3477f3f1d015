"""Webhooks: addresses that are told, what they were told, and telling it again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django import forms
from django.contrib import messages
from django.http import HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from abono.base.refusal import InvalidRequest, Refusal
from abono.features.webhooks import operations
from abono.features.webhooks.queries import find_endpoint, list_deliveries, list_endpoints, secret_of
from abono.features.webhooks.types import TYPES
from abono.interfaces.web.operator_choice import offer_operators
from abono.interfaces.web.pages import STAFF, PersonRequest, page
from abono.interfaces.web.refusing import REFUSED, blame

if TYPE_CHECKING:
    from uuid import UUID

    from django.http import HttpResponse

_BOTH = ("GET", "POST")


class EndpointForm(forms.Form):
    """An address and what it wants to hear of."""

    operator = forms.TypedChoiceField(
        label=gettext_lazy("Operator"), coerce=int, help_text=gettext_lazy("It hears of all that lies below as well.")
    )
    url = forms.CharField(
        label=gettext_lazy("Address"),
        max_length=2000,
        widget=forms.URLInput(attrs={"placeholder": "https://example.com/abono"}),
    )
    types = forms.MultipleChoiceField(
        label=gettext_lazy("Events"),
        choices=[(each, each) for each in TYPES],
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=gettext_lazy("None means all."),
    )


@page("webhooks/", name="webhooks", kinds=STAFF, right="webhook.view")
def webhooks(request: PersonRequest) -> HttpResponse:
    """The endpoints of the person's operators."""
    shown = list_endpoints(request.person, after=request.GET.get("after"))
    return render(request, "web/staff/webhooks.html", {"page": shown})


@page("webhooks/new/", name="webhook_new", kinds=STAFF, right="webhook.change", methods=_BOTH)
def webhook_new(request: PersonRequest) -> HttpResponse:
    """A new endpoint; its secret is shown on its page."""
    form = EndpointForm(request.POST or None, initial={"operator": request.person.operator})
    offer_operators(form, "operator", request.person)
    if request.method == "POST" and form.is_valid():
        typed = form.cleaned_data
        try:
            made = operations.add_endpoint(
                request.person, typed["operator"], typed["url"], typed["types"], now=request.now
            )
            return HttpResponseRedirect(reverse("webhook", args=[made.id]), status=303)
        except Refusal as refusal:
            blame(form, refusal)
    shown = {"form": form, "endpoint": None}
    return render(request, "web/staff/webhook_edit.html", shown, status=REFUSED if form.errors else 200)


@page("webhooks/<int:endpoint>/", name="webhook", kinds=STAFF, right="webhook.view", methods=_BOTH)
def webhook(request: PersonRequest, endpoint: int) -> HttpResponse:
    """An endpoint: its secret, what it was told; switch, rotate, try out and tell again."""
    found = find_endpoint(request.person, endpoint)
    if request.method == "POST":
        messages.success(request, _act(request, endpoint))
        return HttpResponseRedirect(reverse("webhook", args=[endpoint]), status=303)
    told = list_deliveries(request.person, endpoint, after=request.GET.get("after"))
    secret = secret_of(request.person, endpoint) if request.person.may("webhook.change") else ""
    return render(request, "web/staff/webhook.html", {"endpoint": found, "page": told, "secret": secret})


@page("webhooks/<int:endpoint>/edit/", name="webhook_edit", kinds=STAFF, right="webhook.change", methods=_BOTH)
def webhook_edit(request: PersonRequest, endpoint: int) -> HttpResponse:
    """Another address or other events."""
    found = find_endpoint(request.person, endpoint, "webhook.change")
    form = EndpointForm(request.POST or None, initial={"url": found.url, "types": list(found.types)})
    del form.fields["operator"]
    if request.method == "POST" and form.is_valid():
        try:
            typed = form.cleaned_data
            operations.change_endpoint(request.person, endpoint, typed["url"], typed["types"], now=request.now)
            return HttpResponseRedirect(reverse("webhook", args=[endpoint]), status=303)
        except Refusal as refusal:
            blame(form, refusal)
    shown = {"form": form, "endpoint": found}
    return render(request, "web/staff/webhook_edit.html", shown, status=REFUSED if form.errors else 200)


@page(
    "webhooks/<int:endpoint>/<int:account>/<uuid:delivery>/",
    name="webhook_replay",
    kinds=STAFF,
    right="webhook.change",
    methods=("POST",),
)
def webhook_replay(request: PersonRequest, endpoint: int, account: int, delivery: UUID) -> HttpResponse:
    """Tell one event once more."""
    operations.replay(request.person, endpoint, account, delivery, now=request.now)
    messages.success(request, _("It is told once more."))
    return HttpResponseRedirect(reverse("webhook", args=[endpoint]), status=303)


def _act(request: PersonRequest, endpoint: int) -> str:
    """What a button of the page does; answers what to say."""
    person, now, deed = request.person, request.now, request.POST.get("deed", "")
    if deed == "rotate":
        operations.rotate_secret(person, endpoint, now=now)
        return _("There is a new secret. For a day both sign.")
    if deed in {"on", "off"}:
        operations.switch_endpoint(person, endpoint, enabled=deed == "on", now=now)
        return _("It is told again from now on.") if deed == "on" else _("It is told no more.")
    if deed == "test":
        operations.send_test(person, endpoint, now=now)
        return _("A test is on its way. Below you see what came of it.")
    message = "Use one of the buttons of the page."
    raise InvalidRequest(message, field="deed")

"""The brand of an operator: name, colours, logo, domain, support."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import messages
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.http import HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from procrastinate.exceptions import AlreadyEnqueued

from abono.features.operators.access import find_operator
from abono.features.operators.brands import (
    MOST_BYTES,
    OwnBrand,
    logo_of,
    own_brand,
    remove_logo,
    save_brand,
    save_logo,
)
from abono.features.operators.domains import confirm_domain, domain_of
from abono.features.operators.tasks import prove_named_domains
from abono.features.operators.tree import node
from abono.interfaces.web.brand import shown
from abono.interfaces.web.domains import own_hosts
from abono.interfaces.web.pages import STAFF, PersonRequest, page
from abono.interfaces.web.refusing import REFUSED, tried

if TYPE_CHECKING:
    from django.http import HttpResponse

    from abono.features.operators.queries import Operator


class BrandForm(forms.Form):
    """What an operator sets itself; empty: as those above it."""

    brand_name = forms.CharField(
        label=gettext_lazy("Name on the screen"),
        max_length=80,
        required=False,
        help_text=gettext_lazy("Empty: the operator's name."),
    )
    colour = forms.CharField(
        label=gettext_lazy("Colour by day"),
        max_length=20,
        required=False,
        help_text=gettext_lazy("Such as #1d4f91. It must be dark enough for white text on it."),
    )
    colour_dark = forms.CharField(
        label=gettext_lazy("Colour by night"),
        max_length=20,
        required=False,
        help_text=gettext_lazy("Empty: the nearest to the colour by day that can be read on a dark ground."),
    )
    domain = forms.CharField(
        label=gettext_lazy("Domain"),
        max_length=253,
        required=False,
        help_text=gettext_lazy(
            "A host name that leads here; once it is proved to be yours, its sign-in shows this brand."
        ),
    )
    support = forms.CharField(
        label=gettext_lazy("Help"),
        max_length=254,
        required=False,
        help_text=gettext_lazy("An e-mail address or an https:// page, linked at the foot of every page."),
    )
    logo = forms.FileField(
        label=gettext_lazy("Logo"),
        required=False,
        help_text=gettext_lazy("PNG, JPEG or WebP, up to 200 KB. It is shown 24 pixels high."),
        widget=forms.FileInput(attrs={"accept": "image/png,image/jpeg,image/webp"}),
    )
    no_logo = forms.BooleanField(label=gettext_lazy("Remove the logo"), required=False)


@page(
    "operators/<int:operator>/brand/",
    name="operator_brand",
    kinds=STAFF,
    right="operator.change",
    methods=("GET", "POST"),
)
def operator_brand(request: PersonRequest, operator: int) -> HttpResponse:
    """Change how an operator looks; what could not be read is refused with the contrast it has."""
    seller = find_operator(request.person, operator, "operator.change")
    first = vars(own_brand(operator))
    form = BrandForm(data=request.POST or None, files=request.FILES or None, initial=first)
    has_logo = logo_of(operator) is not None
    if not has_logo:
        del form.fields["no_logo"]
    values: dict[str, Any] = {"form": form, "seller": seller, "brand_shown": shown(operator)}
    values |= {"domain": domain_of(operator), "confirms": _is_provider(request)}
    if request.method != "POST":
        return render(request, "web/staff/operator_brand.html", values)
    if form.is_valid() and tried(form, lambda: _save(request, seller, form.cleaned_data)):
        messages.success(request, _("The brand was saved."))
        return HttpResponseRedirect(reverse("operator", args=[operator]), status=303)
    return render(request, "web/staff/operator_brand.html", values, status=REFUSED)


@page(
    "operators/<int:operator>/domain/",
    name="operator_domain",
    kinds=STAFF,
    right="operator.change",
    methods=("POST",),
)
def operator_domain(request: PersonRequest, operator: int) -> HttpResponse:
    """Have the record of a domain looked up now, or confirm the domain as the provider."""
    seller = find_operator(request.person, operator, "operator.change")
    if request.POST.get("confirm") == "yes":
        confirm_domain(request.person, seller, now=request.now)
        messages.success(request, _("The domain is confirmed and shows this brand from now on."))
    else:
        with suppress(AlreadyEnqueued):
            prove_named_domains.defer()
        messages.success(request, _("The record is looked up within a minute. Load this page again then."))
    return HttpResponseRedirect(reverse("operator_brand", args=[operator]), status=303)


def _is_provider(request: PersonRequest) -> bool:
    return node(request.person.operator).parent_id is None


def _save(request: PersonRequest, seller: Operator, values: dict[str, Any]) -> None:
    upload = values["logo"]
    wanted = OwnBrand(*(values[name] for name in ("brand_name", "colour", "colour_dark", "domain", "support")))
    with transaction.atomic():
        if isinstance(upload, UploadedFile):
            # One byte more than may be is enough to know.
            save_logo(seller, upload.read(MOST_BYTES + 1), now=request.now)
        elif values.get("no_logo"):
            remove_logo(seller, now=request.now)
        save_brand(seller, wanted, taken=own_hosts(), now=request.now)

"""What an operator's subscribers are told about paying, and what they may do by themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import messages
from django.http import HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from abono.features.operators.access import find_operator
from abono.features.operators.self_service import (
    MOST_DAYS,
    MOST_TEXT,
    SelfService,
    self_service_of,
    set_self_service,
)
from abono.interfaces.web.pages import STAFF, PersonRequest, page
from abono.interfaces.web.reading import AmountField, write_amount
from abono.interfaces.web.refusing import REFUSED, tried

if TYPE_CHECKING:
    from django.http import HttpResponse


class SelfServiceForm(forms.Form):
    """How to pay, and promised payments."""

    payment_text = forms.CharField(
        label=gettext_lazy("How to pay"),
        required=False,
        max_length=MOST_TEXT,
        widget=forms.Textarea(attrs={"rows": 5}),
        help_text=gettext_lazy("Shown to every subscriber. Empty: they are told to quote their account number."),
    )
    promise_limit = AmountField(
        label=gettext_lazy("Promised payments up to"),
        least=0,
        help_text=gettext_lazy("What a subscriber may promise without asking anybody. 0: nothing."),
    )
    promise_days = forms.IntegerField(
        label=gettext_lazy("A promise runs for days"), min_value=0, max_value=MOST_DAYS, required=False
    )
    promise_fee = AmountField(
        label=gettext_lazy("A promise costs"), least=0, help_text=gettext_lazy("Charged when it is made.")
    )

    def __init__(self, terms: SelfService, currency: str, **kwargs: Any) -> None:
        first = {
            "payment_text": terms.payment_text,
            "promise_limit": write_amount(terms.promise_limit, currency),
            "promise_days": terms.promise_days,
            "promise_fee": write_amount(terms.promise_fee, currency),
        }
        super().__init__(initial=first, **kwargs)
        for field in self.fields.values():
            if isinstance(field, AmountField):
                field.currency = currency

    @property
    def terms(self) -> SelfService:
        """What was filled in."""
        values = self.cleaned_data
        return SelfService(
            payment_text=values["payment_text"],
            promise_limit=values["promise_limit"],
            promise_days=values["promise_days"] or 0,
            promise_fee=values["promise_fee"],
        )


@page(
    "operators/<int:operator>/self-service/",
    name="operator_self_service",
    kinds=STAFF,
    right="operator.change",
    methods=("GET", "POST"),
)
def operator_self_service(request: PersonRequest, operator: int) -> HttpResponse:
    """Set it; promises that run stay as they are."""
    seller = find_operator(request.person, operator, "operator.change")
    form = SelfServiceForm(self_service_of(seller.id), seller.currency, data=request.POST or None)
    values = {"form": form, "seller": seller}
    if request.method != "POST":
        return render(request, "web/staff/self_service.html", values)
    if form.is_valid() and tried(form, lambda: set_self_service(seller.id, form.terms, now=request.now)):
        messages.success(request, _("It holds from now on."))
        return HttpResponseRedirect(reverse("operator", args=[seller.id]), status=303)
    return render(request, "web/staff/self_service.html", values, status=REFUSED)

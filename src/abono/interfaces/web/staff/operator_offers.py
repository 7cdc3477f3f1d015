"""Which plans of its parent an operator may sell, and at which price."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import messages
from django.http import HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from abono.features.access.people import NotFound
from abono.features.billing.prices import change_offer_price, withdraw_coming_offer_price
from abono.features.catalogue import offers
from abono.features.catalogue.queries import plan_codes
from abono.features.operators import tree
from abono.features.operators.access import find_below, find_operator
from abono.interfaces.web.pages import STAFF, PersonRequest, page
from abono.interfaces.web.reading import AmountField, DayField
from abono.interfaces.web.refusing import REFUSED, told, tried
from abono.kernel.money import minor_digits

if TYPE_CHECKING:
    from datetime import date

    from django.http import HttpResponse

    from abono.features.operators.queries import Operator


class PriceForm(forms.Form):
    """A price from a day on."""

    price = AmountField(
        label=gettext_lazy("Price of its own"),
        least=0,
        required=False,
        help_text=gettext_lazy("For a full period. Empty: what it costs at the parent, whenever that changes."),
    )
    price_from = DayField(
        label=gettext_lazy("From"),
        required=False,
        help_text=gettext_lazy("For periods that begin on this day or later. Empty: today."),
    )

    def __init__(self, currency: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        price = self.fields["price"]
        if isinstance(price, AmountField):
            price.currency = currency


class OfferForm(PriceForm):
    """A plan that is offered."""

    plan = forms.ChoiceField(label=gettext_lazy("Plan"))
    field_order = ("plan", "price", "price_from")

    def __init__(self, currency: str, codes: list[str], **kwargs: Any) -> None:
        super().__init__(currency, **kwargs)
        plan = self.fields["plan"]
        if isinstance(plan, forms.ChoiceField):
            plan.choices = [(code, code) for code in codes]


def _sides(request: PersonRequest, operator: int, right: str) -> tuple[Operator, Operator]:
    """The operator and its parent, both the person's to see and change."""
    seller = find_below(request.person, operator, right)
    above = tree.node(operator).parent_id
    if above is None:
        message = "Nobody stands above this operator."
        raise NotFound(message)
    return find_operator(request.person, above, right), seller


@page(
    "operators/<int:operator>/offers/",
    name="operator_offers",
    kinds=STAFF,
    right="plan.change",
    methods=("GET", "POST"),
)
def operator_offers(request: PersonRequest, operator: int) -> HttpResponse:
    """What the operator may sell of its parent's, and one plan more."""
    giver, seller = _sides(request, operator, "plan.change")
    sold = set(plan_codes(seller.id))
    codes = [code for code in plan_codes(giver.id) if code not in sold]
    form = OfferForm(giver.currency, codes, data=request.POST or None)
    status = REFUSED
    if request.method != "POST":
        status = 200
    elif form.is_valid() and tried(form, lambda: _offer(request, giver, seller, form.cleaned_data)):
        messages.success(request, _("%(name)s may sell it now.") % {"name": seller.name})
        return HttpResponseRedirect(reverse("operator_offers", args=[operator]), status=303)
    values = {
        "form": form,
        "codes": codes,
        "giver": giver,
        "seller": seller,
        "offers": [(each, offers.own_prices(each)) for each in offers.offers_of(operator) if each.giver_id == giver.id],
    }
    return render(request, "web/staff/operator_offers.html", values, status=status)


def _offer(request: PersonRequest, giver: Operator, seller: Operator, values: dict[str, Any]) -> None:
    price = None if values["price"] is None else exact(values["price"], seller.currency)
    offers.offer_plan(giver, seller, values["plan"], now=request.now, price=price, price_from=values["price_from"])


@page(
    "operators/<int:operator>/offers/<int:offer>/price/",
    name="operator_offer_price",
    kinds=STAFF,
    right="plan.change",
    methods=("GET", "POST"),
)
def operator_offer_price(request: PersonRequest, operator: int, offer: int) -> HttpResponse:
    """Another price of an offer from a day on."""
    giver, seller = _sides(request, operator, "plan.change")
    found = next((each for each in offers.offers_of(operator) if each.id == offer and each.ended_at is None), None)
    if found is None or found.giver_id != giver.id:
        message = "There is no such offer that runs."
        raise NotFound(message)
    form = PriceForm(seller.currency, data=request.POST or None)
    form.fields["price"].required = True
    form.fields["price"].help_text = _("For a full period. From then on it no longer follows the parent's price.")
    own = offers.own_prices(found)
    values = {
        "form": form, "giver": giver, "seller": seller, "offer": found, "own": own,
        "today": seller.day(request.now),
    }  # fmt: skip
    if request.method != "POST":
        return render(request, "web/staff/operator_offer_price.html", values)

    def change() -> None:
        price, day = form.cleaned_data["price"], form.cleaned_data["price_from"]
        change_offer_price(giver, offer, exact(price, seller.currency), day, now=request.now)

    if form.is_valid() and tried(form, change):
        messages.success(request, _("The price was saved."))
        return HttpResponseRedirect(reverse("operator_offers", args=[operator]), status=303)
    return render(request, "web/staff/operator_offer_price.html", values, status=REFUSED)


@page(
    "operators/<int:operator>/offers/<int:offer>/prices/<isoday:day>/withdraw/",
    name="operator_offer_price_withdraw",
    kinds=STAFF,
    right="plan.change",
    methods=("POST",),
)
def operator_offer_price_withdraw(request: PersonRequest, operator: int, offer: int, day: date) -> HttpResponse:
    """A price of the offer's own that is still to come does not come."""
    giver, seller = _sides(request, operator, "plan.change")
    if offer not in {each.id for each in offers.offers_of(seller.id)}:
        message = "There is no such offer that runs."
        raise NotFound(message)
    try:
        withdraw_coming_offer_price(giver, offer, day, now=request.now)
    except (offers.UnknownPrice, offers.PeriodClosed) as refusal:
        messages.error(request, told(refusal))
    else:
        messages.success(request, _("The price was withdrawn. What it would have changed stays as it is."))
    return HttpResponseRedirect(reverse("operator_offer_price", args=[operator, offer]), status=303)


@page(
    "operators/<int:operator>/offers/<int:offer>/withdraw/",
    name="operator_offer_withdraw",
    kinds=STAFF,
    right="plan.change",
    methods=("POST",),
)
def operator_offer_withdraw(request: PersonRequest, operator: int, offer: int) -> HttpResponse:
    """No longer let it be sold; what was ordered goes on."""
    giver, seller = _sides(request, operator, "plan.change")
    if offer not in {each.id for each in offers.offers_of(seller.id)}:
        message = "There is no such offer that runs."
        raise NotFound(message)
    offers.withdraw_offer(giver, offer, now=request.now)
    messages.success(request, _("The offer was withdrawn. What was ordered goes on."))
    return HttpResponseRedirect(reverse("operator_offers", args=[operator]), status=303)


def exact(minor: int, currency: str) -> Decimal:
    """An amount of minor units as an exact price in major units."""
    return Decimal(minor).scaleb(-minor_digits(currency))

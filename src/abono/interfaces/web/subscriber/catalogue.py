"""What a subscriber may order, and the order."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from django import forms
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from abono.features.billing import orders
from abono.features.catalogue.queries import PlanRow, list_plans, plan_detail
from abono.interfaces.web.asking import Question, Wish
from abono.interfaces.web.formats import amount as amount_text
from abono.interfaces.web.formats import day as day_text
from abono.interfaces.web.formats import number as number_text
from abono.interfaces.web.pages import SUBSCRIBER, PersonRequest, page
from abono.interfaces.web.reading import DayField, QuantityField
from abono.interfaces.web.subscriber.asking import ask_owner
from abono.interfaces.web.subscriber.own import Own, looked_at, own
from abono.interfaces.web.subscriber.sentences import price_text
from abono.kernel.money import minor_digits, round_half_up

if TYPE_CHECKING:
    from collections.abc import Mapping

    from django.http import HttpResponse

    from abono.features.catalogue.queries import PlanService

_LONGEST_UNIT = 100


class OrderForm(forms.Form):
    """How much of a plan, what for, and from when."""

    quantity = QuantityField(label=gettext_lazy("Quantity"), initial="1", whole=True)
    unit = forms.CharField(
        label=gettext_lazy("What it is for"),
        max_length=_LONGEST_UNIT,
        required=False,
        help_text=gettext_lazy("A name by which you will know it: a camera, a line, a device."),
    )
    starts_on = DayField(
        label=gettext_lazy("Begins on"),
        required=False,
        help_text=gettext_lazy("Leave it empty to begin today."),
    )


@dataclass(frozen=True)
class Shelf:
    """A plan as it is offered: its price and terms in sentences, the codes of its services."""

    code: str
    price: str
    terms: list[str]
    services: tuple[str, ...]


@page("my/catalogue/", name="my_catalogue", kinds=SUBSCRIBER, right="plan.view")
def my_catalogue(request: PersonRequest) -> HttpResponse:
    """The plans that the seller of an account sells."""
    chosen = looked_at(request)
    plans = list_plans([chosen.operator.id], request.now)
    values = {"own": chosen, "plans": [_shelf(chosen, plan) for plan in plans if plan.currency == chosen.currency]}
    return render(request, "web/subscriber/catalogue.html", values)


@page(
    "my/catalogue/<int:account>/<code:plan>/order/",
    name="my_order",
    kinds=SUBSCRIBER,
    right="subscription.create",
    methods=("GET", "POST"),
)
def my_order(request: PersonRequest, account: int, plan: str) -> HttpResponse:
    """Order a plan: what it costs is shown before it is confirmed."""
    mine = own(request, account, right="subscription.create")
    detail = plan_detail(request.person, plan, operator=mine.operator.id, now=request.now)
    shelf = _shelf(mine, detail.plan)

    def wish(values: Mapping[str, Any]) -> Wish:
        told = {"plan": plan, "quantity": number_text(values["quantity"])}
        sentence = _("You order %(plan)s, quantity %(quantity)s.") % told
        begins = values["starts_on"]
        if begins:
            sentence = _("You order %(plan)s, quantity %(quantity)s, from %(day)s.") % {
                **told,
                "day": day_text(begins, "long"),
            }
        return Wish(
            act=lambda: orders.subscribe(
                mine.id,
                plan,
                now=request.now,
                quantity=values["quantity"],
                unit=values["unit"],
                starts_on=begins,
            ),
            done=_("%(plan)s is ordered.") % told,
            sentences=[sentence, *shelf.terms],
        )

    question = Question(
        title=_("Order %(plan)s") % {"plan": plan},
        lead=shelf.price,
        back=reverse("my_catalogue"),
        back_label=_("Catalogue"),
        confirm=_("Order"),
        wish=wish,
        facts=[*shelf.terms, *(_included(each) for each in detail.services)],
        done_at=reverse("my_services"),
    )
    return ask_owner(request, mine, OrderForm(request.POST or None), question)


def _shelf(mine: Own, plan: PlanRow) -> Shelf:
    return Shelf(plan.code, _price(mine, plan), _terms(mine, plan), plan.services)


def _price(mine: Own, plan: PlanRow) -> str:
    if not plan.price:
        return _("Free of charge")
    minor = round_half_up(Fraction(plan.price.scaleb(minor_digits(plan.currency))))
    price = price_text(minor, plan.currency, plan.period)
    if mine.operator.prices_include_tax or not mine.operator.tax:
        return price
    return _("%(price)s plus tax") % {"price": price}


def _terms(mine: Own, plan: PlanRow) -> list[str]:
    """What there is to know before an order."""
    terms = []
    if plan.trial_days:
        days = ngettext("The first %(days)s day is free.", "The first %(days)s days are free.", plan.trial_days)
        terms.append(days % {"days": plan.trial_days})
    if plan.setup_fee:
        terms.append(_("Setup costs %(fee)s once.") % {"fee": amount_text(plan.setup_fee, mine.currency)})
    terms.append(
        {
            "advance": _("Each period is charged when it begins."),
            "arrears": _("Each period is charged when it has ended."),
            "daily": _("The price is charged in equal parts, day by day."),
        }[plan.charge]
    )
    terms.append(
        _("It goes on until you cancel it.") if plan.renews else _("It ends after one period and is not renewed.")
    )
    return terms


def _included(service: PlanService) -> str:
    """A service of a plan with what the price covers of it."""
    told = {"service": service.code, "quantity": number_text(service.quantity), "unit": service.unit}
    included = service.terms.get("included")
    if included:
        told["included"] = str(included)
        if service.unit:
            return _("%(service)s: %(included)s %(unit)s included.") % told
        return _("%(service)s: %(included)s included.") % told
    if service.quantity != 1:
        return _("%(service)s, %(quantity)s times") % told
    return service.code

"""The catalogue: plans with a composer that prices as one types, and prices with a date."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import messages
from django.http import HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from abono.base.refusal import Refusal
from abono.features.billing.prices import change_price, withdraw_coming_price
from abono.features.catalogue.composing import draft, save_plan
from abono.features.catalogue.offers import OfferedPlan, PeriodClosed, UnknownPrice
from abono.features.catalogue.operations import reserve
from abono.features.catalogue.queries import (
    list_services,
    plan_by_code,
    plan_codes,
    plan_detail,
    plans_page,
    price_history,
    prices_of_versions,
    services_of,
)
from abono.features.subscriptions.counts import PlanCounts, counts_by_version, counts_of_plan
from abono.interfaces.web.asking import Shown
from abono.interfaces.web.pages import STAFF, PersonRequest, page
from abono.interfaces.web.reading import DayField
from abono.interfaces.web.refusing import CHANGED, REFUSED, told
from abono.interfaces.web.service_terms import told_terms
from abono.interfaces.web.staff.plan_form import PlanForm, PriceField, as_typed, described, kept_use, typed_terms
from abono.interfaces.web.staff.saving import require_free, saved
from abono.interfaces.web.staff.services import KINDS, TAXES, WAYS, seller_of, sellers_of
from abono.interfaces.web.staff.use_fields import STEPS, with_rows
from abono.kernel import fields
from abono.kernel.errors import InvalidValue
from abono.kernel.money import parse_decimal, parse_unsigned

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date, datetime
    from decimal import Decimal

    from django.http import HttpResponse

    from abono.base.paging import Page
    from abono.features.catalogue.queries import PlanDetail, PlanRow, PlanService, PricePoint
    from abono.features.operators.queries import Operator

_BOTH = ("GET", "POST")
_A_PAGE = 100


class NewPriceForm(forms.Form):
    """A price from a day on."""

    price = PriceField(label=gettext_lazy("New price of a period"), max_length=40)
    valid_from = DayField(label=gettext_lazy("For periods that begin on or after"))


@page("plans/", name="plans", kinds=STAFF, right="plan.view")
def plans(request: PersonRequest) -> HttpResponse:
    """What is sold now by the person's operators."""
    found = _page_of_plans(request)
    shown = {"plans": found.items, "page": found, "names": sellers_of(request.person)}
    return render(request, "web/staff/plans.html", shown)


def _page_of_plans(request: PersonRequest) -> Page[PlanRow]:
    return plans_page(request.person.operators, request.now, after=request.GET.get("after"), limit=_A_PAGE)


@page("plans/<int:operator>/<code:code>/", name="plan", kinds=STAFF, right="plan.view")
def plan(request: PersonRequest, operator: int, code: str) -> HttpResponse:
    """A plan: its terms, services, prices and how many have it."""
    seller = seller_of(request.person, operator)
    detail = plan_detail(request.person, code, operator=operator, now=request.now, sold=False)
    shown = {
        "detail": detail, "plan": detail.plan, "seller": seller, "counts": _counts(operator, code),
        "terms": described(detail.plan), "services": _told(detail), "taxes": dict(TAXES),
        "today": seller.day(request.now), "versions": _priced(detail), "sold": code in plan_codes(operator),
        "withdraws": request.person.may("price.change") and bool(_coming(detail, seller.day(request.now))),
    }  # fmt: skip
    return render(request, "web/staff/plan.html", shown)


@page("plans/new/<int:operator>/", name="plan_new", kinds=STAFF, right="plan.change", methods=_BOTH, many_fields=True)
def plan_new(request: PersonRequest, operator: int) -> HttpResponse:
    """The composer, empty."""
    return _compose(request, seller_of(request.person, operator), None)


@page(
    "plans/<int:operator>/<code:code>/edit/",
    name="plan_edit",
    kinds=STAFF,
    right="plan.change",
    methods=_BOTH,
    many_fields=True,
)
def plan_edit(request: PersonRequest, operator: int, code: str) -> HttpResponse:
    """The composer, with the terms of a plan: what is saved is its next version."""
    seller = seller_of(request.person, operator)
    return _compose(request, seller, plan_detail(request.person, code, operator=operator, now=request.now))


def _priced(detail: PlanDetail) -> list[tuple[int, int, list[PricePoint]]]:
    """The versions that are sold or that somebody has: how many have each, and its prices, the latest first."""
    operator, code = detail.plan.operator_id, detail.plan.code
    having = counts_by_version(operator, code)
    return [
        (version, having.get(version, 0), points)
        for version, points in prices_of_versions(operator, code).items()
        if version == detail.plan.version or version in having
    ]


def _told(detail: PlanDetail) -> list[tuple[PlanService, list[str]]]:
    currency = detail.plan.currency
    return [(each, told_terms(each.kind, each.unit, each.terms, currency)) for each in detail.services]


def _counts(operator: int, code: str) -> list[tuple[str, int]]:
    found: PlanCounts = counts_of_plan(operator, code)
    return [(_("Active"), found.active), (_("Trial"), found.trial), (_("Suspended"), found.suspended)]


def _compose(request: PersonRequest, seller: Operator, detail: PlanDetail | None) -> HttpResponse:
    services = list_services([seller.id])
    today = seller.day(request.now)
    opened = Shown(request, partial(reserve, seller), lambda: _sold(seller, detail))
    step = request.POST.get("step", "")
    make = partial(_form, detail, currency=seller.currency, services=services, kept=kept_use(detail))
    if step.startswith(STEPS):
        return _other_rows(request, seller, detail, make, opened.opened)
    form = make(request.POST or None, initial={} if detail is None else typed_terms(detail, today))
    worked_out, status = None, 200
    if request.method == "POST":
        status = REFUSED
        if form.is_valid():
            try:
                record = form.record()
                worked_out = draft(seller, record, today)
                if step == "save":
                    code = form.cleaned_data["code"] if detail is None else detail.plan.code
                    return _saved(request, seller, code, record, opened if detail else None)
                status = 200
            except InvalidValue as error:
                form.blame(error)
    part = request.htmx and step != "save"
    template = "web/staff/parts/plan_draft.html" if part else "web/staff/plan_edit.html"
    shown = {
        **_composer(form, seller, detail, today),
        "draft": worked_out,
        "opened": opened.opened,
        "part": part,
        "uses": form.uses.values(),
    }
    return render(request, template, shown, status=200 if part else status)


def _form(detail: PlanDetail | None, *typed: Any, **terms: Any) -> PlanForm:
    """The composer's form. The code of a plan that there is stays: no browser sends it, and nobody asks for it."""
    form = PlanForm(*typed, **terms)
    form.fields["code"].disabled = detail is not None
    return form


def _composer(form: PlanForm, seller: Operator, detail: PlanDetail | None, today: date) -> dict[str, Any]:
    return {
        "form": form, "seller": seller, "detail": detail, "kinds": dict(KINDS), "aggregations": dict(WAYS),
        "coming": [] if detail is None else _coming(detail, today),
    }  # fmt: skip


def _sold(seller: Operator, detail: PlanDetail | None) -> object:
    """What a new version takes the place of: the plan as it is sold now, its terms and its prices."""
    if detail is None:
        return None
    plan = plan_by_code(seller.id, detail.plan.code)
    return plan, services_of(plan.id), prices_of_versions(seller.id, plan.code)


def _other_rows(
    request: PersonRequest, seller: Operator, detail: PlanDetail | None, make: Callable[..., PlanForm], opened: str
) -> HttpResponse:
    """The composer as it was typed with a row more or less; nothing is judged yet."""
    typed, code, focus = with_rows(request.POST.dict(), request.POST["step"])
    form = make(initial=as_typed(typed) | ({} if detail is None else {"code": detail.plan.code}))
    judged = make(typed)
    judged.is_valid()
    part = request.htmx and code in form.uses
    if part:
        form.uses[code].go_on_at(focus)
    shown = {
        **_composer(form, seller, detail, seller.day(request.now)), "opened": opened, "use": form.uses.get(code),
        "focus": focus, "part": part, "uses": judged.uses.values(),
    }  # fmt: skip
    rows = "plan_tiers" if request.POST["step"].startswith("tier") else "plan_filters"
    return render(request, f"web/staff/parts/{rows}.html" if part else "web/staff/plan_edit.html", shown)


def _saved(
    request: PersonRequest, seller: Operator, code: str, record: dict[str, Any], opened: Shown | None
) -> HttpResponse:
    """Save a new version, or, where none was ``opened``, a new plan under a code that is free."""
    code = fields.code(code, "code")

    def save() -> None:
        reserve(seller)
        if opened is None:
            require_free(code, plan_codes(seller.id), _("There is a plan with this code already; choose another."))
        save_plan(seller, code, record, now=request.now)

    act = save if opened is None else partial(opened.save, save)
    return saved(request, act, _("The plan is sold from now on."), reverse("plan", args=[seller.id, code]))


@page("prices/", name="prices", kinds=STAFF, right="plan.view")
def prices(request: PersonRequest) -> HttpResponse:
    """What each plan costs now, and what it will from when on."""
    mine = sellers_of(request.person)
    rows = []
    found = _page_of_plans(request)
    for each in found.items:
        today = mine[each.operator_id].day(request.now)
        points = price_history(each.id)
        rows.append(
            {
                "plan": each,
                "now": next((point for point in points if point.valid_from <= today), None),
                "coming": [point for point in reversed(points) if point.valid_from > today],
            }
        )
    return render(request, "web/staff/prices.html", {"rows": rows, "page": found, "names": mine})


@page("plans/<int:operator>/<code:code>/price/", name="price_new", kinds=STAFF, right="price.change", methods=_BOTH)
def price_new(request: PersonRequest, operator: int, code: str) -> HttpResponse:
    """A new price from a day on: first whom it will reach, then the deed."""
    seller = seller_of(request.person, operator)
    detail = plan_detail(request.person, code, operator=operator, now=request.now, sold=False)
    form = NewPriceForm(request.POST or None)
    shown = Shown(request, partial(reserve, seller), lambda: _price_facts(seller, code, request.now))
    status, reach, changed = 200, None, False
    if request.method == "POST":
        status = REFUSED
        if form.is_valid():
            try:
                price, begins = _price(form), form.cleaned_data["valid_from"]
                if request.POST.get("step") == "confirm":
                    if shown.do(lambda: change_price(seller, code, price, begins, now=request.now)):
                        messages.success(request, _("The new price counts for every period that begins then or later."))
                        return HttpResponseRedirect(reverse("plan", args=[operator, code]), status=303)
                    changed = True
                _require_open(seller.day(request.now), begins)
                status, reach = CHANGED if changed else 200, counts_of_plan(operator, code)
            except (InvalidValue, Refusal) as error:
                field = {"from": "valid_from"}.get(error.field or "", error.field)
                form.add_error(field if field in form.fields else None, told(error))
    values = {
        "form": form, "seller": seller, "detail": detail, "plan": detail.plan, "reach": reach, "changed": changed,
        "mark": shown.mark, "coming": _coming(detail, seller.day(request.now)),
    }  # fmt: skip
    return render(request, "web/staff/price_new.html", values, status=status)


@page(
    "plans/<int:operator>/<code:code>/prices/<isoday:day>/withdraw/",
    name="price_withdraw",
    kinds=STAFF,
    right="price.change",
    methods=("POST",),
)
def price_withdraw(request: PersonRequest, operator: int, code: str, day: date) -> HttpResponse:
    """A price that is still to come does not come."""
    seller = seller_of(request.person, operator)
    plan_detail(request.person, code, operator=operator, now=request.now, sold=False)
    try:
        withdraw_coming_price(seller, code, day, now=request.now)
    except (UnknownPrice, PeriodClosed, OfferedPlan) as refusal:
        messages.error(request, told(refusal))
    else:
        messages.success(request, _("The price was withdrawn. What it would have changed stays as it is."))
    return HttpResponseRedirect(reverse("plan", args=[operator, code]), status=303)


def _price_facts(seller: Operator, code: str, now: datetime) -> tuple[object, ...]:
    """What a new price is decided by: the prices there are, and which of them count today."""
    return seller.day(now), prices_of_versions(seller.id, code)


def _coming(detail: PlanDetail, today: date) -> list[PricePoint]:
    """The prices that are to come, the next first."""
    return [point for point in reversed(detail.prices) if point.valid_from > today]


def _price(form: NewPriceForm) -> Decimal:
    parse_unsigned(form.cleaned_data["price"], "price")
    return parse_decimal(form.cleaned_data["price"], "price")


def _require_open(today: date, begins: date) -> None:
    if begins < today:
        message = _("This day has passed; let the price begin today or later.")
        raise InvalidValue("out_of_range", "valid_from", message)

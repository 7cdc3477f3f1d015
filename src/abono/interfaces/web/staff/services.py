"""What plans are composed of: services, how each is counted, and what a unit costs."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from django import forms
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from abono.features.access.people import NotFound
from abono.features.catalogue.composing import known_services, save_service
from abono.features.catalogue.operations import reserve
from abono.features.catalogue.queries import list_services
from abono.features.catalogue.use_terms import MOST_NAME
from abono.features.operators.queries import Operator, operator_by_id
from abono.interfaces.web.asking import Shown
from abono.interfaces.web.pages import STAFF, PersonRequest, page
from abono.interfaces.web.refusing import REFUSED, blame
from abono.interfaces.web.staff.plan_form import PriceField
from abono.interfaces.web.staff.saving import require_free, saved
from abono.interfaces.web.staff.use_fields import chosen_field
from abono.kernel.errors import InvalidValue

if TYPE_CHECKING:
    from collections.abc import Mapping

    from django.http import HttpResponse

    from abono.features.access.people import Person
    from abono.features.catalogue.queries import ServiceRow

KINDS = (
    ("onoff", gettext_lazy("On or off")),
    ("seats", gettext_lazy("By the seat")),
    ("usage", gettext_lazy("By use")),
)
WAYS = (
    ("sum", gettext_lazy("The sum of the quantities")),
    ("count", gettext_lazy("The number of events")),
    ("max", gettext_lazy("The largest quantity")),
    ("unique", gettext_lazy("The different values of a property")),
    ("latest", gettext_lazy("The latest quantity")),
)
"""How events add up, by the word of the catalogue."""
TAXES = (
    ("standard", gettext_lazy("Standard rate")),
    ("reduced", gettext_lazy("Reduced rate")),
    ("exempt", gettext_lazy("Exempt")),
)
_BOTH = ("GET", "POST")
_COUNTING = ("aggregation", "property")


class ServiceForm(forms.Form):
    """A service. How its events add up is asked of those that are counted by use, and stays once it is in a plan."""

    code = forms.CharField(label=gettext_lazy("Code"), max_length=60)
    kind = forms.ChoiceField(
        label=gettext_lazy("Kind"), choices=KINDS, widget=forms.Select(attrs={"class": "service-kind"})
    )
    unit = forms.CharField(
        label=pgettext_lazy("measure", "Unit"),
        max_length=40,
        required=False,
        help_text=gettext_lazy("Such as page, minute, user."),
    )
    aggregation = chosen_field(gettext_lazy("What counts"), WAYS, "way")
    property = forms.CharField(
        label=gettext_lazy("Property"),
        max_length=MOST_NAME,
        required=False,
        help_text=gettext_lazy("Whose different values are counted, such as visitor."),
    )
    tax = forms.ChoiceField(label=gettext_lazy("Tax"), choices=TAXES)
    price = PriceField(label=gettext_lazy("Price of one a period"), max_length=40, required=False)

    def __init__(self, data: Mapping[str, str] | None, known: ServiceRow | None) -> None:
        """``known``: the service that is changed; none for a new one."""
        super().__init__(data, initial={} if known is None else vars(known))
        self.settled = known is not None and known.planned
        for name in ("code", "kind") if known is not None else ():
            self.fields[name].disabled = True
        self.fields["aggregation"].help_text = _(
            "How the events of a quota period add up. Once the service is in a plan, it stays."
        )
        if self.settled:
            for name in _COUNTING:  # not `disabled` to Django: what is sent all the same is refused, and not passed by
                self.fields[name].widget.attrs["disabled"] = True
            self.fields["aggregation"].help_text = _(
                "The service is in a plan and keeps the way in which it adds up. Make another service for another way."
            )

    def record(self) -> dict[str, Any]:
        """The service as the catalogue reads it; what is not sent of how it counts stays as it is."""
        typed = self.cleaned_data
        found = {"kind": typed["kind"], "unit": typed["unit"].strip(), "tax": typed["tax"]}
        if typed["price"]:
            found["price"] = typed["price"]
        if typed["kind"] != "usage":
            return found
        way, counted = (typed[name] if name in self.data else self.initial.get(name, "") for name in _COUNTING)
        return (
            found | {"aggregation": way or WAYS[0][0]} | ({"property": counted} if way == "unique" and counted else {})
        )

    def blame(self, error: InvalidValue) -> None:
        """Put what the catalogue refuses on the field that is to blame."""
        if self.settled and error.field in _COUNTING:
            sentence = str(self.fields["aggregation"].help_text)
            self.fields["aggregation"].help_text = ""
            stored = {name: self.initial[name] for name in _COUNTING}
            self.data = {**self.data, **stored}  # what it keeps is shown, not what was asked for
            self.add_error("aggregation", sentence)
        else:
            blame(self, error)


@page("services/", name="services", kinds=STAFF, right="plan.view")
def services(request: PersonRequest) -> HttpResponse:
    """What plans are composed of."""
    shown = {
        "services": list_services(request.person.operators), "names": sellers_of(request.person),
        "kinds": dict(KINDS), "taxes": dict(TAXES), "ways": dict(WAYS),
    }  # fmt: skip
    return render(request, "web/staff/services.html", shown)


@page("services/new/<int:operator>/", name="service_new", kinds=STAFF, right="plan.change", methods=_BOTH)
def service_new(request: PersonRequest, operator: int) -> HttpResponse:
    """A new service."""
    return _service(request, seller_of(request.person, operator), None)


@page("services/<int:operator>/<code:code>/", name="service_edit", kinds=STAFF, right="plan.change", methods=_BOTH)
def service_edit(request: PersonRequest, operator: int, code: str) -> HttpResponse:
    """Change a service; its code and kind stay."""
    return _service(request, seller_of(request.person, operator), code)


def _service(request: PersonRequest, seller: Operator, code: str | None) -> HttpResponse:
    known = {each.code: each for each in list_services([seller.id])}
    if code is not None and code not in known:
        message = _("There is no such service; look it up in the list.")
        raise NotFound(message)
    opened = Shown(request, partial(reserve, seller), lambda: known_services(seller).get(code or ""))
    form = ServiceForm(request.POST.dict() or None, known[code] if code is not None else None)
    if request.method == "POST" and form.is_valid():
        typed = form.cleaned_data["code"]
        try:
            if code is None:
                require_free(typed, known, _("There is a service with this code already; choose another."))
            save = partial(save_service, seller, typed, form.record(), now=request.now)
            return saved(
                request,
                save if code is None else partial(opened.save, save),
                _("The service is saved."),
                reverse("services"),
            )
        except InvalidValue as error:
            form.blame(error)
    shown = {"form": form, "seller": seller, "code": code, "opened": opened.opened}
    return render(request, "web/staff/service.html", shown, status=REFUSED if form.errors else 200)


def seller_of(person: Person, operator: int) -> Operator:
    """An operator of a person's. Raises NotFound."""
    person.require_operator(operator)
    return operator_by_id(operator)


def sellers_of(person: Person) -> dict[int, Operator]:
    """A person's operators by their ids."""
    return {each: operator_by_id(each) for each in person.operators}

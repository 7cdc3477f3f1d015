"""The settings of an operator: one's own, or one below."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from django import forms
from django.conf import settings as site
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from abono.features.billing.sellers import change_settings, staff_of
from abono.features.catalogue.operations import reserve
from abono.features.operators import tree
from abono.features.operators.access import find_operator
from abono.features.operators.queries import operator_by_id
from abono.features.operators.zones import zones
from abono.interfaces.web.asking import Shown
from abono.interfaces.web.pages import STAFF, PersonRequest, page
from abono.interfaces.web.reading import AmbiguousNumber, decimal_sign, normal_number, write_quantity
from abono.interfaces.web.refusing import REFUSED, tried

if TYPE_CHECKING:
    from django.http import HttpResponse

    from abono.features.operators.queries import Operator
    from abono.features.operators.tree import Node

_RATE_DECIMALS = 4


class RateField(forms.CharField):
    """A tax rate in percent, with the own decimal sign; the form's value is the text of a decimal."""

    def __init__(self, **kwargs: Any) -> None:
        widget = forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"})
        super().__init__(**{"max_length": 12, "widget": widget, **kwargs})

    def clean(self, value: Any) -> str:
        """The decimal as programs write it."""
        text: str = super().clean(value)
        try:
            return normal_number(text, _RATE_DECIMALS, decimal_sign())
        except AmbiguousNumber:
            raise ValidationError(_("Write a tax rate from 0 to 100, in percent."), code="ambiguous") from None


class SettingsForm(forms.Form):
    """The terms of an operator."""

    name = forms.CharField(label=gettext_lazy("Name"), max_length=200)
    currency = forms.CharField(
        label=gettext_lazy("Currency"),
        max_length=3,
        help_text=gettext_lazy("Three letters, such as EUR. It stays once there are accounts."),
    )
    time_zone = forms.ChoiceField(
        label=gettext_lazy("Time zone"),
        help_text=gettext_lazy("Days begin at its midnight: charges are made then. It stays once there are accounts."),
    )
    locale = forms.ChoiceField(
        label=gettext_lazy("Language"),
        choices=site.LANGUAGES,
        help_text=gettext_lazy("In which new accounts are spoken to, unless they choose another."),
    )
    prices_include_tax = forms.BooleanField(label=gettext_lazy("Prices include tax"), required=False)
    tax = RateField(
        label=gettext_lazy("Tax rate"),
        help_text=gettext_lazy(
            "In percent. It counts for every period that begins from now on; running ones keep theirs."
        ),
    )
    tax_reduced = RateField(label=gettext_lazy("Reduced tax rate"), help_text=gettext_lazy("In percent."))
    manager = forms.TypedChoiceField(
        label=gettext_lazy("Responsible manager"),
        coerce=int,
        empty_value=None,
        required=False,
        help_text=gettext_lazy("Who of the parent's people looks after this operator."),
    )
    require_mfa = forms.BooleanField(
        label=gettext_lazy("Staff need a second factor"),
        required=False,
        help_text=gettext_lazy("Whoever has none yet must set one up before anything else."),
    )

    def __init__(self, seller: Operator, node: Node, *, above: bool, **kwargs: Any) -> None:
        """``above``: the person stands above the operator and sees its parent's people."""
        first = {
            **vars(seller),
            "tax": write_quantity(seller.tax),
            "tax_reduced": write_quantity(seller.tax_reduced),
            "manager": node.manager_id,
            "require_mfa": node.require_mfa,
        }
        super().__init__(initial=first, **kwargs)
        zone, manager = self.fields["time_zone"], self.fields["manager"]
        if isinstance(zone, forms.ChoiceField):
            zone.choices = [(name, name) for name in sorted({*zones(), seller.time_zone})]
        if above and node.parent_id is not None and isinstance(manager, forms.ChoiceField):
            manager.choices = [("", _("Nobody")), *((each.id, each.name) for each in staff_of(node.parent_id))]
        else:
            del self.fields["manager"]


@page("settings/", name="settings", kinds=STAFF, right="operator.view", methods=("GET", "POST"))
def settings(request: PersonRequest) -> HttpResponse:
    """The settings of the person's own operator; who may not change them sees them."""
    return _settings(request, request.person.operator, reverse("settings"))


@page(
    "operators/<int:operator>/settings/",
    name="operator_settings",
    kinds=STAFF,
    right="operator.view",
    methods=("GET", "POST"),
)
def operator_settings(request: PersonRequest, operator: int) -> HttpResponse:
    """The settings of an operator of the person's tree."""
    return _settings(request, operator, reverse("operator", args=[operator]))


def _settings(request: PersonRequest, operator: int, back: str) -> HttpResponse:
    person = request.person
    seller = find_operator(person, operator, "operator.change" if request.method == "POST" else "operator.view")
    node = tree.node(operator)
    form = SettingsForm(seller, node, above=operator != person.operator, data=request.POST or None)
    if not person.may("operator.change"):
        for field in form.fields.values():
            field.disabled = True
    opened = Shown(request, partial(reserve, seller), lambda: _stored(operator))
    values = {"form": form, "seller": seller, "own": operator == person.operator, "opened": opened}
    if request.method != "POST":
        return render(request, "web/staff/settings.html", values)
    if form.is_valid() and tried(form, lambda: opened.save(lambda: _save(request, seller, node, form.cleaned_data))):
        messages.success(request, _("The settings were saved."))
        return HttpResponseRedirect(back, status=303)
    return render(request, "web/staff/settings.html", values, status=REFUSED)


def _stored(operator: int) -> tuple[object, ...]:
    """What the form is about, as it is stored now."""
    node = tree.node(operator)
    return operator_by_id(operator), node.manager_id, node.require_mfa


def _save(request: PersonRequest, seller: Operator, node: Node, values: dict[str, Any]) -> None:
    terms = {name: values[name] for name in ("time_zone", "locale", "prices_include_tax", "tax", "tax_reduced")}
    terms["currency"] = values["currency"].strip().upper()
    manager = values.get("manager", node.manager_id)
    name = tree.checked_name(values["name"])
    change_settings(seller.id, terms, manager=manager, require_mfa=values["require_mfa"], now=request.now)
    if name != seller.name:
        tree.rename(seller, name, now=request.now)

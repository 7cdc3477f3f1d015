"""The form of the plan composer: terms as people choose them, and the record that the catalogue reads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext_lazy

from abono.interfaces.web import formats
from abono.interfaces.web.reading import (
    AmountField,
    QuantityField,
    decimal_sign,
    normal_number,
    write_amount,
    write_quantity,
)
from abono.interfaces.web.refusing import told
from abono.interfaces.web.staff.use_fields import USE
from abono.interfaces.web.staff.use_form import Use, sections, typed_use
from abono.kernel.money import format_amount

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from abono.features.catalogue.queries import PlanDetail, PlanRow, ServiceRow
    from abono.kernel.errors import InvalidValue

_PERIODS = (
    ("day", gettext_lazy("Day")),
    ("week", gettext_lazy("Week")),
    ("month", gettext_lazy("Month")),
    ("quarter", gettext_lazy("Quarter")),
    ("year", gettext_lazy("Year")),
    ("other", gettext_lazy("Another length")),
)
_ANCHORS = (
    ("start", gettext_lazy("On the day it began")),
    ("calendar", gettext_lazy("With the calendar: the 1st, Monday, 1 January")),
    ("day", gettext_lazy("On a day of the month")),
)
_FIRST = (
    ("full", gettext_lazy("Costs the whole price")),
    ("prorate", gettext_lazy("Costs its part of the price")),
    ("free", gettext_lazy("Is free")),
)
_CHARGES = (
    ("advance", gettext_lazy("In advance, at the beginning of each period")),
    ("arrears", gettext_lazy("In arrears, at the end of each period")),
    ("daily", gettext_lazy("Daily, a slice each day")),
)
_SHORTFALLS = (
    ("suspend", gettext_lazy("Suspend until the money is there")),
    ("end", gettext_lazy("End")),
    ("owe", gettext_lazy("Charge anyway and let it owe")),
)
_RESUMES = (
    ("restart", gettext_lazy("A new period from the day of the return")),
    ("remainder", gettext_lazy("The rest of the period that runs, for its part of the price")),
    ("full", gettext_lazy("The rest of the period that runs, for the full price")),
)
_PAUSES = (
    ("freeze", gettext_lazy("Allowed; paid days are kept")),
    ("lose", gettext_lazy("Allowed; paid days run on")),
    ("none", gettext_lazy("Not allowed")),
)
_LOOKS = (("", pgettext_lazy("look-ahead", "None")), ("hours", gettext_lazy("Hours")), ("days", gettext_lazy("Days")))
_MOST_DAYS = 36_500
_SERVICE = "service-"
_DECIMALS = 8


class PriceField(forms.CharField):
    """An exact price as text that the kernel reads; empty where it is the sum of the services' prices."""

    def clean(self, value: Any) -> str:
        """A decimal string with a point."""
        text: str = super().clean(value)
        try:
            return normal_number(text, _DECIMALS, decimal_sign()) if text else ""
        except ValueError:
            message = _("This can be read in two ways: write it without separators of thousands.")
            raise ValidationError(message, code="ambiguous") from None


class PlanForm(forms.Form):
    """A plan. What is wrong with the terms is judged by the catalogue, not here."""

    code = forms.CharField(
        label=gettext_lazy("Code"),
        max_length=60,
        help_text=gettext_lazy("Letters, digits, hyphens, dots and underscores, such as home-100. It never changes."),
    )
    price = PriceField(
        label=gettext_lazy("Price of a period"),
        max_length=40,
        required=False,
        widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
        help_text=gettext_lazy("Empty: the sum of its services' prices."),
    )
    period = forms.ChoiceField(label=gettext_lazy("Billing period"), choices=_PERIODS, initial="month")
    period_text = forms.CharField(
        label=gettext_lazy("Another length"),
        max_length=20,
        required=False,
        help_text=gettext_lazy("Such as “30 days” or “2 weeks”."),
    )
    anchor = forms.ChoiceField(label=gettext_lazy("Periods begin"), choices=_ANCHORS, initial="start")
    anchor_day = forms.IntegerField(label=gettext_lazy("Day of the month"), min_value=1, max_value=31, required=False)
    first_period = forms.ChoiceField(label=gettext_lazy("A short first period"), choices=_FIRST, initial="full")
    charge = forms.ChoiceField(label=gettext_lazy("Charged"), choices=_CHARGES, initial="advance")
    renew = forms.BooleanField(
        label=gettext_lazy("Renews by itself"),
        required=False,
        initial=True,
        help_text=gettext_lazy("Otherwise it ends after one period and is bought again."),
    )
    trial = forms.IntegerField(label=gettext_lazy("Trial, in days"), min_value=0, max_value=_MOST_DAYS, required=False)
    setup_fee = AmountField(label=gettext_lazy("Setup fee"), least=0, required=False)
    on_shortfall = forms.ChoiceField(
        label=gettext_lazy("When the money is short"), choices=_SHORTFALLS, initial="suspend"
    )
    resume = forms.ChoiceField(label=gettext_lazy("A return costs"), choices=_RESUMES, initial="restart")
    look_ahead_unit = forms.ChoiceField(label=gettext_lazy("Look ahead"), choices=_LOOKS, required=False)
    look_ahead = forms.IntegerField(
        label=gettext_lazy("So long before the boundary"), min_value=1, max_value=_MOST_DAYS, required=False
    )
    early_block = forms.BooleanField(
        label=gettext_lazy("Block at the look-ahead who will not be able to pay"), required=False
    )
    priority = forms.IntegerField(
        label=gettext_lazy("Priority"),
        min_value=0,
        max_value=1_000_000,
        initial=100,
        help_text=gettext_lazy("The lowest number is charged first."),
    )
    pause = forms.ChoiceField(label=gettext_lazy("Pauses"), choices=_PAUSES, initial="freeze")
    pause_days = forms.IntegerField(
        label=gettext_lazy("Most days of pause a year"), min_value=0, max_value=366, required=False
    )
    pause_least = forms.IntegerField(
        label=gettext_lazy("Least days of a pause"), min_value=0, max_value=366, required=False
    )
    pause_fee = AmountField(label=gettext_lazy("Fee of a pause"), least=0, required=False)

    def __init__(
        self,
        *args: Any,
        currency: str,
        services: Sequence[ServiceRow],
        kept: Mapping[str, Mapping[str, Any]],
        **kwargs: Any,
    ) -> None:
        """``kept``: the terms of use that services have in the version before."""
        super().__init__(*args, **kwargs)
        self.currency = currency
        self.services = services
        self.kept = kept
        for field in self.fields.values():
            if isinstance(field, AmountField):
                field.currency = currency
        for service in services:
            self.fields[f"{_SERVICE}{service.code}"] = QuantityField(label=service.code, required=False)
        self.uses = sections(self, services, kept, currency)
        for code in self.uses:
            # The terms below show as soon as something is written: see composer.css.
            self.fields[f"{_SERVICE}{code}"].widget.attrs["placeholder"] = " "

    @property
    def chosen(self) -> list[tuple[forms.BoundField, ServiceRow, Use | None]]:
        """How many of each service, and the terms of those that are counted."""
        return [(self[f"{_SERVICE}{each.code}"], each, self.uses.get(each.code)) for each in self.services]

    @property
    def wrong(self) -> list[tuple[str, str, str]]:
        """What is wrong: the id of the field (empty: of none), what it is called, and the sentence."""
        found = [("", "", str(each)) for each in self.non_field_errors()]
        for bound in self.visible_fields():
            code = bound.name.split(":")[1] if bound.name.startswith(USE) else ""
            called = f"{code}: {bound.label}" if code else str(bound.label)
            found += [(bound.id_for_label, called, str(each)) for each in bound.errors]
        return found

    def clean(self) -> None:
        """Read the terms of the counted services that are chosen; of all others nothing is judged."""
        for code, use in self.uses.items():
            if self.cleaned_data.get(f"{_SERVICE}{code}"):
                use.read()

    def record(self) -> dict[str, Any]:
        """The plan as the catalogue reads it."""
        typed = self.cleaned_data
        found: dict[str, Any] = {
            "period": typed["period_text"] if typed["period"] == "other" else typed["period"],
            "anchor": str(typed["anchor_day"] or "") if typed["anchor"] == "day" else typed["anchor"],
            "first_period": typed["first_period"],
            "charge": typed["charge"],
            "renew": typed["renew"],
            "on_shortfall": typed["on_shortfall"],
            "resume": typed["resume"],
            "early_block": typed["early_block"],
            "priority": typed["priority"],
            "setup_fee": format_amount(typed["setup_fee"] or 0, self.currency),
            "pause": {
                "mode": typed["pause"],
                "min_days": typed["pause_least"] or 0,
                "fee": format_amount(typed["pause_fee"] or 0, self.currency),
            },
            "services": {
                service.code: {**self._terms(service.code), "quantity": f"{count:f}"}
                for service in self.services
                if (count := typed.get(f"{_SERVICE}{service.code}"))
            },
        }
        if typed["price"]:
            found["price"] = typed["price"]
        if typed["trial"]:
            found["trial"] = f"{typed['trial']} days"
        if typed["look_ahead_unit"]:
            found["look_ahead"] = f"{typed['look_ahead'] or 0} {typed['look_ahead_unit']}"
        if typed["pause_days"] is not None:
            found["pause"]["days_per_year"] = typed["pause_days"]
        return found

    def _terms(self, code: str) -> Mapping[str, Any]:
        return self.uses[code].terms if code in self.uses else self.kept.get(code, {})

    def blame(self, error: InvalidValue) -> None:
        """Put what the catalogue refuses on the field that is to blame."""
        for code in sorted(self.uses, key=len, reverse=True):
            if error.field.startswith(f"services.{code}."):
                self.uses[code].blame(error.field.removeprefix(f"services.{code}."), error)
                return
        path = error.field.split(".")
        name = {
            "period": "period_text" if self.cleaned_data.get("period") == "other" else "period",
            "anchor": "anchor_day" if self.cleaned_data.get("anchor") == "day" else "anchor",
        }.get(path[0], path[0])
        if path[0] == "services" and len(path) > 1:
            name = f"{_SERVICE}{path[1]}"
        if path[0] == "pause" and len(path) > 1:
            name = {"days_per_year": "pause_days", "min_days": "pause_least", "fee": "pause_fee"}.get(path[1], "pause")
        self.add_error(name if name in self.fields else None, told(error))


def typed_terms(detail: PlanDetail, today: date) -> dict[str, Any]:
    """What the form shows of a plan that is sold, at today's price: to begin a new version with."""
    plan = detail.plan
    named = {value for value, _label in _PERIODS}
    own = next((point.price for point in detail.prices if point.valid_from <= today), None)
    return {
        "code": plan.code,
        "price": "" if own is None else write_quantity(own),
        "period": plan.period if plan.period in named else "other",
        "period_text": "" if plan.period in named else plan.period,
        "anchor": "day" if plan.anchor.isdigit() else plan.anchor,
        "anchor_day": int(plan.anchor) if plan.anchor.isdigit() else None,
        "first_period": plan.first_period,
        "charge": plan.charge,
        "renew": plan.renews,
        "trial": plan.trial_days or None,
        "setup_fee": write_amount(plan.setup_fee, plan.currency) if plan.setup_fee else "",
        "on_shortfall": plan.on_shortfall,
        "resume": plan.resume,
        "look_ahead_unit": "days" if plan.look_ahead_days else "hours" if plan.look_ahead_hours else "",
        "look_ahead": plan.look_ahead_days or plan.look_ahead_hours,
        "early_block": plan.early_block,
        "priority": plan.priority,
        "pause": plan.pause,
        "pause_days": plan.pause_days_per_year,
        "pause_least": plan.pause_min_days or None,
        "pause_fee": write_amount(plan.pause_fee, plan.currency) if plan.pause_fee else "",
        **{f"{_SERVICE}{each.code}": write_quantity(each.quantity) for each in detail.services},
        **{name: text for each in detail.services for name, text in typed_use(each.code, each.terms).items()},
    }


def as_typed(typed: Mapping[str, str]) -> dict[str, Any]:
    """What a form shows that is not judged yet: everything as it was sent."""
    boxes = [name for name, field in PlanForm.base_fields.items() if isinstance(field, forms.BooleanField)]
    return {**typed, **{name: name in typed for name in boxes}}


def kept_use(detail: PlanDetail | None) -> dict[str, Mapping[str, Any]]:
    """The terms of use of a plan's services in the version that is sold."""
    return {} if detail is None else {each.code: each.terms for each in detail.services}


def described(plan: PlanRow) -> list[tuple[str, str]]:
    """The terms of a plan as people read them: what each is about, and what holds."""
    anchor = _("On day %(day)s of the month") % {"day": plan.anchor} if plan.anchor.isdigit() else ""
    found = [
        (_("Charged"), str(dict(_CHARGES)[plan.charge])),
        (_("Periods begin"), anchor or str(dict(_ANCHORS)[plan.anchor])),
        (_("A short first period"), str(dict(_FIRST)[plan.first_period])),
        (_("When the money is short"), str(dict(_SHORTFALLS)[plan.on_shortfall])),
        (_("A return costs"), str(dict(_RESUMES)[plan.resume])),
        (_("Pauses"), str(dict(_PAUSES)[plan.pause])),
        (_("Look ahead"), _look_ahead(plan)),
        (_("Priority"), str(plan.priority)),
    ]
    if plan.trial_days:
        days = ngettext("%(days)s day", "%(days)s days", plan.trial_days) % {"days": plan.trial_days}
        found.insert(0, (_("Trial"), days))
    if plan.setup_fee:
        found.insert(0, (_("Setup fee"), formats.amount(plan.setup_fee, plan.currency)))
    if not plan.renews:
        found.append((_("Renewal"), _("It ends after one period and is bought again.")))
    return found


def _look_ahead(plan: PlanRow) -> str:
    days, hours = plan.look_ahead_days, plan.look_ahead_hours
    if days:
        before = ngettext("%(days)s day before", "%(days)s days before", days) % {"days": days}
    elif hours:
        before = ngettext("%(hours)s hour before", "%(hours)s hours before", hours) % {"hours": hours}
    else:
        return _("None")
    return _("%(before)s; who cannot pay is blocked then") % {"before": before} if plan.early_block else before

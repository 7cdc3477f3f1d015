"""The terms of use of a counted service in the plan composer: as people choose them, and as the catalogue reads them.

A further term is a field in ``_fields``, a line of ``parts/plan_use.html``, its name in OWN, and its two directions in
``_written`` and ``typed_use``. What a plan has beside these (of an imported catalogue) is carried over as it is.
The names of the fields and their rows are in ``use_fields``, the filters in ``filter_form``.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from abono.interfaces.web import formats
from abono.interfaces.web.quotas import measure
from abono.interfaces.web.reading import AmbiguousNumber, decimal_sign, normal_number
from abono.interfaces.web.refusing import told
from abono.interfaces.web.staff.filter_form import Filters, filter_fields, typed_filters
from abono.interfaces.web.staff.use_fields import TIER, chosen_field, name_of, number_field, rows_of, text_field
from abono.kernel.errors import InvalidValue
from abono.kernel.money import parse_amount, parse_decimal, parse_unsigned
from abono.kernel.quotes import quote
from abono.kernel.rating import MODEL_FIELDS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from django import forms

    from abono.features.catalogue.queries import ServiceRow

OWN = MODEL_FIELDS | {
    "included", "quota_period", "limit", "overage", "minimum", "maximum", "seats_billed", "warn", "filters",
}  # fmt: skip
"""The terms that the section writes; all others are carried over."""
PERIODS = (("period", gettext_lazy("The billing period")), ("day", gettext_lazy("Each day")))
BEYOND = (
    ("count", gettext_lazy("Is counted and costs nothing")),
    ("hard", gettext_lazy("Is refused: a hard limit")),
    ("period_end", gettext_lazy("Is charged at the end of the period")),
    ("on_use", gettext_lazy("Is charged at once, as it is used")),
)
MODELS = (
    ("standard", gettext_lazy("The same for each")),
    ("package", gettext_lazy("By packs")),
    ("graduated", gettext_lazy("By tiers, each part at its own")),
    ("volume", gettext_lazy("By volume, all of it at one tier")),
    ("percentage", gettext_lazy("A percentage of the total")),
)
SEATS = (
    ("peak", gettext_lazy("By the highest number in the period")),
    ("end", gettext_lazy("By the number at the end of the period")),
    ("time", gettext_lazy("By the average over the time of the period")),
)
TOLD = (("at", gettext_lazy("At percentages of the included")), ("never", gettext_lazy("Never")))
_CHARGED = ("period_end", "on_use")
_TIERED = ("graduated", "volume")
_OF_MODEL = {"standard": ("unit",), "package": ("size", "price"), "percentage": ("rate", "fixed", "min", "max")}
_NEW_ROWS = 2
_DECIMALS = 12
_LONGEST_PERCENTS = 80
_EXAMPLE = "100"
_PERCENT = re.compile("[0-9]{1,6}")


def _fields(kind: str, rows: int) -> dict[str, forms.Field]:
    """The fields of a section by their terms."""
    nothing = gettext_lazy("Empty: nothing. The ordered quantity multiplies it.")
    found: dict[str, forms.Field] = {
        "included": number_field(gettext_lazy("Included"), nothing),
        "quota_period": chosen_field(gettext_lazy("Quota period"), PERIODS),
        "seats_billed": chosen_field(gettext_lazy("Seats are billed"), SEATS),
        "beyond": chosen_field(gettext_lazy("What is beyond"), BEYOND, "beyond"),
        "model": chosen_field(gettext_lazy("What is beyond costs"), MODELS, "model"),
        "unit": number_field(gettext_lazy("Each costs")),
        "size": number_field(gettext_lazy("So many in a pack"), gettext_lazy("A started pack is charged whole.")),
        "price": number_field(gettext_lazy("A pack costs")),
        "rate": number_field(gettext_lazy("Percentage")),
        "fixed": number_field(gettext_lazy("And a fixed part")),
        "min": number_field(gettext_lazy("Together at least"), gettext_lazy("Where anything is beyond.")),
        "max": number_field(gettext_lazy("Together at most")),
        "minimum": number_field(gettext_lazy("A period costs at least"), gettext_lazy("Also where nothing was used.")),
        "maximum": number_field(gettext_lazy("A period costs at most")),
        "example": number_field(
            gettext_lazy("An example"), gettext_lazy("So much used in all: what would it cost?"), _EXAMPLE
        ),
        "told": chosen_field(gettext_lazy("The subscriber is told"), TOLD, "told"),
        "warn": text_field(
            gettext_lazy("Warn at"),
            gettext_lazy("Percentages in ascending order, such as 50, 80, 100. Empty: 80 and 100."),
            longest=_LONGEST_PERCENTS,
        ),
    }
    del found["quota_period" if kind == "seats" else "seats_billed"]
    for row in range(rows):
        found[f"tier:{row}:up_to"] = number_field(gettext_lazy("Up to"))
        found[f"tier:{row}:unit"] = number_field(gettext_lazy("Each costs"))
        found[f"tier:{row}:flat"] = number_field(gettext_lazy("Once for the tier"))
    return found


def typed_use(code: str, terms: Mapping[str, Any]) -> dict[str, str]:
    """What the section of a service shows of terms that are sold."""
    sign = decimal_sign()
    charged = str(terms.get("overage") or "period_end")
    found = {
        "quota_period": "day" if terms.get("quota_period") == "day" else "period",
        "seats_billed": str(terms.get("seats_billed") or "peak"),
        "beyond": "hard" if terms.get("limit") == "hard" else charged if terms.get("model") else "count",
        "model": str(terms.get("model") or "standard"),
    }
    numbers = ("included", "minimum", "maximum", *(name for names in _OF_MODEL.values() for name in names))
    found |= {name: str(terms[name]).replace(".", sign) for name in numbers if terms.get(name) is not None}
    found |= _told(terms.get("warn")) | typed_filters(terms.get("filters") or ())
    for row, tier in enumerate(terms.get("tiers") or ()):
        for part in TIER:
            value = tier.get(part)
            found[f"tier:{row}:{part}"] = "" if value is None else str(value).replace(".", sign)
    return {name_of(code, name): value for name, value in found.items()}


def _told(thresholds: Sequence[int] | None) -> dict[str, str]:
    return {"told": "never" if thresholds == [] else "at", "warn": ", ".join(str(each) for each in thresholds or ())}


class Use:
    """The section of one service in a form: its fields by name (``use["included"]``), and the terms they make."""

    def __init__(
        self, form: forms.Form, service: ServiceRow, kept: Mapping[str, Any], currency: str, others: Sequence[str]
    ) -> None:
        """``kept``: the terms of the version before; ``others``: the services as which an event may count."""
        self.form = form
        self.currency = currency
        self.service = service
        self.terms: dict[str, Any] = {}
        self.given: list[int] = []
        self.others = others
        self._kept = kept
        values = form.data if form.is_bound else form.initial
        tiers = rows_of(values, service.code, "tier") or (1 if form.is_bound else _NEW_ROWS)
        self._fields = _fields(service.kind, tiers)
        self.filters: Filters | None = None
        if service.kind == "usage":
            self._fields |= filter_fields(values, service.code, others)
            self.filters = Filters(self, list(self._fields), kept.get("filters") or ())
        form.fields.update({name_of(service.code, name): field for name, field in self._fields.items()})

    def __getitem__(self, term: str) -> forms.BoundField:
        """A field of the section. Raises KeyError."""
        if term not in self._fields:
            raise KeyError(term)
        return self.form[name_of(self.service.code, term)]

    @property
    def rows(self) -> list[dict[str, forms.BoundField]]:
        """The tiers: the fields of each."""
        places = range(sum(name.endswith(":up_to") for name in self._fields))
        return [{part: self[f"tier:{place}:{part}"] for part in TIER} for place in places]

    def go_on_at(self, term: str) -> None:
        """A script puts the cursor into a field, where there is one."""
        if term in self._fields:
            self[term].field.widget.attrs["data-focus"] = True

    def read(self) -> None:
        """Read the terms of a section whose service is chosen; what is no number is marked in its field."""
        self.terms = {name: value for name, value in self._kept.items() if name not in OWN} | self._written()

    def _written(self) -> dict[str, Any]:
        beyond, model = self.text("beyond"), self.text("model")
        found: dict[str, Any] = {"included": self.number("included"), "minimum": self.number("minimum")}
        found["warn"] = self._warned()
        found["filters"] = self.filters.read() if self.filters else None
        if self.text("quota_period") == "day":
            found["quota_period"] = "day"
        if self.text("seats_billed") not in {"", "peak"}:
            found["seats_billed"] = self.text("seats_billed")
        if beyond == "hard":
            found["limit"] = "hard"
        if beyond == "on_use":
            found["overage"] = "on_use"
        if beyond in _CHARGED:
            found |= {"maximum": self.number("maximum"), "model": model}
            found |= {name: self.number(name) for name in _OF_MODEL.get(model, ())}
            if model in _TIERED:
                found["tiers"] = self._tiers()
        return {name: value for name, value in found.items() if value is not None}

    def _tiers(self) -> list[dict[str, str | None]]:
        """The tiers of which anything was written."""
        every = {place: [self.text(f"tier:{place}:{part}") for part in TIER] for place in range(len(self.rows))}
        self.given = [place for place, texts in every.items() if any(texts)]
        return [
            {"up_to": self.number(f"tier:{place}:up_to")}
            | {part: text for part in ("unit", "flat") if (text := self.number(f"tier:{place}:{part}")) is not None}
            for place in self.given
        ]

    def _warned(self) -> list[int] | None:
        """The percents at which the subscriber is told; None for the usual ones."""
        if self.text("told") == "never":
            return []
        percents = self.text("warn").replace("%", " ").replace(",", " ").replace(";", " ").split()
        if not all(_PERCENT.fullmatch(each) for each in percents):
            self.refuse("warn", _("Write whole percentages with commas between them, such as 50, 80, 100."))
            return None
        return [int(each) for each in percents] or None

    def text(self, term: str) -> str:
        """What was written into a field of the section."""
        return str(self.form.cleaned_data.get(name_of(self.service.code, term)) or "").strip()

    def _plain(self, term: str) -> str | None:
        """A number as the catalogue reads it, None where nothing is written. Raises ValidationError."""
        text = self.text(term)
        if not text:
            return None
        try:
            plain = normal_number(text, _DECIMALS, decimal_sign())
            parse_unsigned(plain, term)
        except AmbiguousNumber:
            message = _("This can be read in two ways: write it without separators of thousands.")
            raise ValidationError(message, code="ambiguous") from None
        except InvalidValue as error:
            message = _("Write a number, such as 2 or %(example)s.") % {"example": f"2{decimal_sign()}5"}
            raise ValidationError(message if error.code == "invalid" else told(error), code=error.code) from None
        return plain

    def number(self, term: str) -> str | None:
        """The same; None also where what is written is marked as wrong."""
        try:
            return self._plain(term)
        except ValidationError as error:
            self.form.add_error(name_of(self.service.code, term), error)
            return None

    def refuse(self, term: str, sentence: str) -> None:
        """Mark a field of the section as wrong."""
        self.form.add_error(name_of(self.service.code, term), sentence)

    @property
    def cost(self) -> str:
        """What the example would cost by these terms, as a sentence; empty where nothing is charged or it is wrong."""
        if not (self.terms.get("model") or self.terms.get("minimum")):
            return ""
        try:
            example = self._plain("example")
        except ValidationError as error:
            return " ".join(error.messages)
        if example is None:
            return ""
        names = {"included", "minimum", "maximum", *MODEL_FIELDS}
        asked = {name: value for name, value in self.terms.items() if name in names}
        if "model" not in asked:  # only the minimum costs anything
            asked |= {"model": "standard", "unit": "0"}
        try:
            answer = quote({"quote": "price", "quantity": example, "currency": self.currency, **asked})
        except InvalidValue:
            return ""
        amount = formats.amount(parse_amount(str(answer["amount"]), self.currency, "amount"), self.currency)
        shown = formats.number(parse_decimal(example, "quantity"))
        said = {"quantity": measure(shown, self.service.unit), "amount": amount}
        if "packs" not in answer:
            return _("%(quantity)s would cost %(amount)s.") % said
        count = int(str(answer["packs"]))
        packs = ngettext("%(count)s pack", "%(count)s packs", count) % {"count": formats.number(count)}
        return _("%(quantity)s would cost %(amount)s: %(packs)s.") % {**said, "packs": packs}

    def blame(self, path: str, error: InvalidValue) -> None:
        """Put what the catalogue refuses of these terms (``path`` among them) on the field that is to blame."""
        group, _point, rest = path.partition(".")
        unseen = {"limit", "overage"} if "model" in self.terms else {"limit", "overage", "model"}
        term, sentence = "beyond" if path in unseen else path, told(error)
        if group == "tiers":
            term, sentence = self._blamed_tier(rest, error)
        elif group == "filters" and self.filters:
            term, sentence = self.filters.blamed(rest, error)
        elif group == "warn":
            term, sentence = "warn", _wrong_percents(rest, error)
        elif path == "quota_period":
            sentence = _("What adds up in this way is counted over the whole billing period.")
        name = name_of(self.service.code, term)
        self.form.add_error(name if term in self._fields else f"service-{self.service.code}", sentence)

    def _blamed_tier(self, path: str, error: InvalidValue) -> tuple[str, str]:
        place, _point, part = path.partition(".")
        term = f"tier:{self.given[int(place)] if place else 0}:{part or 'unit'}"
        if part != "up_to":
            return term, told(error)
        if error.code == "invalid":
            return term, _("Every tier but the last needs an end; the last has none.")
        return term, _("Let every tier end above the one before it.")


def _wrong_percents(place: str, error: InvalidValue) -> str:
    if not place:
        return _("Write at most ten percentages.")
    if error.code == "out_of_range":
        return _("Write percentages from 1 to 1000.")
    return _("Let every percentage be above the one before it.")


def sections(
    form: forms.Form, services: Iterable[ServiceRow], kept: Mapping[str, Mapping[str, Any]], currency: str
) -> dict[str, Use]:
    """The sections of the services that are counted, by code; their fields are added to a form."""
    counted = [each for each in services if each.kind != "onoff"]
    used = [each.code for each in counted if each.kind == "usage"]
    return {
        each.code: Use(form, each, kept.get(each.code, {}), currency, [code for code in used if code != each.code])
        for each in counted
    }

"""The terms of use of a counted service in the plan composer: as people choose them, and as the catalogue reads them.

A further term is a field in ``_fields``, a line of ``parts/plan_use.html``, its name in OWN, and its two directions in
``_written`` and ``typed_use``. What a plan has beside these (of an imported catalogue) is carried over as it is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from abono.interfaces.web import formats
from abono.interfaces.web.quotas import measure
from abono.interfaces.web.reading import AmbiguousNumber, decimal_sign, normal_number
from abono.interfaces.web.refusing import told
from abono.kernel.errors import InvalidValue
from abono.kernel.money import parse_amount, parse_decimal, parse_unsigned
from abono.kernel.quotes import quote
from abono.kernel.rating import MODEL_FIELDS, MOST_TIERS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from abono.features.catalogue.queries import ServiceRow

OWN = MODEL_FIELDS | {"included", "quota_period", "limit", "overage", "minimum", "maximum", "seats_billed"}
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
_CHARGED = ("period_end", "on_use")
_TIERED = ("graduated", "volume")
_OF_TIER = ("up_to", "unit", "flat")
_OF_MODEL = {"standard": ("unit",), "package": ("size", "price"), "percentage": ("rate", "fixed", "min", "max")}
_NEW_ROWS = 2
_DECIMALS = 12
_LONGEST = 40
_EXAMPLE = "100"
USE = "use:"
ADD, DROP = "tier-add", "tier-drop"
"""What a button does to the tiers of a service: ``tier-add:CODE``, ``tier-drop:PLACE:CODE``."""


def name_of(code: str, term: str) -> str:
    """The name of a field; a code has no colon, so that no two are called the same."""
    return f"{USE}{code}:{term}"


def with_rows(data: Mapping[str, str], step: str) -> tuple[dict[str, str], str, int]:
    """What was typed with a tier more or less, as a button says; the service's code, and the place to go on at."""
    deed, _colon, rest = step.partition(":")
    place, code = ("", rest) if deed == ADD else rest.split(":", 1) if ":" in rest else ("", rest)
    typed, rows = {**data}, _rows(data, code)
    if deed == ADD and rows < MOST_TIERS:
        typed.update({name_of(code, f"tier:{rows}:{part}"): "" for part in _OF_TIER})
        return typed, code, rows
    if deed == DROP and place.isascii() and place.isdigit() and int(place) < rows:
        for row in range(int(place), rows):
            for part in _OF_TIER:
                following = typed.pop(name_of(code, f"tier:{row + 1}:{part}"), None)
                typed.pop(name_of(code, f"tier:{row}:{part}"), None)
                if following is not None:
                    typed[name_of(code, f"tier:{row}:{part}")] = following
    return typed, code, -1


def _rows(values: Mapping[str, Any], code: str) -> int:
    """How many tiers there are among what was typed."""
    row = 0
    while row < MOST_TIERS and any(name_of(code, f"tier:{row}:{part}") in values for part in _OF_TIER):
        row += 1
    return row


def _number(label: Any, help_text: Any = "", initial: str = "") -> forms.CharField:
    widget = forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"})
    return forms.CharField(
        label=label, required=False, max_length=_LONGEST, widget=widget, help_text=help_text, initial=initial
    )


class _Chosen(forms.ChoiceField):
    """A choice that is never open: where nothing is sent it is the first one."""

    def clean(self, value: Any) -> Any:
        """One of the choices."""
        return super().clean(value or self.choices[0][0])  # type: ignore[index]  # they are given as a tuple


def _chosen(label: Any, choices: Sequence[tuple[str, Any]], mark: str = "") -> _Chosen:
    return _Chosen(label=label, choices=choices, widget=forms.Select(attrs={"class": mark} if mark else {}))


def _fields(kind: str, rows: int) -> dict[str, forms.Field]:
    """The fields of a section by their terms."""
    nothing = gettext_lazy("Empty: nothing. The ordered quantity multiplies it.")
    found: dict[str, forms.Field] = {
        "included": _number(gettext_lazy("Included"), nothing),
        "quota_period": _chosen(gettext_lazy("Quota period"), PERIODS),
        "seats_billed": _chosen(gettext_lazy("Seats are billed"), SEATS),
        "beyond": _chosen(gettext_lazy("What is beyond"), BEYOND, "beyond"),
        "model": _chosen(gettext_lazy("What is beyond costs"), MODELS, "model"),
        "unit": _number(gettext_lazy("Each costs")),
        "size": _number(gettext_lazy("So many in a pack"), gettext_lazy("A started pack is charged whole.")),
        "price": _number(gettext_lazy("A pack costs")),
        "rate": _number(gettext_lazy("Percentage")),
        "fixed": _number(gettext_lazy("And a fixed part")),
        "min": _number(gettext_lazy("Together at least"), gettext_lazy("Where anything is beyond.")),
        "max": _number(gettext_lazy("Together at most")),
        "minimum": _number(gettext_lazy("A period costs at least"), gettext_lazy("Also where nothing was used.")),
        "maximum": _number(gettext_lazy("A period costs at most")),
        "example": _number(
            gettext_lazy("An example"), gettext_lazy("So much used in all: what would it cost?"), _EXAMPLE
        ),
    }
    del found["quota_period" if kind == "seats" else "seats_billed"]
    for row in range(rows):
        found[f"tier:{row}:up_to"] = _number(gettext_lazy("Up to"))
        found[f"tier:{row}:unit"] = _number(gettext_lazy("Each costs"))
        found[f"tier:{row}:flat"] = _number(gettext_lazy("Once for the tier"))
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
    for row, tier in enumerate(terms.get("tiers") or ()):
        for part in _OF_TIER:
            value = tier.get(part)
            found[f"tier:{row}:{part}"] = "" if value is None else str(value).replace(".", sign)
    return {name_of(code, name): value for name, value in found.items()}


class Use:
    """The section of one service in a form: its fields by name (``use["included"]``), and the terms they make."""

    def __init__(self, form: forms.Form, service: ServiceRow, kept: Mapping[str, Any], currency: str) -> None:
        """``kept``: the terms of the version before."""
        self.form = form
        self.currency = currency
        self.service = service
        self.terms: dict[str, Any] = {}
        self.given: list[int] = []
        self._kept = kept
        values = form.data if form.is_bound else form.initial
        self._fields = _fields(service.kind, _rows(values, service.code) or (1 if form.is_bound else _NEW_ROWS))
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
        return [{part: self[f"tier:{place}:{part}"] for part in _OF_TIER} for place in places]

    def go_on_at(self, place: int) -> None:
        """A script puts the cursor on the tier that was added, or on the open end of the one before it."""
        if place > 0 and not self[f"tier:{place - 1}:up_to"].value():
            place -= 1
        if place >= 0:
            self[f"tier:{place}:up_to"].field.widget.attrs["data-focus"] = True

    def read(self) -> None:
        """Read the terms of a section whose service is chosen; what is no number is marked in its field."""
        self.terms = {name: value for name, value in self._kept.items() if name not in OWN} | self._written()

    def _written(self) -> dict[str, Any]:
        beyond, model = self._text("beyond"), self._text("model")
        found: dict[str, Any] = {"included": self._read("included"), "minimum": self._read("minimum")}
        if self._text("quota_period") == "day":
            found["quota_period"] = "day"
        if self._text("seats_billed") not in {"", "peak"}:
            found["seats_billed"] = self._text("seats_billed")
        if beyond == "hard":
            found["limit"] = "hard"
        if beyond == "on_use":
            found["overage"] = "on_use"
        if beyond in _CHARGED:
            found |= {"maximum": self._read("maximum"), "model": model}
            found |= {name: self._read(name) for name in _OF_MODEL.get(model, ())}
            if model in _TIERED:
                found["tiers"] = self._tiers()
        return {name: value for name, value in found.items() if value is not None}

    def _tiers(self) -> list[dict[str, str | None]]:
        """The tiers of which anything was written."""
        every = {place: [self._text(f"tier:{place}:{part}") for part in _OF_TIER] for place in range(len(self.rows))}
        self.given = [place for place, texts in every.items() if any(texts)]
        return [
            {"up_to": self._read(f"tier:{place}:up_to")}
            | {part: text for part in ("unit", "flat") if (text := self._read(f"tier:{place}:{part}")) is not None}
            for place in self.given
        ]

    def _text(self, term: str) -> str:
        return str(self.form.cleaned_data.get(name_of(self.service.code, term)) or "").strip()

    def _plain(self, term: str) -> str | None:
        """A number as the catalogue reads it, None where nothing is written. Raises ValidationError."""
        text = self._text(term)
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

    def _read(self, term: str) -> str | None:
        """The same; None also where what is written is marked as wrong."""
        try:
            return self._plain(term)
        except ValidationError as error:
            self.form.add_error(name_of(self.service.code, term), error)
            return None

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
        parts, sentence = path.split("."), told(error)
        unseen = {"limit", "overage"} if "model" in self.terms else {"limit", "overage", "model"}
        term = "beyond" if path in unseen else path
        if parts[0] == "tiers":
            place = self.given[int(parts[1])] if len(parts) > 1 else 0
            part = parts[2] if len(parts) > 2 else "unit"  # noqa: PLR2004 -- tiers.1.up_to
            term = f"tier:{place}:{part}"
            if part == "up_to" and error.code == "invalid":
                sentence = _("Every tier but the last needs an end; the last has none.")
            elif part == "up_to":
                sentence = _("Let every tier end above the one before it.")
        name = name_of(self.service.code, term)
        self.form.add_error(name if term in self._fields else f"service-{self.service.code}", sentence)


def sections(
    form: forms.Form, services: Iterable[ServiceRow], kept: Mapping[str, Mapping[str, Any]], currency: str
) -> dict[str, Use]:
    """The sections of the services that are counted, by code; their fields are added to a form."""
    counted = [each for each in services if each.kind != "onoff"]
    return {each.code: Use(form, each, kept.get(each.code, {}), currency) for each in counted}

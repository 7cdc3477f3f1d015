"""Reading what people type: amounts and quantities with their own decimal sign, and nothing that could mean two things.

A number with one separator before three digits ("1,234") is twelve hundred to one reader and a bit over one to another.
It is never guessed: the person is asked to write it another way.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from babel import Locale, UnknownLocaleError
from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from abono.interfaces.web import formats
from abono.kernel.errors import InvalidValue
from abono.kernel.fields import FIRST_DAY, LAST_DAY, plausible
from abono.kernel.money import format_amount, minor_digits, parse_amount, parse_decimal

if TYPE_CHECKING:
    from datetime import date
    from decimal import Decimal

_THIN = " \N{NO-BREAK SPACE}\N{NARROW NO-BREAK SPACE}\N{THIN SPACE}"
_SPACES = str.maketrans("", "", f"{_THIN}'\N{RIGHT SINGLE QUOTATION MARK}")
_GROUPED = re.compile(r"[0-9]{1,3}(?:([.,])[0-9]{3})(?:\1[0-9]{3})*")
_SIGNS = {"\N{MINUS SIGN}": "-", "+": ""}
_LONGEST = 40
_QUANTITY_DECIMALS = 6
_GROUP = 3


class AmbiguousNumber(ValueError):  # noqa: N818 -- it asks for another spelling
    """The number can be read in two ways."""


def decimal_sign(locale: str | None = None) -> str:
    """The decimal sign of a language: a point or a comma."""
    try:
        found = Locale.parse((locale or get_language() or "en").replace("-", "_")).number_symbols
    except (UnknownLocaleError, ValueError):
        return "."
    sign: str = found.get("latn", {}).get("decimal", ".")
    return sign if sign in {".", ","} else "."


def normal_number(text: str, decimals: int, sign: str) -> str:
    """The decimal string ("-1234.50") that somebody meant whose decimal sign is ``sign``. Raises AmbiguousNumber.

    ``decimals`` is how many the number may have: where it has fewer than three, a separator before three digits can
    only be a mistake or a separator of thousands, and is not guessed. What is no number at all comes back as it is.
    """
    plain = text.strip().translate(_SPACES)
    lead = ""
    if plain[:1] in {"-", *_SIGNS}:
        lead, plain = _SIGNS.get(plain[0], plain[0]), plain[1:]
    points, commas = plain.count("."), plain.count(",")
    if points and commas:
        last = max(plain.rfind("."), plain.rfind(","))
        whole, part = plain[:last], plain[last + 1 :]
        grouped = _GROUPED.fullmatch(whole)
        if grouped is None or plain[last] in whole:
            return text
        return lead + whole.replace(grouped[1], "") + "." + part
    if points + commas > 1:
        grouped = _GROUPED.fullmatch(plain)
        return text if grouped is None else lead + plain.replace(grouped[1], "")
    if not points + commas:
        return lead + plain
    mark = "." if points else ","
    whole, _mark, part = plain.partition(mark)
    could_be_thousands = len(part) == _GROUP and 1 <= len(whole) <= _GROUP and not whole.startswith("0")
    if could_be_thousands and (decimals < _GROUP or mark != sign):
        raise AmbiguousNumber(plain)
    return f"{lead}{whole}.{part}"


def read_amount(text: str, currency: str, *, locale: str | None = None) -> int:
    """The minor units of an amount as somebody of a language types it. Raises ValidationError with what to do."""
    digits = minor_digits(currency)
    try:
        return parse_amount(normal_number(text[:_LONGEST], digits, decimal_sign(locale)), currency, "amount")
    except AmbiguousNumber:
        raise ValidationError(_ambiguous(text, digits), code="ambiguous") from None
    except InvalidValue as error:
        raise ValidationError(_amount_error(error, digits, locale), code=error.code) from None


def write_amount(minor: int, currency: str, *, locale: str | None = None) -> str:
    """An amount as somebody of a language would type it: no thousands, the own decimal sign."""
    return format_amount(minor, currency).replace(".", decimal_sign(locale))


def read_quantity(text: str, *, locale: str | None = None) -> Decimal:
    """A quantity of up to six decimals. Raises ValidationError with what to do."""
    try:
        number = parse_decimal(normal_number(text[:_LONGEST], _QUANTITY_DECIMALS, decimal_sign(locale)), "quantity")
    except AmbiguousNumber:
        raise ValidationError(_ambiguous(text, 0), code="ambiguous") from None
    except InvalidValue as error:
        message = _("Write a number, such as 2 or %(example)s.") % {"example": f"2{decimal_sign(locale)}5"}
        raise ValidationError(message, code=error.code) from None
    exponent = number.as_tuple().exponent
    if isinstance(exponent, int) and -exponent > _QUANTITY_DECIMALS:
        message = _("Write at most %(decimals)s decimals.") % {"decimals": _QUANTITY_DECIMALS}
        raise ValidationError(message, code="invalid")
    return number


def write_quantity(number: Decimal, *, locale: str | None = None) -> str:
    """A quantity without zeros at its end, with the own decimal sign."""
    text = f"{number:f}"
    return (text.rstrip("0").rstrip(".") if "." in text else text).replace(".", decimal_sign(locale))


class AmountField(forms.CharField):
    """An amount of a currency; the form's value is whole minor units."""

    def __init__(self, *, currency: str = "EUR", least: int | None = 1, **kwargs: Any) -> None:
        self.currency = currency
        self.least = least
        widget = forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"})
        super().__init__(**{"max_length": _LONGEST, "widget": widget, **kwargs})

    def clean(self, value: Any) -> int | None:
        """Minor units, or None where nothing need be written and nothing is."""
        text: str = super().clean(value)
        if not text:
            return None
        amount = read_amount(text, self.currency)
        if self.least is not None and amount < self.least:
            least = write_amount(self.least, self.currency)
            raise ValidationError(_("Write at least %(least)s.") % {"least": least}, code="out_of_range")
        return amount


class QuantityField(forms.CharField):
    """A quantity above 0; the form's value is an exact decimal. ``whole``: nothing less than one, no part of one."""

    def __init__(self, *, whole: bool = False, **kwargs: Any) -> None:
        self.whole = whole
        self.present: Decimal | None = None
        """A quantity that may stay whatever it is."""
        widget = forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"})
        super().__init__(**{"max_length": _LONGEST, "widget": widget, **kwargs})

    def clean(self, value: Any) -> Decimal | None:
        """A decimal, or None where nothing need be written and nothing is."""
        text: str = super().clean(value)
        if not text:
            return None
        number = read_quantity(text)
        if number <= 0:
            raise ValidationError(_("Write a quantity above 0."), code="out_of_range")
        if self.whole and number != self.present and number != number.to_integral_value():
            raise ValidationError(_("Write a whole number, such as 2."), code="out_of_range")
        return number


def _ambiguous(text: str, digits: int) -> str:
    plain = text.strip().translate(_SPACES).replace(",", "").replace(".", "")
    if digits:
        sign = decimal_sign()
        return _("“%(text)s” can be read in two ways: write %(whole)s with its decimals, such as %(example)s.") % {
            "text": text.strip(),
            "whole": plain,
            "example": f"{plain}{sign}{'0' * digits}",
        }
    return _("“%(text)s” can be read in two ways: write it without a separator of thousands.") % {"text": text.strip()}


def _amount_error(error: InvalidValue, digits: int, locale: str | None) -> str:
    example = f"12{decimal_sign(locale)}{'50' + '0' * digits}"[: 3 + digits] if digits else "12"
    if error.code == "out_of_range":
        return _("Write a smaller amount; books end at 15 digits.")
    return _("Write an amount, such as %(example)s, with no more decimals than the currency has.") % {
        "example": example
    }


class DayField(forms.DateField):
    """A day on which work may be done, from the browser's calendar; the form's value is a date."""

    def __init__(self, **kwargs: Any) -> None:
        attrs = {"type": "date", "min": FIRST_DAY.isoformat(), "max": LAST_DAY.isoformat()}
        super().__init__(**{"widget": forms.DateInput(attrs=attrs, format="%Y-%m-%d"), **kwargs})

    def clean(self, value: Any) -> date | None:
        """A date, or None where nothing need be written and nothing is."""
        day: date | None = super().clean(value)
        try:
            return None if day is None else plausible(day, "")
        except InvalidValue as error:
            days = {"first": formats.day(FIRST_DAY), "last": formats.day(LAST_DAY)}
            raise ValidationError(_("Write a day from %(first)s to %(last)s.") % days, code=error.code) from None

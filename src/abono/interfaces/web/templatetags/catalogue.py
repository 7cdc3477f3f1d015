"""Words and prices of the catalogue: ``{% load catalogue %}``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from babel.numbers import format_currency
from django import template
from django.utils.translation import gettext as _

from abono.interfaces.web import formats
from abono.kernel.money import minor_digits

if TYPE_CHECKING:
    from collections.abc import Mapping
    from decimal import Decimal

register = template.Library()


@register.filter
def at(found: Mapping[Any, Any], key: object) -> Any:
    """What a mapping has under a key that is only known in the template."""
    return found.get(key, "")


@register.filter
def price(value: Decimal | None, currency: str) -> str:
    """An exact price in major units; more decimals than the currency has are shown, not rounded away."""
    if value is None:
        return ""
    exponent = value.normalize().as_tuple().exponent
    finer = isinstance(exponent, int) and -exponent > minor_digits(currency)
    shown: str = format_currency(value, currency, locale=formats.locale(), decimal_quantization=not finer)
    return shown


@register.filter
def period_word(period: str) -> str:
    """How long a billing period is: one word where there is one, else as it was written."""
    words = {"day": _("Day"), "week": _("Week"), "month": _("Month"), "quarter": _("Quarter"), "year": _("Year")}
    return words.get(period, period)

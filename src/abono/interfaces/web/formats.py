"""How amounts, days and instants are written for people: in the active language, in the zone of whoever reads.

Everything here answers plain text, so that it also serves attributes, files and mail.
"""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING, Literal
from zoneinfo import ZoneInfo

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_interval, format_skeleton, format_time
from babel.numbers import NumberPattern, parse_pattern
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from abono.kernel.money import minor_digits

if TYPE_CHECKING:
    from datetime import tzinfo

_ABBREVIATED_YEAR = re.compile(r"(?<=\d)\s\u0433\.")
_TOUCHING = re.compile(r"(?<=[^\W\d_])(?=\d)")
MINUS = "\N{MINUS SIGN}"
DayStyle = Literal["medium", "long", "brief", "month"]
_SKELETONS = {"brief": "MMMd", "month": "MMM"}
# Plain English is read all over the world: days before months, the clock of 24 hours.
_READ_AS = {"en": "en_GB"}


@cache
def _locale_of(language: str) -> Locale:
    try:
        return Locale.parse(_READ_AS.get(language, language), sep="-" if "-" in language else "_")
    except (UnknownLocaleError, ValueError):
        return Locale.parse("en_GB")


def locale() -> Locale:
    """The active language's formats."""
    return _locale_of(translation.get_language() or "en")


@cache
def _pattern(formats: Locale, kind: Literal["currency", "decimal"], digits: int) -> NumberPattern:
    given = formats.currency_formats["standard"] if kind == "currency" else formats.decimal_formats[None]
    # A pattern of its own: babel's are shared. ISO 4217 says how many decimals there are, CLDR now and then fewer.
    pattern: NumberPattern = parse_pattern(given.pattern)
    pattern.frac_prec = (digits, digits)
    return pattern


def _decimal(value: Decimal, digits: int) -> str:
    text: str = _pattern(locale(), "decimal", digits).apply(value, locale())
    return text.replace("-", MINUS)


def amount(minor: int, currency: str) -> str:
    """An amount of minor units with its currency: ``€50.00``, ``50,00 €``; below 0 with a real minus sign."""
    digits = minor_digits(currency)
    value = Decimal(minor).scaleb(-digits)
    text: str = _pattern(locale(), "currency", digits).apply(value, locale(), currency=currency, currency_digits=False)
    # CLDR keeps letters and digits apart; babel leaves that to its callers.
    return _TOUCHING.sub("\N{NO-BREAK SPACE}", text).replace("-", MINUS)


def bare_amount(minor: int, currency: str) -> str:
    """An amount without the currency, for columns that name it in their head: ``50.00``, ``50,00``."""
    digits = minor_digits(currency)
    return _decimal(Decimal(minor).scaleb(-digits), digits)


def signed_amount(minor: int, currency: str) -> str:
    """A movement without the currency: ``+50.00``, or a minus sign; nothing moved is ``0.00``."""
    text = bare_amount(minor, currency)
    return f"+{text}" if minor > 0 else text


def number(value: int | Decimal) -> str:
    """A count or quantity, exactly as many decimals as it has: ``1,234``, ``2.5``."""
    exact = Decimal(value)
    decimals = max(-int(exact.normalize().as_tuple().exponent), 0) if exact else 0
    return _decimal(exact, decimals)


def zone_of(name: str = "") -> tzinfo:
    """The named zone, or the active one (the operator's, see PersonMiddleware)."""
    return ZoneInfo(name) if name else timezone.get_current_timezone()


def civil(moment: date | datetime, zone: str = "") -> date:
    """The day of an instant in a zone; a day stays what it is."""
    return moment.astimezone(zone_of(zone)).date() if isinstance(moment, datetime) else moment


def day(moment: date | datetime, style: DayStyle = "medium", zone: str = "") -> str:
    """A day: ``1 Feb 2026``; long: ``1 February 2026``; brief, where the year is plain: ``1 Feb``; month: ``Feb``."""
    if style in _SKELETONS:
        return format_skeleton(_SKELETONS[style], civil(moment, zone), locale=locale())
    return _in_a_sentence(format_date(civil(moment, zone), format=style, locale=locale()))


def _in_a_sentence(text: str) -> str:
    """Without the abbreviated word for year of Russian days: at the end of a sentence its point would be a second."""
    return _ABBREVIATED_YEAR.sub("", text)


def instant(moment: datetime, zone: str = "") -> str:
    """A day and the time of day in a zone: ``1 Feb 2026, 14:30``."""
    local = moment.astimezone(zone_of(zone))
    shape = str(locale().datetime_formats["medium"])
    return shape.replace("{1}", day(local.date())).replace("{0}", format_time(local, "short", locale=locale()))


def period(starts: date | datetime, ends: date | datetime | None, zone: str = "") -> str:
    """Half-open days as people read them: 1 January up to 1 February is January. Without an end: from then on.

    An instant as the end counts its day only if the period reaches into it.
    """
    first = civil(starts, zone)
    if ends is None:
        return _("from %(day)s") % {"day": day(first)}
    last = civil(ends - timedelta(microseconds=1) if isinstance(ends, datetime) else ends - timedelta(days=1), zone)
    if last <= first:
        return day(first)
    return _in_a_sentence(format_interval(first, last, "yMMMd", locale=locale()))

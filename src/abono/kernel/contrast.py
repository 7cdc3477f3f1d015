"""Colours and how well text can be read on them (WCAG 2.2, relative luminance and contrast ratio)."""

from __future__ import annotations

import re
from decimal import ROUND_DOWN, Decimal

from abono.kernel.errors import InvalidValue

_HEX = re.compile(r"#([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})")
_SHORT = re.compile(r"#([0-9a-f])([0-9a-f])([0-9a-f])")
_LINEAR_UP_TO = Decimal("0.04045")
_WEIGHTS = (Decimal("0.2126"), Decimal("0.7152"), Decimal("0.0722"))
_GLARE = Decimal("0.05")
_MOST = 255


def parse_colour(text: object, field: str = "colour") -> str:
    """A colour as ``#rrggbb`` in lower case; ``#rgb`` is written out. Raises InvalidValue."""
    written = text.strip().lower() if isinstance(text, str) else ""
    short = _SHORT.fullmatch(written)
    if short:
        written = "#" + "".join(2 * digit for digit in short.groups())
    if not _HEX.fullmatch(written):
        raise InvalidValue("invalid", field, 'Write a colour as "#" and six hexadecimal digits, such as "#0b5fff".')
    return written


def contrast(one: str, other: str) -> Decimal:
    """The contrast ratio of two colours ``#rrggbb``, from 1 to 21, cut (not rounded up) to two decimals."""
    first, second = sorted((_luminance(one), _luminance(other)))
    return ((second + _GLARE) / (first + _GLARE)).quantize(Decimal("0.01"), ROUND_DOWN)


def mixed(colour: str, towards: str, percent: int) -> str:
    """A colour ``#rrggbb`` that is so many percent of the way (0-100) to another."""
    parts = zip(_channels(colour), _channels(towards), strict=True)
    return "#" + "".join(f"{one + (other - one) * percent // 100:02x}" for one, other in parts)


def _luminance(colour: str) -> Decimal:
    shares = (Decimal(each) / _MOST for each in _channels(colour))
    linear = (
        share / Decimal("12.92")
        if share <= _LINEAR_UP_TO
        else ((share + Decimal("0.055")) / Decimal("1.055")) ** Decimal("2.4")
        for share in shares
    )
    return sum((weight * each for weight, each in zip(_WEIGHTS, linear, strict=True)), Decimal(0))


def _channels(colour: str) -> tuple[int, int, int]:
    found = _HEX.fullmatch(colour)
    if found is None:
        raise InvalidValue("invalid", "colour", "Write a colour as #rrggbb.")
    red, green, blue = (int(part, 16) for part in found.groups())
    return red, green, blue

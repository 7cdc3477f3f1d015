"""Money in minor units, rounding, shares and taxes."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from math import floor

_DIGITS = {"JPY": 0, "CLP": 0, "KWD": 3}


def digits(currency: str) -> int:
    """How many decimals a currency has."""
    return _DIGITS.get(currency, 2)


def minor_units(currency: str) -> int:
    """How many minor units make one."""
    units: int = 10 ** digits(currency)
    return units


def half_up(value: Fraction | int) -> int:
    """Rounded once; halves away from zero."""
    value = Fraction(value)
    whole = floor(abs(value) + Fraction(1, 2))
    return whole if value >= 0 else -whole


def prorated(amount: Fraction | int, part: int, whole: int) -> int:
    """Days used of the days of the full cycle, rounded once."""
    return half_up(Fraction(amount) * part / whole)


def slice_of(price: Fraction, k: int, n: int) -> int:
    """Day k of n."""
    return half_up(price * k / n) - half_up(price * (k - 1) / n)


def minor(text: str, currency: str) -> int:
    """An amount that is written with its decimals."""
    value = Fraction(text) * minor_units(currency)
    assert value.denominator == 1, text
    return value.numerator


def written(amount: int, currency: str) -> str:
    """An amount as a snapshot shows it."""
    places = digits(currency)
    return f"{Decimal(amount).scaleb(-places):.{places}f}"


def plain(quantity: Fraction) -> str:
    """A quantity without trailing zeros."""
    text = f"{Decimal(quantity.numerator) / Decimal(quantity.denominator):f}"
    return (text.rstrip("0").rstrip(".") if "." in text else text) or "0"


def shared(total: int, weights: list[Fraction]) -> list[int]:
    """The largest remainder; ties go to the earlier."""
    whole = sum(weights)
    exact = [total * weight / whole for weight in weights]
    parts = [floor(each) for each in exact]
    order = sorted(range(len(parts)), key=lambda n: (parts[n] - exact[n], n))
    for n in order[: total - sum(parts)]:
        parts[n] += 1
    return parts


def gross_of(net: int, rates: list[Fraction], weights: list[Fraction]) -> int:
    """What is charged where taxes come on top: one line per category, rounded each."""
    parts = [net] if len(rates) == 1 else shared(net, weights)
    return net + sum(half_up(part * rate / 100) for part, rate in zip(parts, rates, strict=True))

"""What a quantity of a service costs: the price models."""

from __future__ import annotations

from fractions import Fraction
from math import ceil
from typing import Any


def _number(record: dict[str, Any], name: str, default: str = "0") -> Fraction:
    return Fraction(str(record.get(name, default)))


def packs_of(record: dict[str, Any], over: Fraction) -> int:
    """Whole started packs."""
    return max(0, ceil(over / _number(record, "size")))


def exact_price(record: dict[str, Any], over: Fraction) -> Fraction:
    """The price of what is beyond the included amount, in the currency's unit and not yet rounded."""
    model = record.get("model")
    over = max(Fraction(0), over)
    if model is None:
        return Fraction(0)
    if model == "standard":
        price = over * _number(record, "unit")
    elif model == "package":
        price = packs_of(record, over) * _number(record, "price")
    elif model == "percentage":
        price = _percentage(record, over)
    else:
        price = _tiers(record["tiers"], over, whole=model == "volume")
    if "minimum" in record:
        price = max(price, _number(record, "minimum"))
    if "maximum" in record:
        price = min(price, _number(record, "maximum"))
    return price


def _percentage(record: dict[str, Any], over: Fraction) -> Fraction:
    if over == 0:
        return Fraction(0)
    price = over * _number(record, "rate") / 100 + _number(record, "fixed")
    if "min" in record:
        price = max(price, _number(record, "min"))
    return min(price, _number(record, "max")) if "max" in record else price


def _tiers(tiers: list[dict[str, Any]], over: Fraction, *, whole: bool) -> Fraction:
    """Graduated, each part at its own tier; or by volume, the whole quantity at the tier in which it ends."""
    price, below = Fraction(0), Fraction(0)
    for tier in tiers:
        top = None if tier.get("up_to") is None else Fraction(str(tier["up_to"]))
        inside = (over if top is None else min(over, top)) - below
        if inside > 0 and not whole:
            price += inside * _number(tier, "unit") + _number(tier, "flat")
        if over > 0 and (top is None or over <= top):
            return over * _number(tier, "unit") + _number(tier, "flat") if whole else price
        below = below if top is None else top
    return price

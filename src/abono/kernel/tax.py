"""Tax, per line, in minor units. Source: semantics.md §3 "Tax"."""

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from abono.kernel.errors import InvalidValue
from abono.kernel.money import round_half_up, share

MOST_RATE = 1000
"""The highest rate, in percent: far above any tax, and low enough that a gross amount still fits its column."""


class TaxLine(NamedTuple):
    """One line in minor units; `net + tax = gross`, always."""

    net: int
    tax: int
    gross: int


def split_tax(amount: int, rate: Decimal | Fraction, inclusive: bool) -> TaxLine:  # noqa: FBT001 - the field's word
    """Promise net, tax and gross of an amount in minor units; `rate` is in percent.

    Inclusive: `amount` is the gross. Exclusive: it is the net, and the account pays the gross. The tax is rounded
    once, half away from zero, so that a credit (a negative amount) mirrors its charge. A rate below 0 or above
    `MOST_RATE` is `out_of_range`.
    """
    percent = Fraction(rate)
    if not 0 <= percent <= MOST_RATE:
        raise InvalidValue("out_of_range", "rate", f"Give the rate in percent, from 0 to {MOST_RATE}.")
    if inclusive:
        tax = round_half_up(amount * percent / (100 + percent))
        return TaxLine(amount - tax, tax, amount)
    tax = round_half_up(amount * percent / 100)
    return TaxLine(amount, tax, amount + tax)


def tax_lines(
    amount: int,
    inclusive: bool,  # noqa: FBT001 - the field's word
    rates: Sequence[Decimal | Fraction],
    weights: Sequence[Fraction],
) -> tuple[TaxLine, ...]:
    """Promise one line per rate: the amount shared by `weights` (see `share`), then taxed line by line.

    The account pays the sum of the lines' gross. `rates` and `weights` are as long as each other. Errors are those of
    `share` and `split_tax`.
    """
    parts = share(amount, weights)
    return tuple(split_tax(part, rate, inclusive) for part, rate in zip(parts, rates, strict=True))

"""Money: whole minor units with a currency, exact decimals, one rounding, shares that add up.

Sources: architecture.md §3 "Money"; semantics.md §4 (negative totals, all-zero weights); doors.md §2.
"""

import re
from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction

from abono.kernel.errors import InvalidValue

# Amounts stay this far below the end of a bigint (9.2e18), so that sums of thousands of them still fit.
LIMIT = 10**15
"""Every amount is smaller than this many minor units, either way."""

_WHOLE_DIGITS = 15
_DECIMALS = 12
_DECIMAL = re.compile(r"-?([0-9]+)(?:\.([0-9]+))?")

# ISO 4217 as amended up to 2026, and BGN and ANG, which books that began before their end still use.
# Codes without a minor unit of their own (gold, drawing rights, test codes) are no account's currency.
_BY_DIGITS = {
    0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
    2: """
        AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE
        CHF CHW CNY COP COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL
        HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR
        MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK
        SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD USN UYU UZS VED VES WST XAD
        XCD XCG YER ZAR ZMW ZWG
    """,
    3: "BHD IQD JOD KWD LYD OMR TND",
    4: "CLF UYW",
}
MINOR_DIGITS = {code: digits for digits, codes in _BY_DIGITS.items() for code in codes.split()}
"""How many decimals each currency has (ISO 4217)."""


def round_half_up(value: Fraction) -> int:
    """Promise the nearest whole number, a half away from zero; the one rounding of the whole system."""
    numerator, denominator = value.numerator, value.denominator
    nearest = (2 * abs(numerator) + denominator) // (2 * denominator)
    return nearest if numerator >= 0 else -nearest


def minor_digits(code: object, field: str = "currency") -> int:
    """Promise how many decimals the currency has; a code that ISO 4217 does not list is `invalid`."""
    digits = MINOR_DIGITS.get(code) if isinstance(code, str) else None
    if digits is None:
        raise InvalidValue("invalid", field, "Write the currency as its three capital letters in ISO 4217.")
    return digits


def parse_decimal(text: object, field: str) -> Decimal:
    """Promise exactly the number that a decimal string such as `12.50` or `-3` writes.

    Numbers that are not text, exponents, spaces, a plus sign, NaN and more than 12 decimals are `invalid`; more than
    15 digits before the point are `out_of_range`.
    """
    match = _DECIMAL.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        raise InvalidValue("invalid", field, 'Write a decimal number in quotes, such as "12.50".')
    whole, decimals = match.groups()
    if len(whole) > _WHOLE_DIGITS:
        raise InvalidValue("out_of_range", field, f"Write at most {_WHOLE_DIGITS} digits before the point.")
    if len(decimals or "") > _DECIMALS:
        raise InvalidValue("invalid", field, f"Write at most {_DECIMALS} decimals.")
    return Decimal(match.group()) + 0  # there is no negative nought


def parse_unsigned(text: object, field: str) -> Fraction:
    """Promise the number a decimal string writes, as `parse_decimal` does, and 0 or more; else `out_of_range`."""
    value = Fraction(parse_decimal(text, field))
    if value < 0:
        raise InvalidValue("out_of_range", field, "Write a number that is 0 or more.")
    return value


def parse_amount(text: object, currency: str, field: str) -> int:
    """Promise the minor units of the amount a decimal string writes in a currency.

    More decimals than the currency has are `invalid` (nothing is rounded on the way in), `LIMIT` minor units or more
    are `out_of_range`; the rest as in `parse_decimal`. The amount may be negative: whether it may be is the caller's.
    """
    digits = minor_digits(currency)
    minor = Fraction(parse_decimal(text, field)) * 10**digits
    written = str(text).partition(".")[2]
    if len(written) > digits:
        raise InvalidValue("invalid", field, f"Write at most {digits} decimals; the currency has no more.")
    if abs(minor) >= LIMIT:
        raise InvalidValue("out_of_range", field, "Write a smaller amount; books end at 15 digits.")
    return int(minor)


def format_amount(minor: int, currency: str) -> str:
    """Promise the decimal string of an amount, with exactly the currency's decimals: `-0.05`, `980`, `7.250`."""
    digits = minor_digits(currency)
    sign = "-" if minor < 0 else ""
    whole, rest = divmod(abs(minor), 10**digits)
    return f"{sign}{whole}.{rest:0{digits}d}" if digits else f"{sign}{whole}"


def share(total: int, weights: Sequence[Fraction]) -> list[int]:
    """Promise parts in the proportion of `weights` that add up to `total` (minor units) exactly.

    Each part is less than one unit from its exact value; what rounding down leaves over goes to the largest
    remainders, of equal ones to the earlier. A weight of 0 gets nothing. A negative total or weight and weights that
    are all 0 (or none) are `out_of_range`. Source: semantics.md §4.
    """
    if total < 0:
        raise InvalidValue("out_of_range", "total", "Give a total that is 0 or more.")
    for place, weight in enumerate(weights):
        if weight < 0:
            raise InvalidValue("out_of_range", f"weights.{place}", "Give a weight that is 0 or more.")
    whole = sum(weights, Fraction(0))
    if whole == 0:
        raise InvalidValue("out_of_range", "weights", "Give at least one weight above 0.")
    exact = [total * weight / whole for weight in weights]
    parts = [value.numerator // value.denominator for value in exact]
    # `sorted` is stable, so of equal remainders the earlier place stays in front.
    by_remainder = sorted(range(len(parts)), key=lambda place: parts[place] - exact[place])
    for place in by_remainder[: total - sum(parts)]:
        parts[place] += 1
    return parts

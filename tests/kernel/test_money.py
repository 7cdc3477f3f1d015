"""Money: exact reading and writing, one rounding, shares that add up."""

from collections import Counter
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from abono.kernel import money

from .conftest import Refused

CURRENCIES = {"JPY": 0, "EUR": 2, "KWD": 3, "CLF": 4}
weights_of_shares = st.lists(st.fractions(0, 1000, max_denominator=1000), min_size=1, max_size=12).filter(any)


@pytest.mark.parametrize(
    ("value", "nearest"),
    [
        ("0", 0),
        ("1/2", 1),
        ("-1/2", -1),
        ("3/2", 2),
        ("5/2", 3),
        ("-5/2", -3),
        ("49/100", 0),
        ("-51/100", -1),
        ("7", 7),
    ],
)
def test_a_half_goes_away_from_zero(value: str, nearest: int) -> None:
    assert money.round_half_up(Fraction(value)) == nearest


@given(st.decimals(-(10**9), 10**9, allow_nan=False, places=4))
def test_rounding_agrees_with_decimal(value: Decimal) -> None:
    assert money.round_half_up(Fraction(value)) == int(value.quantize(Decimal(1), ROUND_HALF_UP))


def test_currencies_have_their_decimals() -> None:
    assert {code: money.minor_digits(code) for code in CURRENCIES} == CURRENCIES
    assert all(len(code) == 3 and code.isascii() and code.isupper() for code in money.MINOR_DIGITS)
    # So many codes have so many decimals in ISO 4217; a code listed twice would be missing here.
    assert Counter(money.MINOR_DIGITS.values()) == {0: 17, 2: 141, 3: 7, 4: 2}


@pytest.mark.parametrize("code", ["eur", "EURO", "XXX", "XAU", "", None, 978, ["EUR"]])
def test_an_unknown_currency_is_refused(code: object, refused: Refused) -> None:
    with refused("invalid", "currency"):
        money.minor_digits(code)


@pytest.mark.parametrize(
    "text",
    [
        "1e2",
        "1e999999",
        "1E2",
        "NaN",
        "Infinity",
        "+1",
        " 1",
        "1 ",
        "1\n",
        "",
        "-",
        ".5",
        "5.",
        "1,5",
        "1_000",
        "0x1",
        "١",
        "१२",
        "\N{FULLWIDTH DIGIT ONE}",
        "\N{MINUS SIGN}1",
        "1\N{ZERO WIDTH SPACE}",
        "--1",
        1,
        1.5,
        True,
        None,
        Decimal(1),
        ["1"],
        "0.0000000000001",
    ],
)
def test_what_is_no_decimal_string_is_refused(text: object, refused: Refused) -> None:
    with refused("invalid", "price"):
        money.parse_decimal(text, "price")


def test_a_decimal_is_exact_and_bounded(refused: Refused) -> None:
    assert money.parse_decimal("123456789012345.123456789012", "f") == Decimal("123456789012345.123456789012")
    assert money.parse_decimal("-3", "f") == -3
    for nought in ("0", "-0"):
        assert str(money.parse_decimal(nought, "f")) == "0"  # what is negative is less than 0
    assert str(money.parse_decimal("-0.000000000000", "f")) == str(Decimal("0.000000000000"))
    with refused("out_of_range", "f"):
        money.parse_decimal("1234567890123456", "f")
    with refused("out_of_range", "f"):
        money.parse_decimal("9" * 100_000, "f")


def test_an_unsigned_decimal_is_not_negative(refused: Refused) -> None:
    assert money.parse_unsigned("0.125", "f") == Fraction(1, 8)
    assert money.parse_unsigned("-0", "f") == 0
    with refused("out_of_range", "f"):
        money.parse_unsigned("-0.1", "f")


@pytest.mark.parametrize(
    ("text", "currency", "minor"),
    [
        ("9.90", "EUR", 990),
        ("9.9", "EUR", 990),
        ("9", "EUR", 900),
        ("-0.05", "EUR", -5),
        ("-0.00", "EUR", 0),
        ("980", "JPY", 980),
        ("7.250", "KWD", 7250),
        ("9999999999999.99", "EUR", 10**15 - 1),
    ],
)
def test_an_amount_is_whole_minor_units(text: str, currency: str, minor: int) -> None:
    assert money.parse_amount(text, currency, "f") == minor


@pytest.mark.parametrize(
    ("text", "currency", "code"),
    [
        ("0.001", "EUR", "invalid"),
        ("1.0", "JPY", "invalid"),
        ("1.000", "EUR", "invalid"),
        (5, "EUR", "invalid"),
        ("10000000000000.00", "EUR", "out_of_range"),
        ("-10000000000000", "EUR", "out_of_range"),
        ("999999999999999", "KWD", "out_of_range"),
        ("1000000000000000", "JPY", "out_of_range"),
    ],
)
def test_an_amount_that_does_not_fit_is_refused(text: object, currency: str, code: str, refused: Refused) -> None:
    with refused(code, "total"):
        money.parse_amount(text, currency, "total")


def test_an_amount_in_an_unknown_currency_is_refused(refused: Refused) -> None:
    with refused("invalid", "currency"):
        money.parse_amount("1", "ZZZ", "total")


@given(st.integers(-money.LIMIT + 1, money.LIMIT - 1), st.sampled_from(sorted(CURRENCIES)))
def test_an_amount_is_written_as_it_is_read(minor: int, currency: str) -> None:
    text = money.format_amount(minor, currency)
    assert money.parse_amount(text, currency, "f") == minor
    assert Decimal(text).as_tuple().exponent == -CURRENCIES[currency]


@given(st.integers(0, 10**12), weights_of_shares)
def test_shares_add_up_and_are_less_than_a_unit_off(total: int, weights: list[Fraction]) -> None:
    parts = money.share(total, weights)
    assert sum(parts) == total
    for part, weight in zip(parts, weights, strict=True):
        assert abs(part - total * weight / sum(weights)) < 1
        assert weight or not part


@given(st.integers(0, 200), weights_of_shares)
def test_shares_go_one_by_one_to_the_largest_remainder(total: int, weights: list[Fraction]) -> None:
    exact = [total * weight / sum(weights) for weight in weights]
    parts = [int(value) for value in exact]
    remainders = [value - part for value, part in zip(exact, parts, strict=True)]
    while sum(parts) < total:
        place = remainders.index(max(remainders))
        parts[place] += 1
        remainders[place] = Fraction(-1)
    assert money.share(total, weights) == parts


@pytest.mark.parametrize(
    ("total", "weights", "field"),
    [(-1, ["1"], "total"), (1, [], "weights"), (1, ["0", "0"], "weights"), (1, ["1", "-1/2"], "weights.1")],
)
def test_what_cannot_be_shared_is_refused(total: int, weights: list[str], field: str, refused: Refused) -> None:
    with refused("out_of_range", field):
        money.share(total, [Fraction(weight) for weight in weights])

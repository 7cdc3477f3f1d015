"""Amounts, quantities and days as people type them."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from abono.interfaces.web.reading import DayField, read_amount, read_quantity, write_amount, write_quantity
from abono.kernel.money import LIMIT

LANGUAGES = ["en", "de", "ru", "tr", "es"]


@pytest.mark.parametrize(
    ("text", "currency", "locale", "amount"),
    [
        ("12.50", "EUR", "en", 1250),
        ("12,50", "EUR", "en", 1250),
        ("12,5", "EUR", "de", 1250),
        ("12", "EUR", "de", 1200),
        ("1.234,50", "EUR", "en", 123450),
        ("1,234.50", "EUR", "de", 123450),
        ("1 234,50", "RUB", "ru", 123450),
        ("1\N{NO-BREAK SPACE}234\N{NARROW NO-BREAK SPACE}567,50", "RUB", "ru", 123456750),
        ("1'234.50", "CHF", "de", 123450),
        ("1.234.567", "EUR", "de", 123456700),
        ("1,234,567.89", "EUR", "en", 123456789),
        ("\N{MINUS SIGN}3,10", "EUR", "de", -310),
        ("+3.10", "EUR", "en", 310),
        ("980", "JPY", "en", 980),
        ("1,234", "KWD", "de", 1234),
        ("0.05", "EUR", "en", 5),
        (" 7 ", "EUR", "en", 700),
    ],
)
def test_amounts_are_read_with_a_point_or_a_comma(text: str, currency: str, locale: str, amount: int) -> None:
    assert read_amount(text, currency, locale=locale) == amount


@pytest.mark.parametrize(
    ("text", "currency", "locale"),
    [
        ("1,234", "EUR", "en"),
        ("1.234", "EUR", "en"),
        ("1.234", "EUR", "de"),
        ("12,345", "RUB", "ru"),
        ("1.234", "KWD", "de"),
        ("1,000", "JPY", "en"),
    ],
)
def test_what_could_mean_two_amounts_is_asked_again(text: str, currency: str, locale: str) -> None:
    with pytest.raises(ValidationError) as caught:
        read_amount(text, currency, locale=locale)
    assert caught.value.code == "ambiguous"
    assert text in caught.value.message


@pytest.mark.parametrize(
    "text",
    ["", "abc", "1,2,3", "1.23,45,6", "12.345,6.7", "1..2", "1e3", "NaN", "--1", "0,001", "1234,567", "٣", "1_0"],
)
def test_what_is_no_amount_is_refused(text: str) -> None:
    with pytest.raises(ValidationError) as caught:
        read_amount(text, "EUR", locale="en")
    assert caught.value.code == "invalid"


@given(st.integers(1 - LIMIT, LIMIT - 1), st.sampled_from(["EUR", "JPY", "KWD"]), st.sampled_from(LANGUAGES))
def test_what_is_written_is_read_back(minor: int, currency: str, locale: str) -> None:
    assert read_amount(write_amount(minor, currency, locale=locale), currency, locale=locale) == minor


@pytest.mark.parametrize(
    ("text", "locale", "number"),
    [("2", "en", "2"), ("2,5", "de", "2.5"), ("1.500", "en", "1.5"), ("0,125", "ru", "0.125")],
)
def test_quantities(text: str, locale: str, number: str) -> None:
    assert read_quantity(text, locale=locale) == Decimal(number)


def test_quantities_are_written_without_zeros_at_their_end() -> None:
    assert write_quantity(Decimal("2.500000"), locale="de") == "2,5"
    assert write_quantity(Decimal("10.000000"), locale="en") == "10"


@pytest.mark.parametrize(("text", "locale"), [("1.500", "de"), ("1,500", "en"), ("1.1234567", "en"), ("x", "en")])
def test_quantities_that_are_refused(text: str, locale: str) -> None:
    with pytest.raises(ValidationError):
        read_quantity(text, locale=locale)


@pytest.mark.parametrize("typed", ["1970-01-01", "2999-12-31", "2024-02-29"])
def test_days_are_taken(typed: str) -> None:
    assert DayField().clean(typed) == date.fromisoformat(typed)


@pytest.mark.parametrize("typed", ["1969-12-31", "3000-01-01", "0001-01-01", "9999-12-31"])
@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", "Write a day from 1 Jan 1970 to 31 Dec 2999."),
        ("tr", "1 Oca 1970 ile 31 Ara 2999 arasında bir gün yazın."),
    ],
)
def test_days_on_which_nothing_can_be_due_are_refused(typed: str, language: str, said: str) -> None:
    with translation.override(language), pytest.raises(ValidationError) as refused:
        DayField().clean(typed)
    assert [(error.code, *error.messages) for error in refused.value.error_list] == [("out_of_range", said)]

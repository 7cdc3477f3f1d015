"""Amounts, days and instants in five languages, against texts written by hand."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from django.template import Context, Template
from django.utils import timezone, translation

from abono.interfaces.web import formats

NB, NNB, THIN = "\N{NO-BREAK SPACE}", "\N{NARROW NO-BREAK SPACE}", "\N{THIN SPACE}"
LATE = datetime(2026, 2, 1, 22, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("language", "minor", "currency", "said"),
    [
        ("en", 5_000, "EUR", "€50.00"),
        ("en", -5_000, "EUR", "−€50.00"),
        ("en", 123_456_789, "EUR", "€1,234,567.89"),
        ("en", 7_250, "KWD", f"KWD{NB}7.250"),
        ("en", 980, "JPY", "JP¥980"),
        ("ru", -5_000, "RUB", f"−50,00{NB}₽"),
        ("ru", 123_456_789, "RUB", f"1{NB}234{NB}567,89{NB}₽"),
        ("de", -5_000, "EUR", f"−50,00{NB}€"),
        ("de", 123_456_789, "EUR", f"1.234.567,89{NB}€"),
        ("tr", -5_000, "TRY", "−₺50,00"),
        ("tr", 123_456_789, "TRY", "₺1.234.567,89"),
        ("es", -5_000, "EUR", f"−50,00{NB}€"),
        ("es", 123_456_789, "EUR", f"1.234.567,89{NB}€"),
        ("de", 0, "JPY", f"0{NB}¥"),
        ("de", 5, "IQD", f"0,005{NB}IQD"),
    ],
)
def test_amounts(language: str, minor: int, currency: str, said: str) -> None:
    with translation.override(language):
        assert formats.amount(minor, currency) == said


@pytest.mark.parametrize(
    ("language", "bare", "plus", "minus"),
    [
        ("en", "1,234,567.89", "+0.05", "−0.05"),
        ("ru", f"1{NB}234{NB}567,89", "+0,05", "−0,05"),
        ("de", "1.234.567,89", "+0,05", "−0,05"),
        ("tr", "1.234.567,89", "+0,05", "−0,05"),
        ("es", "1.234.567,89", "+0,05", "−0,05"),
    ],
)
def test_amounts_without_the_currency(language: str, bare: str, plus: str, minus: str) -> None:
    with translation.override(language):
        assert formats.bare_amount(123_456_789, "EUR") == bare
        assert [formats.signed_amount(minor, "EUR") for minor in (5, -5)] == [plus, minus]


def test_the_largest_amount_is_exact() -> None:
    with translation.override("en"):
        assert formats.bare_amount(999_999_999_999_999, "EUR") == "9,999,999,999,999.99"
        assert formats.bare_amount(-999_999_999_999_999, "KWD") == "−999,999,999,999.999"


@pytest.mark.parametrize(
    ("language", "medium", "long", "brief", "instant"),
    [
        ("en", "1 Feb 2026", "1 February 2026", "1 Feb", "2 Feb 2026, 01:30"),
        ("ru", "1 февр. 2026", "1 февраля 2026", "1 февр.", "2 февр. 2026, 01:30"),
        ("de", "01.02.2026", "1. Februar 2026", "1. Feb.", "02.02.2026, 01:30"),
        ("tr", "1 Şub 2026", "1 Şubat 2026", "1 Şub", "2 Şub 2026 01:30"),
        ("es", "1 feb 2026", "1 de febrero de 2026", "1 feb", "2 feb 2026, 1:30"),
    ],
)
def test_days_and_instants(language: str, medium: str, long: str, brief: str, instant: str) -> None:
    day = date(2026, 2, 1)
    with translation.override(language), timezone.override("Europe/Istanbul"):
        assert [formats.day(day), formats.day(day, "long"), formats.day(day, "brief")] == [medium, long, brief]
        assert formats.instant(LATE) == instant


def test_an_instant_is_told_in_the_zone_of_who_reads() -> None:
    with translation.override("en"), timezone.override("America/New_York"):
        assert formats.instant(LATE) == "1 Feb 2026, 17:30"
        assert formats.day(LATE) == "1 Feb 2026"
        assert formats.instant(LATE, "Asia/Tokyo") == "2 Feb 2026, 07:30"


@pytest.mark.parametrize(
    ("language", "month", "across", "years"),
    [
        ("en", "1–31 Jan 2026", "15 Jan~–~14 Feb 2026", "15 Dec 2025~–~14 Jan 2026"),
        ("ru", "1–31 янв. 2026", "15 янв. – 14 февр. 2026", "15 дек. 2025 – 14 янв. 2026"),
        ("de", "1.–31. Jan. 2026", "15. Jan.~–~14. Feb. 2026", "15. Dez. 2025~–~14. Jan. 2026"),
        ("tr", "1–31 Oca 2026", "15 Oca~–~14 Şub 2026", "15 Ara 2025~–~14 Oca 2026"),
        ("es", "1–31 ene 2026", "15 ene~–~14 feb 2026", "15 dic 2025~–~14 ene 2026"),
    ],
)
def test_periods_are_half_open(language: str, month: str, across: str, years: str) -> None:
    def told(text: str) -> str:
        return text.replace("~", THIN).replace("_", NNB)

    with translation.override(language):
        assert formats.period(date(2026, 1, 1), date(2026, 2, 1)) == told(month)
        assert formats.period(date(2026, 1, 15), date(2026, 2, 15)) == told(across)
        assert formats.period(date(2025, 12, 15), date(2026, 1, 15)) == told(years)


def test_a_period_of_one_day_without_an_end_and_of_instants() -> None:
    with translation.override("en"), timezone.override("Europe/Istanbul"):
        assert formats.period(date(2026, 2, 1), date(2026, 2, 2)) == "1 Feb 2026"
        assert formats.period(date(2026, 2, 1), None) == "from 1 Feb 2026"
        midnights = datetime(2025, 12, 31, 21, tzinfo=UTC), datetime(2026, 1, 31, 21, tzinfo=UTC)
        assert formats.period(*midnights) == "1–31 Jan 2026"


def test_filters_say_nothing_of_nothing() -> None:
    text = "{% load abono %}[{{ x|amount:'EUR' }}{{ x|bare_amount:'EUR' }}{{ x|day }}{{ x|instant }}{{ x|period:x }}]"
    assert Template(text).render(Context({"x": None})) == "[]"

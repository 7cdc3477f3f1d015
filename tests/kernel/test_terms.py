"""Licence terms: days are added to what is left, never to what lapsed."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from abono.kernel.terms import extend, format_instant, parse_instant

from .conftest import Refused

NOW = datetime(2025, 3, 1, 10, tzinfo=UTC)
zones = st.integers(-23 * 60, 23 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
instants = st.datetimes(datetime(1900, 1, 1), datetime(2999, 1, 1), timezones=zones)  # noqa: DTZ001 - the zone is drawn


@given(instants, st.none() | instants, st.integers(1, 40_000))
def test_days_run_from_now_or_from_the_present_end(now: datetime, ends_at: datetime | None, days: int) -> None:
    starts_at, new_end = extend(now, ends_at, days)
    assert starts_at == (now if ends_at is None or ends_at <= now else ends_at)
    assert (new_end - starts_at).total_seconds() == days * 86_400
    assert starts_at.utcoffset() == new_end.utcoffset() == timedelta(0)


@given(instants, instants, st.integers(1, 9000), st.integers(1, 9000))
def test_two_activations_add_up(now: datetime, ends_at: datetime, first: int, second: int) -> None:
    assert extend(now, extend(now, ends_at, first)[1], second)[1] == extend(now, ends_at, first + second)[1]


@given(instants)
def test_an_instant_is_read_as_it_is_written(instant: datetime) -> None:
    text = format_instant(instant)
    assert text.endswith("Z")
    assert parse_instant(text, "now") == parse_instant(instant.isoformat(), "now") == instant


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("2025-03-01t10:00:00z", "2025-03-01T10:00:00Z"),
        ("2025-03-01T10:00:00.5Z", "2025-03-01T10:00:00.500000Z"),
        ("2025-03-01T10:00:00-00:00", "2025-03-01T10:00:00Z"),
        ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z"),
    ],
)
def test_every_form_of_rfc_3339_is_read(text: str, written: str) -> None:
    assert format_instant(parse_instant(text, "now")) == written


@pytest.mark.parametrize(
    "text",
    [
        "2025-03-01T10:00:00",
        "2025-03-01",
        "2025-03-01T10:00Z",
        "2025-03-01 10:00:00Z",
        "20250301T100000Z",
        "",
        "now",
        "2025-03-01T24:00:00Z",
        "2025-03-01T10:00:60Z",
        "2025-03-01T10:60:00Z",
        "2025-02-29T10:00:00Z",
        None,
        0,
        True,
        "2025-03-01T10:00:00+24:00",
        "2025-03-01T10:00:00+0100",
        "2025-03-01T10:00:00.Z",
        "2025-03-01T10:00:00Z\n",
        "2025-03-01T10:00:00.1234567Z",
        "0000-03-01T10:00:00Z",
    ],
)
def test_every_other_form_is_refused(text: object, refused: Refused) -> None:
    with refused("invalid", "now"):
        parse_instant(text, "now")


@pytest.mark.parametrize("text", ["0001-01-01T00:00:00+01:00", "9999-12-31T23:59:59-01:00"])
def test_an_instant_outside_the_calendar_is_refused(text: str, refused: Refused) -> None:
    with refused("out_of_range", "now"):
        parse_instant(text, "now")


@pytest.mark.parametrize("days", [0, -1, 3_000_000, 10**12])
def test_days_beyond_the_calendar_are_refused(days: int, refused: Refused) -> None:
    with refused("out_of_range", "days"):
        extend(NOW, None, days)


def test_naive_times_are_refused(refused: Refused) -> None:
    naive = NOW.replace(tzinfo=None)
    with refused("invalid", "now"):
        extend(naive, None, 1)
    with refused("invalid", "ends_at"):
        extend(NOW, naive, 1)
    with refused("invalid", "instant"):
        format_instant(naive)

"""Periods: boundaries against a day-by-day oracle, and every way a calendar can be refused."""

from calendar import monthrange
from datetime import date, timedelta
from itertools import islice, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from abono.kernel.calendars import Anchor, Grid, Period, Span, grid_for, parse_anchor, periods

from .conftest import Refused

days = st.dates(date(1990, 1, 1), date(2060, 12, 31))
texts = st.sampled_from(
    ["day", "week", "month", "quarter", "year", "1 day", "10 days", "3 weeks", "2 months", "5 years"]
)


@st.composite
def schedules(draw: st.DrawFn) -> tuple[str, Anchor, date]:
    """Draw a period, an anchor that suits it, and a start."""
    text = draw(texts)
    named: list[Anchor] = ["start"] if text[0].isdigit() else ["start", "calendar"]
    return text, draw(st.sampled_from(named) | st.integers(1, 31)), draw(days)


def is_boundary(text: str, anchor: Anchor, start: date, day: date) -> bool:
    """Say by the words of the rule alone whether a cycle begins on `day`: the oracle."""
    number, _, unit = text.rpartition(" ")
    size, unit = int(number or 1), unit.rstrip("s")
    if unit in {"day", "week"}:
        length = size * (7 if unit == "week" else 1)
        if anchor == "calendar":
            return unit == "day" or day.isoweekday() == 1
        return (day - start).days % length == 0
    months = size * {"month": 1, "quarter": 3, "year": 12}[unit]
    wanted = {"start": start.day, "calendar": 1}.get(str(anchor), anchor)
    first = date(start.year, 1, 1) if anchor == "calendar" else start
    distance = (day.year - first.year) * 12 + day.month - first.month
    return distance % months == 0 and day.day == min(int(wanted), monthrange(day.year, day.month)[1])


@given(schedules())
def test_cycles_are_those_of_the_rule_read_day_by_day(schedule: tuple[str, Anchor, date]) -> None:
    text, anchor, start = schedule
    grid = grid_for(Period.parse(text), anchor, start)
    n = grid.index_of(start)
    opens, closes = grid.boundary(n), grid.boundary(n + 1)
    assert opens <= start < closes
    inside = [opens + timedelta(days=k) for k in range((closes - opens).days + 1)]
    assert [day for day in inside if is_boundary(text, anchor, start, day)] == [opens, closes]


@given(schedules(), st.integers(-200, 200), days)
def test_index_and_boundary_are_inverse(schedule: tuple[str, Anchor, date], n: int, day: date) -> None:
    text, anchor, start = schedule
    grid = grid_for(Period.parse(text), anchor, start)
    assert grid.index_of(grid.boundary(n)) == n
    assert grid.boundary(grid.index_of(day)) <= day < grid.boundary(grid.index_of(day) + 1)


@given(schedules())
def test_a_grid_has_the_form_that_sql_reads(schedule: tuple[str, Anchor, date]) -> None:
    text, anchor, start = schedule
    grid = grid_for(Period.parse(text), anchor, start)
    if grid.unit == "day":
        assert grid.day == 0
    else:
        assert grid.origin.day == 1
        assert 1 <= grid.day <= 31


@given(schedules(), st.none() | st.integers(0, 4000), st.integers(-10, 4000))
def test_periods_tile_the_time_of_the_subscription(
    schedule: tuple[str, Anchor, date], lasts: int | None, further: int
) -> None:
    text, anchor, start = schedule
    end = None if lasts is None else start + timedelta(days=lasts)
    until = start + timedelta(days=further)
    spans = list(periods(grid_for(Period.parse(text), anchor, start), start, end, until))
    assert all(span.starts_on < span.ends_on and span.starts_on <= until for span in spans)
    assert all(one.ends_on == other.starts_on for one, other in pairwise(spans))
    assert all(span.cycle_starts_on <= span.starts_on and span.ends_on <= span.cycle_ends_on for span in spans)
    assert all(span[:2] == span[2:] for span in spans[1:-1])
    assert bool(spans) == (further >= 0 and lasts != 0)
    if spans:
        assert spans[0].starts_on == start
        assert spans[-1].ends_on == end or spans[-1].ends_on > until


def test_the_31st_is_the_last_day_of_short_months_and_returns() -> None:
    grid = grid_for(Period.parse("month"), 31, date(2027, 1, 31))
    assert [grid.boundary(n) for n in range(-2, 4)] == [
        date(2026, 11, 30), date(2026, 12, 31), date(2027, 1, 31), date(2027, 2, 28), date(2027, 3, 31),
        date(2027, 4, 30),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("start", "cycle"),
    [("2026-03-04", ("2025-03-10", "2026-03-10")), ("2026-03-11", ("2026-03-10", "2027-03-10"))],
)
def test_a_yearly_day_anchor_is_that_day_in_the_month_of_the_start(start: str, cycle: tuple[str, str]) -> None:
    span = next(periods(grid_for(Period.parse("year"), 10, date.fromisoformat(start)), date.fromisoformat(start)))
    assert (str(span.cycle_starts_on), str(span.cycle_ends_on)) == cycle


def test_periods_without_an_end_are_made_one_at_a_time() -> None:
    start = date(2026, 1, 31)
    spans = islice(periods(grid_for(Period.parse("month"), "start", start), start), 2)
    assert list(spans) == [
        Span(start, date(2026, 2, 28), start, date(2026, 2, 28)),
        Span(date(2026, 2, 28), date(2026, 3, 31), date(2026, 2, 28), date(2026, 3, 31)),
    ]


def test_a_span_knows_its_part_of_the_cycle() -> None:
    span = Span(date(2026, 4, 16), date(2026, 5, 1), date(2026, 4, 1), date(2026, 5, 1))
    assert (span.days, span.cycle_days, str(span.fraction)) == (15, 30, "1/2")


@pytest.mark.parametrize(
    ("text", "period"),
    [
        ("day", Period("day", 1)),
        ("week", Period("day", 7)),
        ("month", Period("month", 1)),
        ("quarter", Period("month", 3)),
        ("year", Period("month", 12)),
        ("30 days", Period("day", 30, counted=True)),
        ("1 week", Period("day", 7, counted=True)),
        ("1 months", Period("month", 1, counted=True)),
        ("100 years", Period("month", 1200, counted=True)),
        ("36500 days", Period("day", 36500, counted=True)),
    ],
)
def test_a_period_is_read(text: str, period: Period) -> None:
    assert Period.parse(text) == period


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (text, "invalid")
        for text in ["", "monthly", "Month", " month", "2 month", "days", "2  days", "-1 days", "1.5 days"]
    ]
    + [(text, "invalid") for text in ["2 days\n", "2 quarters", "٢ days", "1e1 days", None, 30, ["month"]]]
    + [(text, "out_of_range") for text in ["0 days", "101 years", "1201 months", "5215 weeks", "9" * 9000 + " days"]],
)
def test_another_period_is_refused(text: object, code: str, refused: Refused) -> None:
    with refused(code, "plan.period"):
        Period.parse(text, "plan.period")


@pytest.mark.parametrize(
    ("anchor", "text", "code"),
    [
        ("calendar", "1 month", "invalid"),
        ("calendar", "30 days", "invalid"),
        ("calender", "month", "invalid"),
        ("15", "month", "invalid"),
        (True, "month", "invalid"),
        (1.0, "month", "invalid"),
        (None, "month", "invalid"),
        (0, "month", "out_of_range"),
        (32, "month", "out_of_range"),
        (-1, "week", "out_of_range"),
    ],
)
def test_another_anchor_is_refused(anchor: object, text: str, code: str, refused: Refused) -> None:
    with refused(code, "anchor"):
        parse_anchor(anchor, Period.parse(text))
    with refused(code, "anchor"):
        grid_for(Period.parse(text), anchor, date(2026, 1, 1))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "anchor", "start"),
    [
        ("month", "start", "9999-12-01"),
        ("week", "start", "9999-12-25"),
        ("100 years", "start", "9900-01-01"),
        ("year", 31, "0001-01-01"),
        ("month", 31, "0001-01-01"),
    ],
)
def test_a_first_cycle_outside_the_calendar_refuses_the_start(
    text: str, anchor: Anchor, start: str, refused: Refused
) -> None:
    day = date.fromisoformat(start)
    with refused("out_of_range", "start"):
        next(periods(grid_for(Period.parse(text), anchor, day), day))


@pytest.mark.parametrize(("text", "start"), [("month", "9999-10-15"), ("day", "9999-12-30"), ("year", "9998-06-01")])
def test_a_later_cycle_outside_the_calendar_refuses_until(text: str, start: str, refused: Refused) -> None:
    day = date.fromisoformat(start)
    with refused("out_of_range", "until"):
        list(periods(grid_for(Period.parse(text), "start", day), day, until=date.max))


def test_the_ends_of_the_calendar_are_reached() -> None:
    assert Grid("month", 1, date(9999, 12, 1), 31).boundary(0) == date.max
    assert grid_for(Period.parse("week"), "calendar", date.min) == Grid("day", 7, date.min, 0)
    spans = list(periods(Grid("day", 1, date(9999, 12, 30), 0), date(9999, 12, 30), until=date(9999, 12, 30)))
    assert [span.ends_on for span in spans] == [date.max]


@pytest.mark.parametrize("n", [10**30, -(10**30)])
def test_a_boundary_far_away_is_refused(n: int, refused: Refused) -> None:
    for grid in (Grid("day", 1, date(2026, 1, 1), 0), Grid("month", 1, date(2026, 1, 1), 1)):
        with refused("out_of_range", "until"):
            grid.boundary(n, "until")

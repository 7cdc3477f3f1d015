"""What periods cost: proration, daily slices, first periods."""

from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal, localcontext
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from abono.kernel.calendars import Period, Span, grid_for
from abono.kernel.charges import (
    Charge,
    FirstPeriod,
    daily_charges,
    due_periods,
    period_amount,
    period_charges,
    prorate,
    slice_amount,
)
from abono.kernel.money import round_half_up

from .conftest import Refused

prices = st.integers(0, 10**9).map(Fraction)
cycles = st.integers(1, 400)
starts = st.dates(date(2020, 1, 1), date(2030, 12, 31))
APRIL = (date(2026, 4, 1), date(2026, 5, 1))


@given(prices, cycles, st.data())
def test_proration_is_the_nearest_grows_with_the_days_and_adds_up(
    price: Fraction, cycle: int, data: st.DataObject
) -> None:
    days = data.draw(st.integers(0, cycle))
    amount = prorate(price, days, cycle)
    with localcontext(prec=60):
        exact = Decimal(int(price)) * days / cycle
        assert amount == exact.quantize(Decimal(1), ROUND_HALF_UP)
    assert prorate(price, 0, cycle) == 0 <= amount <= prorate(price, cycle, cycle) == price
    assert amount <= prorate(price, days + 1, cycle)
    assert abs(amount + prorate(price, cycle - days, cycle) - price) <= 1


@given(st.fractions(0, 10**7, max_denominator=1000), cycles)
def test_the_slices_of_a_cycle_add_up_to_the_price(price: Fraction, cycle: int) -> None:
    slices = [slice_amount(price, k, cycle) for k in range(1, cycle + 1)]
    assert sum(slices) == round_half_up(price)
    assert all(abs(part - price / cycle) <= 1 for part in slices)


@pytest.mark.parametrize(
    ("starts_on", "ends_on", "first_period", "amount"),
    [
        ("2026-04-01", "2026-05-01", "free", 3000),
        ("2026-04-16", "2026-05-01", "full", 3000),
        ("2026-04-16", "2026-05-01", "prorate", 1500),
        ("2026-04-16", "2026-05-01", "free", 0),
        ("2026-04-01", "2026-04-11", "full", 1000),
        ("2026-04-01", "2026-04-11", "free", 1000),
        ("2026-04-10", "2026-04-20", "full", 3000),
        ("2026-04-10", "2026-04-20", "prorate", 1000),
        ("2026-04-10", "2026-04-20", "free", 0),
    ],
)
def test_only_a_period_that_starts_late_follows_the_rule_of_the_first(
    starts_on: str, ends_on: str, first_period: FirstPeriod, amount: int
) -> None:
    span = Span(date.fromisoformat(starts_on), date.fromisoformat(ends_on), *APRIL)
    assert period_amount(Fraction(3000), span, first_period) == amount


@given(prices, starts, st.integers(0, 200), st.none() | st.integers(0, 250))
def test_daily_slices_follow_the_cycle_day_by_day(
    price: Fraction, start: date, further: int, lasts: int | None
) -> None:
    until = start + timedelta(days=further)
    end = None if lasts is None else start + timedelta(days=lasts)
    grid = grid_for(Period.parse("month"), "calendar", start)
    charges = list(daily_charges(price, due_periods(grid, start, end, until, "advance"), until))
    number = further + 1 if lasts is None else min(further + 1, lasts)
    assert [charge.on for charge in charges] == [start + timedelta(days=k) for k in range(number)]
    for on, starts_on, ends_on, amount in charges:
        first = on.replace(day=1)
        length = ((first + timedelta(days=31)).replace(day=1) - first).days
        assert (starts_on, ends_on) == (on, on + timedelta(days=1))
        assert amount == prorate(price, on.day, length) - prorate(price, on.day - 1, length)


@given(prices, starts, st.integers(0, 500), st.none() | st.integers(0, 500))
def test_arrears_are_the_advance_periods_that_are_over(
    price: Fraction, start: date, further: int, lasts: int | None
) -> None:
    until = start + timedelta(days=further)
    end = None if lasts is None else start + timedelta(days=lasts)
    grid = grid_for(Period.parse("month"), 10, start)
    in_advance = list(due_periods(grid, start, end, until, "advance"))
    in_arrears = list(due_periods(grid, start, end, until, "arrears"))
    assert in_arrears == [span for span in in_advance if span.ends_on <= until]
    before = list(period_charges(price, iter(in_advance), "advance", "prorate"))
    after = list(period_charges(price, iter(in_arrears), "arrears", "prorate"))
    assert [charge.on for charge in before] == [span.starts_on for span in in_advance]
    assert after == [charge._replace(on=charge.ends_on) for charge in before][: len(after)]


def test_a_free_first_period_is_told_with_its_zero() -> None:
    span = Span(date(2026, 4, 16), date(2026, 5, 1), *APRIL)
    assert list(period_charges(Fraction(3000), iter([span]), "advance", "free")) == [Charge(span[0], *span[:2], 0)]


@pytest.mark.parametrize(("days", "cycle", "field"), [(-1, 30, "days"), (0, 0, "cycle_days"), (1, -30, "cycle_days")])
def test_days_that_are_none_are_refused(days: int, cycle: int, field: str, refused: Refused) -> None:
    with refused("out_of_range", field):
        prorate(Fraction(100), days, cycle)


@pytest.mark.parametrize(("k", "n"), [(0, 30), (31, 30), (1, 0)])
def test_a_day_outside_the_cycle_has_no_slice(k: int, n: int, refused: Refused) -> None:
    with refused("out_of_range", "k"):
        slice_amount(Fraction(100), k, n)

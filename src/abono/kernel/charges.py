"""What a period costs and when it is charged. Prices are in minor units, exact; each amount is rounded once.

Source: semantics.md §2 "Proration", "Charge", and §3.
"""

from collections.abc import Iterator
from datetime import date, timedelta
from fractions import Fraction
from typing import Literal, NamedTuple

from abono.kernel.calendars import Grid, Span, periods
from abono.kernel.errors import InvalidValue
from abono.kernel.money import round_half_up

FirstPeriod = Literal["full", "prorate", "free"]
Timing = Literal["advance", "arrears"]

FIRST_PERIODS: tuple[FirstPeriod, ...] = ("full", "prorate", "free")
TIMINGS: tuple[Timing, ...] = ("advance", "arrears")


class Charge(NamedTuple):
    """An amount in minor units, the civil day it is charged on, and the days it pays for."""

    on: date
    starts_on: date
    ends_on: date
    amount: int


def prorate(price: Fraction, days: int, cycle_days: int) -> int:
    """Promise the price of `days` days of a cycle of `cycle_days`, in minor units, rounded once.

    Fewer than 0 days and a cycle of less than 1 day are `out_of_range`.
    """
    if days < 0:
        raise InvalidValue("out_of_range", "days", "Give 0 days or more.")
    if cycle_days < 1:
        raise InvalidValue("out_of_range", "cycle_days", "Give a cycle of at least 1 day.")
    return round_half_up(price * days / cycle_days)


def slice_amount(price: Fraction, k: int, n: int) -> int:
    """Promise the slice of day `k` (1 … `n`) of a cycle of `n` days, in minor units.

    The slices of a cycle add up to the rounded price exactly. A `k` outside 1 … `n` is `out_of_range`.
    """
    if not 1 <= k <= n:
        raise InvalidValue("out_of_range", "k", "Give a day of the cycle, from 1 to its length.")
    return prorate(price, k, n) - prorate(price, k - 1, n)


def period_amount(price: Fraction, span: Span, first_period: FirstPeriod) -> int:
    """Promise what one period costs in minor units, charged in advance or in arrears.

    A period that starts after its cycle does is the first, and short: `first_period` says whether it costs the whole
    price (also when the end cuts it as well), its part of it, or nothing. Any other period that is short was cut by
    the end and costs its part. Source: semantics.md §2.
    """
    if span.starts_on > span.cycle_starts_on:
        if first_period == "free":
            return 0
        if first_period == "full":
            return round_half_up(price)
    return prorate(price, span.days, span.cycle_days)


def due_periods(grid: Grid, start: date, end: date | None, until: date, timing: Timing) -> Iterator[Span]:
    """Promise, one at a time, the periods that are charged by the day `until`.

    `advance`: those that start on or before it; `arrears`: those that end on or before it. Source: doors.md §2.
    """
    for span in periods(grid, start, end, until):
        if timing == "arrears" and span.ends_on > until:
            return
        yield span


def period_charges(
    price: Fraction, spans: Iterator[Span], timing: Timing, first_period: FirstPeriod
) -> Iterator[Charge]:
    """Promise the charge of each period, also of 0: on its first day in advance, on the day it ends in arrears."""
    for span in spans:
        on = span.starts_on if timing == "advance" else span.ends_on
        yield Charge(on, span.starts_on, span.ends_on, period_amount(price, span, first_period))


def daily_charges(price: Fraction, spans: Iterator[Span], until: date) -> Iterator[Charge]:
    """Promise the slice of each civil day of `spans` up to and including `until`, also of 0, on its own day.

    The day's place and the number of slices are those of the full cycle, also in a short period.
    """
    for span in spans:
        before = (span.starts_on - span.cycle_starts_on).days
        for k in range(before + 1, before + span.days + 1):
            on = span.cycle_starts_on + timedelta(days=k - 1)
            if on > until:
                return
            yield Charge(on, on, on + timedelta(days=1), slice_amount(price, k, span.cycle_days))

"""Billing periods: how a period is written, where its boundaries lie, and which periods a subscription has.

All days are civil days; a period is half-open, from `starts_on` up to but not including `ends_on`. Boundary *n* is
counted from the grid's origin, never from the last boundary, so that the 31st returns after February.
Source: semantics.md §2 "Anchor".
"""

import re
from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import MAXYEAR, MINYEAR, date, timedelta
from fractions import Fraction
from typing import Literal, NamedTuple

from abono.kernel.errors import InvalidValue

Unit = Literal["day", "month"]
Anchor = int | Literal["start", "calendar"]

MONTHS_IN_YEAR = 12
MOST_DAY = 31
MOST_YEARS = 100
"""No period is longer than this many years (of 365 days, where it is counted in days)."""

_NAMED: dict[str, tuple[Unit, int]] = {
    "day": ("day", 1),
    "week": ("day", 7),
    "month": ("month", 1),
    "quarter": ("month", 3),
    "year": ("month", MONTHS_IN_YEAR),
}
_COUNTED = re.compile(r"([0-9]+) (day|week|month|year)(s?)")
_MOST_STEP: dict[Unit, int] = {"day": MOST_YEARS * 365, "month": MOST_YEARS * MONTHS_IN_YEAR}


@dataclass(frozen=True, slots=True)
class Period:
    """The length of a billing period: `step` days or months; `counted` when it was written as `N …`."""

    unit: Unit
    step: int
    counted: bool = False

    @classmethod
    def parse(cls, text: object, field: str = "period") -> "Period":
        """Promise the period that `day`, `week`, `month`, `quarter`, `year` or `N days|weeks|months|years` names.

        `1 day`, `1 week` … may be singular. Another form is `invalid`; N = 0 or more than 100 years `out_of_range`.
        """
        if isinstance(text, str) and text in _NAMED:
            unit, step = _NAMED[text]
            return cls(unit, step)
        match = _COUNTED.fullmatch(text) if isinstance(text, str) else None
        if match is None or (not match[3] and match[1] != "1"):
            message = 'Write day, week, month, quarter, year, or a number of days, weeks, months or years ("30 days").'
            raise InvalidValue("invalid", field, message)
        unit, step = _NAMED[match[2]]
        most = _MOST_STEP[unit] // step
        # The length is looked at first: a number of thousands of digits is never worked out.
        if len(match[1]) > len(str(most)) or not 1 <= int(match[1]) <= most:
            raise InvalidValue("out_of_range", field, f"Write a number of {match[2]}s from 1 to {most}.")
        return cls(unit, step * int(match[1]), counted=True)


@dataclass(frozen=True, slots=True)
class Grid:
    """All the boundaries of a subscription's cycles, in four values that SQL computes with in the same way.

    `unit` `month`: `origin` is the first of a month, `day` is 1 … 31, and boundary *n* is that day (or the month's
    last, where the month is shorter) in the month that is `n · step` months after `origin`'s.
    `unit` `day`: boundary *n* is `n · step` days after `origin`, and `day` is 0.
    """

    unit: Unit
    step: int
    origin: date
    day: int

    def boundary(self, n: int, field: str = "start") -> date:
        """Promise the day of boundary *n* (also negative); outside the years 1 to 9999 `field` is `out_of_range`."""
        if self.unit == "day":
            ordinal = self.origin.toordinal() + n * self.step
            if date.min.toordinal() <= ordinal <= date.max.toordinal():
                return date.fromordinal(ordinal)
        else:
            year, month = divmod(_month_number(self.origin) + n * self.step, MONTHS_IN_YEAR)
            if MINYEAR <= year <= MAXYEAR:
                return date(year, month + 1, self._day_in(year, month + 1))
        raise InvalidValue("out_of_range", field, "Give a day whose periods lie within the years 1 to 9999.")

    def index_of(self, day: date) -> int:
        """Promise the largest *n* whose boundary is on or before `day`."""
        if self.unit == "day":
            return (day - self.origin).days // self.step
        n, months_after = divmod(_month_number(day) - _month_number(self.origin), self.step)
        not_yet = months_after == 0 and day.day < self._day_in(day.year, day.month)
        return n - 1 if not_yet else n

    def _day_in(self, year: int, month: int) -> int:
        return min(self.day, monthrange(year, month)[1])


class Span(NamedTuple):
    """One period of a subscription and the full cycle of the grid that contains it."""

    starts_on: date
    ends_on: date
    cycle_starts_on: date
    cycle_ends_on: date

    @property
    def days(self) -> int:
        """How many days the period has."""
        return (self.ends_on - self.starts_on).days

    @property
    def cycle_days(self) -> int:
        """How many days the full cycle has."""
        return (self.cycle_ends_on - self.cycle_starts_on).days

    @property
    def fraction(self) -> Fraction:
        """Which part of the full cycle the period is, exactly."""
        return Fraction(self.days, self.cycle_days)


def parse_anchor(value: object, period: Period, field: str = "anchor") -> Anchor:
    """Promise an anchor that suits the period: `start`, `calendar` or a day of the month, 1 … 31, as a whole number.

    A day outside 1 … 31 is `out_of_range`; anything else is `invalid`, also `calendar` with a period of `N …`,
    which has no place in the calendar. Source: semantics.md §2.
    """
    if value == "start":
        return "start"
    if value == "calendar":
        if period.counted:
            raise InvalidValue("invalid", field, "Anchor a period of N days, weeks, months or years at its start.")
        return "calendar"
    if isinstance(value, bool) or not isinstance(value, int):
        raise InvalidValue("invalid", field, "Write start, calendar or a day of the month from 1 to 31 (no quotes).")
    if not 1 <= value <= MOST_DAY:
        raise InvalidValue("out_of_range", field, "Write a day of the month from 1 to 31.")
    return value


def grid_for(period: Period, anchor: Anchor, start: date) -> Grid:
    """Promise the grid whose cycle `index_of(start)` is the full cycle that contains `start`.

    With `start` a boundary falls on `start` itself; with `calendar` on the Monday, or on the 1st of the month,
    quarter or year, that is on or before it; with a day of the month on that day of `start`'s own month (day- and
    week-based periods ignore it). Errors are those of `parse_anchor`. Source: semantics.md §2 "Anchor".
    """
    anchor = parse_anchor(anchor, period)
    if period.unit == "day":
        # A week begins on a Monday; every day begins itself.
        late = start.weekday() % period.step if anchor == "calendar" else 0
        return Grid("day", period.step, start - timedelta(days=late), 0)
    if anchor == "calendar":
        month = start.month - (start.month - 1) % period.step
        return Grid("month", period.step, date(start.year, month, 1), 1)
    return Grid("month", period.step, start.replace(day=1), start.day if anchor == "start" else anchor)


def periods(grid: Grid, start: date, end: date | None = None, until: date | None = None) -> Iterator[Span]:
    """Promise the periods of a subscription from `start`, in order, without a gap or an overlap, one at a time.

    They go on up to `end` (exclusive; null: for ever) and as long as they start on or before `until` (null: for
    ever). Only the first may start after its cycle does, and only the last may end before. When a cycle is not
    within the years 1 to 9999, the first makes `start` `out_of_range`, a later one `until`.
    """
    n = grid.index_of(start)
    starts_on, cycle_starts_on, field = start, grid.boundary(n), "start"
    while (end is None or starts_on < end) and (until is None or starts_on <= until):
        n += 1
        cycle_ends_on = grid.boundary(n, field)
        ends_on = cycle_ends_on if end is None else min(end, cycle_ends_on)
        yield Span(starts_on, ends_on, cycle_starts_on, cycle_ends_on)
        starts_on = cycle_starts_on = cycle_ends_on
        field = "until"


def _month_number(day: date) -> int:
    return day.year * MONTHS_IN_YEAR + day.month - 1

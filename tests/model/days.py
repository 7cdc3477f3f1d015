"""Civil days, midnights and the grids of billing periods."""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

ONE_DAY = timedelta(days=1)
_MONTHS = {"month": 1, "quarter": 3, "year": 12}
_DAYS = {"day": 1, "week": 7}


def later(day: date, days: int) -> date:
    """A day that is so many days later."""
    return day + timedelta(days=days)


def days_between(first: date, last: date) -> int:
    """How many days there are from one to the other."""
    return (last - first).days


@dataclass(frozen=True)
class Zone:
    """The operator's clock. Instants are in UTC, so that they can be compared and counted."""

    name: str

    def instant(self, local: datetime) -> datetime:
        """A local time; of one that comes twice, the first."""
        return local.replace(tzinfo=ZoneInfo(self.name)).astimezone(UTC)

    def midnight(self, day: date) -> datetime:
        """The first instant of a day. Where 00:00 is skipped, that is the instant of the skip."""
        return self.instant(datetime.combine(day, time()))

    def day(self, instant: datetime) -> date:
        """The civil day of an instant."""
        return instant.astimezone(ZoneInfo(self.name)).date()

    def next_midnight(self, instant: datetime) -> datetime:
        """The first midnight that is later."""
        return self.midnight(later(self.day(instant), 1))


@dataclass(frozen=True)
class Length:
    """How long a period is: so many days, or so many months."""

    unit: str
    count: int
    word: str

    @classmethod
    def parse(cls, text: str) -> Length:
        """``month``, ``30 days``, ``2 weeks``."""
        number, _, unit = text.rpartition(" ")
        unit = unit.removesuffix("s")
        count = int(number or 1)
        if unit in _DAYS:
            return cls("day", count * _DAYS[unit], unit)
        return cls("month", count * _MONTHS[unit], unit)

    def as_long_as(self, other: Length) -> bool:
        """Whether a change between the two keeps the period."""
        return (self.unit, self.count) == (other.unit, other.count)


def clipped(year: int, month: int, day: int) -> date:
    """A day of a month, or its last one."""
    return date(year, month, min(day, monthrange(year, month)[1]))


@dataclass(frozen=True)
class Grid:
    """Where periods begin. Boundary 0 is the origin; of months, a day beyond the month is its last and returns."""

    length: Length
    origin: date
    day: int

    def boundary(self, index: int) -> date:
        """The first day of a cycle."""
        if self.length.unit == "day":
            return later(self.origin, index * self.length.count)
        months = self.origin.year * 12 + self.origin.month - 1 + index * self.length.count
        return clipped(months // 12, months % 12 + 1, self.day)

    def cycle(self, day: date) -> tuple[date, date]:
        """The full cycle that contains a day."""
        index = days_between(self.origin, day) // (self.length.count * (1 if self.length.unit == "day" else 31)) - 1
        while self.boundary(index + 1) <= day:
            index += 1
        while self.boundary(index) > day:
            index -= 1
        return self.boundary(index), self.boundary(index + 1)


def from_start(length: Length, start: date) -> Grid:
    """Periods that are counted from a day."""
    return Grid(length, start, start.day)


def anchored(length: Length, anchor: str, start: date) -> Grid:
    """Periods as a plan's anchor says, for a first period that begins on ``start``."""
    if anchor == "calendar":
        if length.word == "week":
            return from_start(length, later(start, -start.weekday()))
        if length.unit == "month":
            month = start.month - (start.month - 1) % length.count
            return Grid(length, date(start.year, month, 1), 1)
    elif anchor != "start" and length.unit == "month":
        return Grid(length, clipped(start.year, start.month, int(anchor)), int(anchor))
    return from_start(length, start)


@dataclass(frozen=True)
class Ahead:
    """How long before a boundary it is looked at: hours, or civil days."""

    unit: str
    count: int

    @classmethod
    def parse(cls, text: str) -> Ahead:
        """``36 hours``, ``3 days``, ``1 weeks``."""
        number, unit = text.split()
        unit = unit.removesuffix("s")
        return cls("day", int(number) * 7) if unit == "week" else cls(unit, int(number))

    def instant(self, zone: Zone, boundary: date) -> datetime:
        """When the look is made."""
        if self.unit == "day":
            return zone.midnight(later(boundary, -self.count))
        return zone.midnight(boundary) - timedelta(hours=self.count)

    def is_nearer(self, zone: Zone, boundary: date, start: datetime) -> bool:
        """Whether the boundary was nearer than that already when the period began."""
        if self.unit == "day":
            return zone.day(start) > later(boundary, -self.count)
        return start > self.instant(zone, boundary)

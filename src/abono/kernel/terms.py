"""Licence terms and the instants they run between. Source: semantics.md §5 `activate`; RFC 3339."""

import re
from datetime import UTC, datetime, timedelta

from abono.kernel.errors import InvalidValue

# Only what RFC 3339 writes; `datetime.fromisoformat` alone would take far more, and times without an offset.
_INSTANT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt](?:[01][0-9]|2[0-3]):[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,6})?"
    r"(?:[Zz]|[+-](?:[01][0-9]|2[0-3]):[0-5][0-9])"
)


def parse_instant(text: object, field: str) -> datetime:
    """Promise the instant, in UTC, that an RFC 3339 text such as `2025-03-15T12:00:00+01:00` names.

    Another form, a time without an offset, a leap second and more than six decimals of a second are `invalid`; an
    instant that is outside the years 1 to 9999 in UTC is `out_of_range`.
    """
    if not isinstance(text, str) or not _INSTANT.fullmatch(text):
        raise InvalidValue("invalid", field, "Write the time with its offset, such as 2025-03-15T12:00:00Z.")
    try:
        written = datetime.fromisoformat(text.upper())
    except ValueError:
        raise InvalidValue("invalid", field, "Write a time that is in the calendar.") from None
    return _in_utc(written, field)


def format_instant(instant: datetime) -> str:
    """Promise the RFC 3339 text of an aware instant, in UTC with `Z`; decimals only when there are any."""
    return f"{_in_utc(instant, 'instant').replace(tzinfo=None).isoformat()}Z"


def extend(now: datetime, ends_at: datetime | None, days: int) -> tuple[datetime, datetime]:
    """Promise where `days` bought days run, as (starts_at, ends_at) in UTC.

    They start at `now`, or where the present term ends if that is later: nothing that is left is lost, and nothing
    is filled in for a lapse. A day is 86,400 seconds. Naive times are `invalid`; fewer than 1 day and an end beyond
    the year 9999 are `out_of_range`.
    """
    if days < 1:
        raise InvalidValue("out_of_range", "days", "Give at least 1 day.")
    starts_at = _in_utc(now, "now")
    if ends_at is not None:
        starts_at = max(starts_at, _in_utc(ends_at, "ends_at"))
    try:
        return starts_at, starts_at + timedelta(days=days)
    except OverflowError:
        raise InvalidValue("out_of_range", "days", "Give fewer days; the calendar ends with the year 9999.") from None


def _in_utc(instant: datetime, field: str) -> datetime:
    """Promise the same instant in UTC, in which adding days is adding seconds, whatever clocks are put forward."""
    if instant.utcoffset() is None:
        raise InvalidValue("invalid", field, "Give the time with its offset from UTC.")
    try:
        return instant.astimezone(UTC)
    except OverflowError:
        raise InvalidValue("out_of_range", field, "Give a time within the years 1 to 9999 in UTC.") from None

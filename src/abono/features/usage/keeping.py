"""Which months of events are kept: partitions are made ahead, and old ones dropped where the house says so."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import transaction

from abono.base.sql import statements
from abono.features.usage.operations import earliest, prepare_months

if TYPE_CHECKING:
    from collections.abc import Iterator

_sql = statements("abono.features.usage", "keeping")
_AHEAD = 2
_LONGEST_MONTH = 31


def keep_months(now: datetime) -> list[date]:
    """Make the partitions of the coming months and, if a number of months is set, drop older ones; answers those.

    Events of a dropped month and their keys are gone. What they added to stays, in sums and in the audit. A month is
    kept longer where a running quota period's peak of seats needs it.
    """
    with transaction.atomic():
        prepare_months(now, _AHEAD)
        _sql.run("forget_values")
    if not settings.USAGE_MONTHS:
        return []
    return [month for month in _older_than(earliest(now)) if _drop(month)]


def instants_of(month: date) -> tuple[datetime, datetime]:
    """When a month of events (by its first day) begins and ends, half-open, in UTC."""
    after = (month + timedelta(days=_LONGEST_MONTH)).replace(day=1)
    return datetime.combine(month, time.min, UTC), datetime.combine(after, time.min, UTC)


def _older_than(before: datetime) -> Iterator[date]:
    for row in _sql.rows("months", before=before):
        yield row["month"]


def _drop(month: date) -> bool:
    starts, ends = instants_of(month)
    with transaction.atomic():
        if _sql.row("needed", starts=starts, ends=ends)["found"]:
            return False
        _sql.run("fold", starts=starts, ends=ends)
        _sql.run("forget_keys", ends=ends)
        _sql.rows("drop", month=month)
    return True

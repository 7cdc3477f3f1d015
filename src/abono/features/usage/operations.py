"""Counting use: batches of events, each counted once, by the statements that also count a single one.

What a use costs at once (``overage: on_use``) is billing's to charge: see ``abono.features.billing.using``, by which
the doors count.
"""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import IntegrityError, OperationalError, connection, transaction
from psycopg.errors import DeadlockDetected, UniqueViolation

from abono.base.plans import planned_without
from abono.base.refusal import InvalidRequest
from abono.base.sql import statements
from abono.features.usage.events import Batch

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from abono.features.usage.events import Use

_sql = statements("abono.features.usage", "counting")

COUNTED = "counted"
REPEATED = "repeated"
CHARGED_ON_USE = "charged_on_use"
"""What ``count`` leaves to billing: the use may open a pack that must be paid first."""
BEHIND = "behind"
"""What ``count`` leaves to billing: in which quota period it was used is known when due work of the account is done."""
TOLERANCE = timedelta(minutes=5)
"""So far may the clock of whoever reports differ from ours, ahead of it or behind."""
KEPT_MONTHS = 25
"""Older events are refused where the house does not say how many months it keeps (ABONO_USAGE_MONTHS)."""
MOST = 10_000
"""The most events of one batch."""

_ADDS_UP = "adds_up"
"""What the plain count leaves out, to be counted with its counters locked."""
_MOST_TRIES = 20
_FRESH = 500
"""So many events come for the first time until one of their keys is found taken; of fewer each key is looked up."""
_MOST_DEADLOCKS = 3


class _Stale(Exception):  # noqa: N818 -- nobody is told: it is counted again
    """A counter is no longer what the events were judged by."""


def count(
    uses: Sequence[Use],
    *,
    now: datetime,
    tolerance: timedelta = TOLERANCE,
    seats: bool = False,
    paying: bool = False,
) -> list[str]:
    """Count a batch of events of any accounts; answers for each ``counted``, ``repeated`` or the code of its refusal.

    Those that are counted are counted together, or none of them is where it raises. Codes: ``unknown_subscription``,
    ``subscription_ended``, ``unknown_service``, ``not_quantifiable``, ``out_of_range``, ``subscription_suspended``,
    ``quota_exceeded``, ``key_conflict``, ``invalid``; BEHIND; and CHARGED_ON_USE, unless ``paying``. ``seats``: only
    services counted in seats. Raises InvalidRequest for more than MOST events. Source: semantics.md §4.
    """
    if len(uses) > MOST:
        message = f"Send at most {MOST:,} events at once."
        raise InvalidRequest(message, field="events", code="out_of_range")
    terms = {"now": now, "first": earliest(now), "tolerance": tolerance, "seats": seats, "paying": paying}
    batch = Batch(uses)
    # Whoever calls this in a transaction of their own has it rolled back to here, and what they locked stays locked.
    enclosed = connection.in_atomic_block
    looking = locked = False
    for attempt in range(1, _MOST_TRIES + 1):
        try:
            with planned_without("seqscan"):  # by keys, however small a table is
                return _count(batch, terms, looking=looking, locked=locked)
        except _Stale:
            locked = True
        except IntegrityError as error:
            if not isinstance(error.__cause__, UniqueViolation):
                raise
            looking = True
        except OperationalError as error:
            # Two batches may claim keys of one another.
            if enclosed or attempt > _MOST_DEADLOCKS or not isinstance(error.__cause__, DeadlockDetected):
                raise
    message = f"a batch of {len(uses)} events found its counters changed {_MOST_TRIES} times"
    raise OperationalError(message)


def _count(batch: Batch, terms: dict[str, Any], *, looking: bool, locked: bool) -> list[str]:
    """Count a batch in one transaction; answers the outcome of each event. Raises _Stale where it must begin again."""
    _make_months(batch.months(terms["first"], terms["now"] + terms["tolerance"]), terms["now"])
    outcomes = dict(batch.refused)
    waiting: Sequence[int] = batch.sound
    while waiting:
        tried, behind = batch.first_of_keys(waiting)
        outcomes |= _try(batch, tried, terms, looking=looking or len(tried) < _FRESH, locked=locked)
        waiting = _still_waiting(batch, behind, outcomes)
    return [outcomes.get(place, COUNTED) for place in range(len(batch.uses))]


def _still_waiting(batch: Batch, behind: list[tuple[int, int]], outcomes: dict[int, str]) -> list[int]:
    """Of those behind others with their keys: who is not answered by what came of them."""
    waiting = []
    for place, earlier in behind:
        known = outcomes.get(earlier, COUNTED)
        if batch.content(place) == batch.content(earlier):
            outcomes[place] = REPEATED if known == COUNTED else known
        elif known in {COUNTED, REPEATED}:
            outcomes[place] = "key_conflict"
        else:
            waiting.append(place)
    return waiting


def _try(batch: Batch, places: Sequence[int], terms: dict[str, Any], *, looking: bool, locked: bool) -> dict[int, str]:
    """Count some events of a batch, no two with one key; answers the outcomes other than ``counted``."""
    columns = batch.columns(places)
    if locked:
        _sql.run("lock", **columns)
    outcomes = _judge(places, {**terms, **columns, "looking": looking, "adding": False})
    left = [place for place, outcome in outcomes.items() if outcome == _ADDS_UP]
    if left:
        filters = {
            str(row["spot"]): (row["service_id"], _read(row["filters"])) for row in _sql.rows("filters", **columns)
        }
        columns = batch.routed(left, filters)
        _sql.run("lock", **columns)
        for place in left:
            del outcomes[place]
        outcomes |= _judge(left, {**terms, **columns, "looking": looking, "adding": True})
    return outcomes


def _judge(places: Sequence[int], values: dict[str, Any]) -> dict[int, str]:
    answers = _sql.rows("count", **values)
    if not all(row["whole"] for row in answers if row["place"] is None):
        raise _Stale
    return {places[row["place"]]: row["refused"] for row in answers if row["place"] is not None}


def _read(document: Any) -> Any:
    return json.loads(document) if isinstance(document, str) else document


def earliest(now: datetime) -> datetime:
    """The first instant whose events are still taken: the beginning of the oldest month that is kept."""
    months = now.year * 12 + now.month - 1 - (settings.USAGE_MONTHS or KEPT_MONTHS)
    return datetime(months // 12, months % 12 + 1, 1, tzinfo=UTC)


def prepare_months(now: datetime, ahead: int = 1) -> None:
    """Make the partitions of this month and of so many to come, before there are events for them."""
    month = now.year * 12 + now.month - 1
    months = [date((month + more) // 12, (month + more) % 12 + 1, 1) for more in range(ahead + 1)]
    _sql.rows("make_months", months=months)


_made: set[tuple[str, date]] = set()
"""The partitions that were there for good when this process looked, by database."""


def _make_months(wanted: Iterable[date], now: datetime) -> None:
    database = str(connection.settings_dict["NAME"])
    months = {*wanted, now.astimezone(UTC).date().replace(day=1)}
    missing = sorted(month for month in months if (database, month) not in _made)
    if missing:
        _sql.rows("make_months", months=missing)
        transaction.on_commit(lambda: _made.update((database, month) for month in missing))

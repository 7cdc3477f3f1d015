"""Counting use: batches of events, each counted once, by the statements that also count a single one.

What a use costs at once (``overage: on_use``) is billing's to charge: see ``abono.features.billing.using``, by which
the doors count.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, NamedTuple

from django.conf import settings
from django.db import OperationalError, connection, transaction
from psycopg.errors import DeadlockDetected

from abono.base.refusal import InvalidRequest
from abono.base.sql import statements

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from decimal import Decimal
    from uuid import UUID

_sql = statements("abono.features.usage", "counting")

COUNTED = "counted"
REPEATED = "repeated"
CHARGED_ON_USE = "charged_on_use"
"""What ``count`` leaves to billing: the use may open a pack that must be paid first."""
TOLERANCE = timedelta(minutes=5)
"""So far may the clock of whoever reports be ahead of ours."""
KEPT_MONTHS = 25
"""Older events are refused where the house does not say how many months it keeps (ABONO_USAGE_MONTHS)."""
MOST = 10_000
"""The most events of one batch."""

_MOST_TRIES = 20
_MOST_DEADLOCKS = 3
_MOST_KEY = 200
_MOST_SERVICE = 60
_WHOLE_DIGITS = 15
_DECIMALS = 12


class Use(NamedTuple):
    """An event: so much of a service was used by a subscription (seats: came or, negative, went).

    ``at`` (aware) is now if empty. ``key`` is unique per account; without one the event is counted as often as it is
    sent.
    """

    account: int
    subscription: UUID
    service: str
    quantity: Decimal
    at: datetime | None = None
    key: str | None = None


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
    ``quota_exceeded``, ``key_conflict``, ``invalid``; and CHARGED_ON_USE, unless ``paying``. ``seats``: only services
    counted in seats. Raises InvalidRequest for more than MOST events. Source: semantics.md §4.
    """
    if len(uses) > MOST:
        message = f"Send at most {MOST:,} events at once."
        raise InvalidRequest(message, field="events", code="out_of_range")
    for patience in range(_MOST_DEADLOCKS, -1, -1):
        batch = _Batch(uses)
        try:
            with transaction.atomic():
                while batch.waiting:
                    batch.take(_count(batch, now, tolerance, seats=seats, paying=paying))
        except OperationalError as error:
            # Two batches may claim keys of one another; whoever stands in a transaction of its own tries again.
            if not patience or connection.in_atomic_block or not isinstance(error.__cause__, DeadlockDetected):
                raise
        else:
            return batch.outcomes
    raise AssertionError


class _Batch:
    """The events of a batch. Of several with one key the first is tried first; its very repetition shares its fate."""

    def __init__(self, uses: Sequence[Use]) -> None:
        self.outcomes: list[str] = [COUNTED] * len(uses)
        self.lines: list[str] = [""] * len(uses)
        self.contents: list[int] = [0] * len(uses)
        self.names: list[tuple[int, str] | None] = [None] * len(uses)
        self.spots: dict[tuple[int, UUID, str], tuple[int, str]] = {}
        self.months: set[tuple[int, int]] = set()
        self.waiting: list[int] = []
        for place, use in enumerate(uses):
            if self._write(place, use):
                self.waiting.append(place)
        self.tried: list[int] = []
        self.behind: list[tuple[int, int]] = []
        self._choose()

    def _write(self, place: int, use: Use) -> bool:
        """The event as a line of COPY; False where it cannot be read."""
        account, subscription, service, quantity, at, key = use
        spot = self.spots.get((account, subscription, service)) or self._spot(account, subscription, service)
        if spot is None or not quantity.is_finite():
            self.outcomes[place] = "invalid"
            return False
        number = str(quantity)
        if "." in number or "E" in number:
            number = f"{quantity.normalize():f}"
        whole, _, decimals = number.partition(".")
        if len(decimals) > _DECIMALS or len(whole) > _WHOLE_DIGITS + (whole[0] == "-"):
            self.outcomes[place] = "out_of_range"
            return False
        when = r"\N"
        if at is not None:
            moment = at if at.tzinfo is UTC else at.astimezone(UTC)
            self.months.add((moment.year, moment.month))
            when = moment.isoformat()
        body = f"{spot[1]}\t{number}\t{when}"
        if key is None:
            self.lines[place] = f"{place}\t{spot[0]}\t{body}\t\\N\t0\n"
            return True
        if not key.isprintable() or not 0 < len(key) <= _MOST_KEY:
            self.outcomes[place] = "invalid"
            return False
        content = int.from_bytes(blake2b(body.encode(), digest_size=8).digest(), "big", signed=True)
        self.contents[place] = content
        self.names[place] = (account, key)
        self.lines[place] = f"{place}\t{spot[0]}\t{body}\t{_escaped(key)}\t{content}\n"
        return True

    def _spot(self, account: int, subscription: UUID, service: str) -> tuple[int, str] | None:
        """A number for a service of a subscription, and its columns; None where the service cannot be one."""
        if not service.isprintable() or not 0 < len(service) <= _MOST_SERVICE:
            return None
        made = (len(self.spots), f"{account}\t{subscription}\t{_escaped(service)}")
        self.spots[account, subscription, service] = made
        return made

    def _choose(self) -> None:
        """Of the waiting, those to try now: the first of each key."""
        first: dict[tuple[int, str], int] = {}
        self.tried, self.behind = [], []
        for place in self.waiting:
            name = self.names[place]
            earlier = place if name is None else first.setdefault(name, place)
            if earlier == place:
                self.tried.append(place)
            else:
                self.behind.append((place, earlier))

    def take(self, outcomes: dict[int, str]) -> None:
        """Keep what came of those that were tried; whoever waited behind one is answered by it or tried next."""
        for place, outcome in outcomes.items():
            self.outcomes[place] = outcome
        self.waiting = []
        for place, earlier in self.behind:
            known = self.outcomes[earlier]
            if self.contents[place] == self.contents[earlier]:
                self.outcomes[place] = REPEATED if known == COUNTED else known
            elif known in {COUNTED, REPEATED}:
                self.outcomes[place] = "key_conflict"
            else:
                self.waiting.append(place)
        self._choose()


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\") if "\\" in text else text


def _count(batch: _Batch, now: datetime, tolerance: timedelta, *, seats: bool, paying: bool) -> dict[int, str]:
    """Count what a batch tries now; answers the outcomes other than ``counted``. Tries again where it must."""
    terms = {"now": now, "first": earliest(now), "last": now + tolerance, "seats": seats, "paying": paying}
    for attempt in range(_MOST_TRIES):
        try:
            with transaction.atomic():
                return _attempt(batch, terms, locked=attempt > 0)
        except _Stale:
            continue
    message = f"a batch of {len(batch.tried)} events found its counters changed {_MOST_TRIES} times"
    raise OperationalError(message)


def _attempt(batch: _Batch, terms: dict[str, Any], *, locked: bool) -> dict[int, str]:
    _stage(batch)
    _make_months(batch.months, terms)
    if locked:
        _sql.run("lock")
    answers = _sql.rows("count", **terms)
    outcomes = {row["place"]: row["refused"] for row in answers if row["place"] is not None}
    if not all(row["whole"] for row in answers if row["place"] is None):
        raise _Stale
    known = [place for place, outcome in outcomes.items() if batch.names[place] is not None]
    same = {row["place"]: row["same"] for row in _sql.rows("repeated", places=known)} if known else {}
    for place in known:
        # A key that is known decides before anything else does.
        if place in same:
            outcomes[place] = REPEATED if same[place] else "key_conflict"
        elif not outcomes[place]:
            raise _Stale  # whoever had taken the key was rolled back
    _sql.row("end")
    return outcomes


def _stage(batch: _Batch) -> None:
    if _sql.row("begin")["made"]:
        _sql.run("empty")
    else:
        _sql.run("make")
    text = "".join([batch.lines[place] for place in batch.tried])
    with connection.cursor() as cursor, cursor.copy("COPY pg_temp.usage_stage FROM STDIN") as copy:
        copy.write(text.encode())


def earliest(now: datetime) -> datetime:
    """The first instant whose events are still taken: the beginning of the oldest month that is kept."""
    months = now.year * 12 + now.month - 1 - (settings.USAGE_MONTHS or KEPT_MONTHS)
    return datetime(months // 12, months % 12 + 1, 1, tzinfo=UTC)


def prepare_months(now: datetime, ahead: int = 1) -> None:
    """Make the partitions of this month and of so many to come, before there are events for them."""
    month = now.year * 12 + now.month - 1
    months = [date((month + more) // 12, (month + more) % 12 + 1, 1) for more in range(ahead + 1)]
    _sql.rows("months", months=months)


_made: set[tuple[str, date]] = set()
"""The partitions that were there for good when this process looked, by database."""


def _make_months(wanted: Iterable[tuple[int, int]], terms: dict[str, Any]) -> None:
    database = str(connection.settings_dict["NAME"])
    first, last = terms["first"].date(), terms["last"].date()
    days = {date(year, month, 1) for year, month in wanted} | {terms["now"].astimezone(UTC).date().replace(day=1)}
    missing = sorted(day for day in days if first <= day <= last and (database, day) not in _made)
    if missing:
        _sql.rows("months", months=missing)
        transaction.on_commit(lambda: _made.update((database, day) for day in missing))

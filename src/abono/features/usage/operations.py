"""Counting use: batches of events, each counted once, by the statements that also count a single one.

What a use costs at once (``overage: on_use``) is billing's to charge: see ``abono.features.billing.using``, by which
the doors count.
"""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from django.conf import settings
from django.db import IntegrityError, OperationalError, connection, transaction
from psycopg.errors import DeadlockDetected, UniqueViolation

from abono.base.refusal import InvalidRequest
from abono.base.sql import statements
from abono.features.catalogue.use_terms import MOST_NAME, MOST_VALUE, matching

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
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

MOST_PROPERTIES = 20
"""The most properties of one event."""

_ADDS_UP = "adds_up"
"""What the plain count leaves out, to be counted with its counters locked."""
_MOST_TRIES = 20
_FRESH = 500
"""So many events come for the first time until one of their keys is found taken; of fewer each key is looked up."""
_MOST_DEADLOCKS = 3
_MOST_KEY = 200
_MOST_SERVICE = 60
_WHOLE_DIGITS = 15
_DECIMALS = 12
_IN_UTC = "+00:00"
_REFUSED = frozenset({"invalid", "out_of_range"})


class Use(NamedTuple):
    """An event: so much of a service was used by a subscription (seats: came or, negative, went).

    ``at`` (aware) is now if empty. ``key`` is unique per account; without one the event is counted as often as it is
    sent. ``properties`` are what filters look at and different values are counted of (see sound_properties).
    """

    account: int
    subscription: UUID
    service: str
    quantity: Decimal
    at: datetime | None = None
    key: str | None = None
    properties: Mapping[str, str] | None = None


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
        self.uses = uses
        self.outcomes: list[str] = [COUNTED] * len(uses)
        self.lines: list[str] = []
        self.spots: list[str] = []
        self.numbers: dict[tuple[int, int, str], str] = {}
        self.waiting: list[int] = []
        self._write()
        self.tried: list[int] = []
        self.behind: list[tuple[int, int]] = []
        self._choose()

    def _write(self) -> None:
        """Every event as a line of COPY (empty where it cannot be read), and a line for each spot."""
        spots = self.numbers
        numbers: dict[Decimal, str] = {}
        write, wait = self.lines.append, self.waiting.append
        for place, (account, subscription, service, quantity, at, key, properties) in enumerate(self.uses):
            spot = spots.get((account, subscription.int, service))
            if spot is None:
                spot = spots[account, subscription.int, service] = self._spot(account, subscription, service)
            number = numbers.get(quantity) if quantity.is_finite() else "invalid"
            if number is None:
                number = numbers[quantity] = _number(quantity)
            when = _instant(at)
            refused = spot in _REFUSED or number in _REFUSED or when in _REFUSED
            named = key is None or (0 < len(key) <= _MOST_KEY and key.isprintable())
            if refused or not named or (properties and not sound_properties(properties)):
                self.outcomes[place] = next((each for each in (spot, number, when) if each in _REFUSED), "invalid")
                write("")
                continue
            said = _told(json.dumps(properties, ensure_ascii=False)) if properties else r"\N"
            write(f"{spot}\t{place}\t{number}\t{when}\t{_told(key)}\t\\N\t\\N\t\\N\t\\N\t{said}\t\\N\n")
            wait(place)

    def _spot(self, account: int, subscription: UUID, service: str) -> str:
        """A number for a service of a subscription, or the code of its refusal."""
        if not service.isprintable() or not 0 < len(service) <= _MOST_SERVICE:
            return "invalid"
        number = str(len(self.spots))
        place = f"{account}\t{subscription.int:032x}\t{_told(service)}"
        self.spots.append(f"{number}\t\\N\t\\N\t\\N\t\\N\t{place}\t\\N\t\\N\t\\N\n")
        return number

    def text(self) -> str:
        """What is tried now, as text of COPY."""
        return "".join([*self.spots, *(self.lines[place] for place in self.tried)])

    def routed(self, places: Iterable[int], filters: Mapping[str, tuple[int, list[dict[str, Any]]]]) -> str:
        """Some events as text of COPY, each as what the filters of its spot (by number) make of it."""
        lines = [self._routed(place, filters) for place in places]
        needed = {line.partition("\t")[0] for line in lines}
        return "".join([*(self.spots[int(number)] for number in sorted(needed)), *lines])

    def _routed(self, place: int, filters: Mapping[str, tuple[int, list[dict[str, Any]]]]) -> str:
        cells = self.lines[place].rstrip("\n").split("\t")
        use = self.uses[place]
        known = filters.get(cells[0])
        chosen = matching(known[1], use.properties) if known and use.properties else None
        if known is None or chosen is None:
            return self.lines[place]
        service = chosen.get("as")
        if service is not None:
            name = (use.account, use.subscription.int, service)
            if name not in self.numbers:
                self.numbers[name] = self._spot(use.account, use.subscription, service)
            cells[0] = self.numbers[name]
            cells[7], cells[8] = _told(use.service), str(known[0])
        cells[10] = chosen["counts"] if chosen.get("counts") is not None else r"\N"
        return "\t".join(cells) + "\n"

    def months(self) -> set[tuple[int, int]]:
        """The months (in UTC) that its events lie in."""
        times = [at for at in (self.uses[place].at for place in self.waiting) if at is not None]
        ends = {_month(at) for at in (min(times), max(times))} if times else set()
        return ends if len(ends) <= 1 else {_month(at) for at in times}

    def _choose(self) -> None:
        """Of the waiting, those to try now: the first of each key."""
        uses, waiting = self.uses, self.waiting
        names = [(uses[place].account, uses[place].key) for place in waiting if uses[place].key is not None]
        self.tried, self.behind = waiting, []
        if len(set(names)) == len(names):
            return
        first: dict[tuple[int, str | None], int] = {}
        self.tried = []
        for place in waiting:
            earlier = first.setdefault((uses[place].account, uses[place].key), place)
            if earlier == place or uses[place].key is None:
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
            if _content(self.uses[place]) == _content(self.uses[earlier]):
                self.outcomes[place] = REPEATED if known == COUNTED else known
            elif known in {COUNTED, REPEATED}:
                self.outcomes[place] = "key_conflict"
            else:
                self.waiting.append(place)
        self._choose()


def _content(use: Use) -> tuple[object, ...]:
    return (*use[:-1], use.properties or None)


def sound_properties(properties: Mapping[str, object]) -> bool:
    """Whether these can be the properties of an event: up to MOST_PROPERTIES texts by name, of printable characters."""
    return len(properties) <= MOST_PROPERTIES and all(
        _sound(name, MOST_NAME) and _sound(value, MOST_VALUE) for name, value in properties.items()
    )


def _sound(text: object, most: int) -> bool:
    return isinstance(text, str) and 0 < len(text) <= most and text.isprintable()


def _month(at: datetime) -> tuple[int, int]:
    moment = at if at.tzinfo is UTC else at.astimezone(UTC)
    return moment.year, moment.month


def _instant(at: datetime | None) -> str:
    """An instant as COPY reads it, in UTC: the database knows fewer zones. Or the code of its refusal."""
    if at is None:
        return r"\N"
    text = at.isoformat()
    if text.endswith(_IN_UTC):
        return text
    try:
        return at.astimezone(UTC).isoformat()
    except OverflowError:  # before the year 1, or after 9999
        return "out_of_range"


def _told(text: str | None) -> str:
    """A text as COPY reads it."""
    if text is None:
        return r"\N"
    return text.replace("\\", r"\\") if "\\" in text else text


def _number(quantity: Decimal) -> str:
    """A finite quantity as it is written for the database, or the code of its refusal."""
    number = str(quantity)
    if "." in number or "E" in number:
        number = f"{quantity.normalize():f}"
    whole, _, decimals = number.partition(".")
    if len(decimals) > _DECIMALS or len(whole) > _WHOLE_DIGITS + (whole[0] == "-"):
        return "out_of_range"
    return number


def _count(batch: _Batch, now: datetime, tolerance: timedelta, *, seats: bool, paying: bool) -> dict[int, str]:
    """Count what a batch tries now; answers the outcomes other than ``counted``. Tries again where it must."""
    terms = {"now": now, "first": earliest(now), "last": now + tolerance, "seats": seats, "paying": paying}
    terms["looking"] = len(batch.tried) < _FRESH
    for attempt in range(_MOST_TRIES):
        try:
            with transaction.atomic():
                return _attempt(batch, terms, locked=attempt > 0)
        except _Stale:
            continue
        except IntegrityError as error:
            if not isinstance(error.__cause__, UniqueViolation):
                raise
            terms["looking"] = True
    message = f"a batch of {len(batch.tried)} events found its counters changed {_MOST_TRIES} times"
    raise OperationalError(message)


def _attempt(batch: _Batch, terms: dict[str, Any], *, locked: bool) -> dict[int, str]:
    _stage(batch.text())
    _make_months(batch.months(), terms)
    if locked:
        _sql.run("lock")
    outcomes = _judge(terms, adding=False)
    left = [place for place, outcome in outcomes.items() if outcome == _ADDS_UP]
    if left:
        filters = {str(row["spot"]): (row["service_id"], _read(row["filters"])) for row in _sql.rows("filters")}
        _stage(batch.routed(left, filters))
        _sql.run("lock")
        for place in left:
            del outcomes[place]
        outcomes |= _judge(terms, adding=True)
    _sql.row("end")
    return outcomes


def _judge(terms: dict[str, Any], *, adding: bool) -> dict[int, str]:
    answers = _sql.rows("count", adding=adding, **terms)
    if not all(row["whole"] for row in answers if row["place"] is None):
        raise _Stale
    return {row["place"]: row["refused"] for row in answers if row["place"] is not None}


def _read(document: Any) -> Any:
    return json.loads(document) if isinstance(document, str) else document


def _stage(text: str) -> None:
    if _sql.row("begin")["made"]:
        _sql.run("empty")
    else:
        _sql.run("make")
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

"""Working off what waits to be sent: many at once, a few per destination and tenant, nobody held up by anybody else.

A tenant makes as many destinations as it likes, and may let each of them answer late. So the slow and the failing ones
of a tenant have one place together, and some places are only for destinations that are known to answer quickly.
"""

from __future__ import annotations

import time
from collections import Counter
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Protocol

import structlog
from django.db import DatabaseError, close_old_connections

from abono.base.outgoing.calls import Outcome

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

_log = structlog.get_logger(__name__)
AT_ONCE = 20
PER_TENANT = 10
PER_DESTINATION = 5
FOR_QUICK = 8
"""Of all places, those that only destinations take that are known to answer quickly."""
QUICK = 5.0  # float: seconds within which an answer is quick
_LONGEST = 22.0  # float: seconds after which nothing new is begun: whoever stops a worker waits for what is under way
_LONGEST_TROUBLED = 8.0  # float: the same for what is expected to take long, so that all ends at about the same time
_LOOK = 0.5  # float: seconds after which it is looked again what became due meanwhile


@dataclass(frozen=True)
class Destination:
    """Where something is sent: of a tenant, and how it answered the last times; a new one is neither slow nor quick."""

    id: int
    tenant: int
    failing: bool
    slow: bool = False
    quick: bool = False

    @property
    def troubled(self) -> bool:
        """Whether an attempt is expected to take its place for long."""
        return self.failing or self.slow


class Outbox(Protocol):
    """What waits to be sent. Only ``attempt`` is called beside others, and it touches no database."""

    def destinations(self, now: datetime) -> Sequence[Destination]:
        """Those with something due that are not left alone, each tenant's first before anybody's second."""

    def take(self, destination: int, most: int, now: datetime) -> Sequence[Mapping[str, Any]]:
        """Take some of what is due at a destination for this process, for a while."""

    def attempt(self, row: Mapping[str, Any], now: datetime) -> Outcome:
        """Send one; it ends in bounded time."""

    def note(self, row: Mapping[str, Any], outcome: Outcome, now: datetime) -> None:
        """Write down what came of it, and when destination and message are tried again."""


@dataclass(frozen=True)
class _Sent:
    """What is on its way, and of whom."""

    destination: Destination
    row: Mapping[str, Any]


def dispatch(outbox: Outbox, now: datetime) -> int:
    """Send what is due by ``now`` and falls due while others are waited for; answers how many were tried.

    Nothing is written while a stranger's server is waited for. Whoever is slow takes up its own few places only.
    """
    began = time.monotonic()
    tried = 0
    under_way: dict[Future[Outcome], _Sent] = {}
    with ThreadPoolExecutor(max_workers=AT_ONCE) as pool:
        while True:
            passed = time.monotonic() - began
            moment = now + timedelta(seconds=passed)
            if passed < _LONGEST:
                troubled = passed < _LONGEST_TROUBLED
                for sent in _take(outbox, list(under_way.values()), moment, troubled=troubled):
                    under_way[pool.submit(_attempt, outbox, sent.row, moment)] = sent
                    tried += 1
            if not under_way:
                return tried
            done, _ = wait(under_way, timeout=_LOOK, return_when=FIRST_COMPLETED)
            moment = now + timedelta(seconds=time.monotonic() - began)
            for each in done:
                _note(outbox, under_way.pop(each).row, each.result(), moment)


def _take(outbox: Outbox, under_way: Sequence[_Sent], now: datetime, *, troubled: bool) -> list[_Sent]:
    """What may be begun beside what is under way, of ``troubled`` destinations only if these may begin at all."""
    taken: list[_Sent] = []
    if len(under_way) >= AT_ONCE:
        return taken
    places = _Places(each.destination for each in under_way)
    for destination in outbox.destinations(now):
        most = places.left(destination) if troubled or not destination.troubled else 0
        if most > 0:
            rows = outbox.take(destination.id, most, now)
            places.fill(destination, len(rows))
            taken += [_Sent(destination, row) for row in rows]
    return taken


class _Places:
    """Who has how many of the places."""

    def __init__(self, taken: Iterable[Destination]) -> None:
        self._all = self._others = 0
        self._of: Counter[int] = Counter()
        self._tenants: Counter[int] = Counter()
        self._troubled: Counter[int] = Counter()
        for each in taken:
            self.fill(each, 1)

    def left(self, destination: Destination) -> int:
        """How many more a destination may have."""
        left = min(
            PER_DESTINATION - self._of[destination.id],
            PER_TENANT - self._tenants[destination.tenant],
            AT_ONCE - self._all,
        )
        if not destination.quick:
            left = min(left, AT_ONCE - FOR_QUICK - self._others)
        return min(left, 1 - self._troubled[destination.tenant]) if destination.troubled else left

    def fill(self, destination: Destination, count: int) -> None:
        """So many are taken."""
        self._all += count
        self._of[destination.id] += count
        self._tenants[destination.tenant] += count
        if not destination.quick:
            self._others += count
        if destination.troubled:
            self._troubled[destination.tenant] += count


def _note(outbox: Outbox, row: Mapping[str, Any], outcome: Outcome, now: datetime) -> None:
    """Write down what came of one; that the database is away for a moment does not lose what came of the others."""
    for patience in (True, False):
        try:
            outbox.note(row, outcome, now)
        except DatabaseError as error:
            _log.warning("outcome_not_noted", error=str(error), again=patience)
            close_old_connections()
        else:
            return


def _attempt(outbox: Outbox, row: Mapping[str, Any], now: datetime) -> Outcome:
    began = time.monotonic()
    try:
        outcome = outbox.attempt(row, now)
    except Exception as error:  # noqa: BLE001 -- a fault in one message must not end the others
        outcome = Outcome(None, f"{type(error).__name__}: {error}"[:200])
    return replace(outcome, quick=time.monotonic() - began <= QUICK)

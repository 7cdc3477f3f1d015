"""Working off what waits to be sent: many at once, a few per destination and tenant, nobody held up by anybody else."""

from __future__ import annotations

import time
from collections import Counter
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Protocol

import structlog
from django.db import DatabaseError, close_old_connections

from abono.base.outgoing.calls import Outcome

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

_log = structlog.get_logger(__name__)
AT_ONCE = 20
PER_TENANT = 10
PER_DESTINATION = 5
_LONGEST = 15.0  # float: seconds after which nothing new is begun: whoever stops a worker waits for what is under way
_LOOK = 0.5  # float: seconds after which it is looked again what became due meanwhile


@dataclass(frozen=True)
class Destination:
    """Where something is sent: of a tenant, and whether it failed the last time."""

    id: int
    tenant: int
    failing: bool


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
                for sent in _take(outbox, list(under_way.values()), moment):
                    under_way[pool.submit(_attempt, outbox, sent.row, moment)] = sent
                    tried += 1
            if not under_way:
                return tried
            done, _ = wait(under_way, timeout=_LOOK, return_when=FIRST_COMPLETED)
            moment = now + timedelta(seconds=time.monotonic() - began)
            for each in done:
                _note(outbox, under_way.pop(each).row, each.result(), moment)


def _take(outbox: Outbox, under_way: Sequence[_Sent], now: datetime) -> list[_Sent]:
    """What may be begun beside what is under way: a destination that failed is tried with one message only."""
    taken: list[_Sent] = []
    if len(under_way) >= AT_ONCE:
        return taken
    busy = Counter(each.destination.id for each in under_way)
    tenants = Counter(each.destination.tenant for each in under_way)
    for destination in outbox.destinations(now):
        most = min(
            (1 if destination.failing else PER_DESTINATION) - busy[destination.id],
            PER_TENANT - tenants[destination.tenant],
            AT_ONCE - len(under_way) - len(taken),
        )
        if most <= 0:
            continue
        rows = outbox.take(destination.id, most, now)
        tenants[destination.tenant] += len(rows)
        taken += [_Sent(destination, row) for row in rows]
    return taken


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
    try:
        return outbox.attempt(row, now)
    except Exception as error:  # noqa: BLE001 -- a fault in one message must not end the others
        return Outcome(None, f"{type(error).__name__}: {error}"[:200])

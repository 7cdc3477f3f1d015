"""Telling: a signed POST, repeated with growing pauses for a day."""

from __future__ import annotations

import json
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from itertools import count
from operator import itemgetter
from typing import TYPE_CHECKING, Any

import structlog
from django.db import transaction
from standardwebhooks.webhooks import Webhook

from abono.base.outgoing.calls import Outcome, post
from abono.base.outgoing.circuits import PAUSES, jitter, pause
from abono.base.outgoing.dispatch import Destination, dispatch
from abono.base.sql import statements
from abono.features.webhooks.makers import switch_off_foreign
from abono.features.webhooks.queries import number_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_sql = statements("abono.features.webhooks", "webhooks")
_log = structlog.get_logger(__name__)

_HOLD = timedelta(minutes=2)
_GIVEN_UP_AFTER = timedelta(days=3)
_SLOW = timedelta(minutes=10)
"""So long after a slow answer an endpoint counts as slow."""
_TRIES = len(PAUSES) + 1


def deliver(now: datetime) -> int:
    """Tell what is due by ``now`` and what falls due meanwhile, for less than a minute; answers how many were tried."""
    return dispatch(Deliveries(), now)


def give_up_old(now: datetime) -> int:
    """Give up what an endpoint that has failed for three days could not be told for as long; answers how many.

    And what ended each process that tried to tell it.
    """
    deadly = _sql.run("give_up_deadly", tries=_TRIES, now=now)
    if deadly:
        _log.error("deadly_deliveries_given_up", deliveries=deadly)
    return deadly + _sql.run("give_up_old", before=now - _GIVEN_UP_AFTER)


class Deliveries:
    """The outbox of webhooks (abono.base.outgoing.dispatch.Outbox): an endpoint that fails waits as a whole."""

    def destinations(self, now: datetime) -> Sequence[Destination]:
        found = [Destination(**row) for row in _sql.rows("destinations", now=now, tries=_TRIES)]
        turns: dict[int, count[int]] = defaultdict(count)
        return [each for _, each in sorted(((next(turns[each.tenant]), each) for each in found), key=itemgetter(0))]

    def take(self, destination: int, most: int, now: datetime) -> Sequence[Mapping[str, Any]]:
        with transaction.atomic():
            switch_off_foreign(endpoint=destination, now=now)
        rows = _sql.rows("take", endpoint=destination, now=now, until=now + _HOLD, most=most, tries=_TRIES)
        return [{**row, "began": now} for row in rows]

    def attempt(self, row: Mapping[str, Any], now: datetime) -> Outcome:
        if row["disabled"]:
            return Outcome(None, "the endpoint was switched off")
        told = {"type": row["type"], "timestamp": row["at"].astimezone(UTC).isoformat(), "data": _data(row)}
        body = json.dumps(told)
        return post(row["url"], body.encode(), _signed(row, body, now))

    def note(self, row: Mapping[str, Any], outcome: Outcome, now: datetime) -> None:
        where = {"account": row["account_id"], "delivery": row["id"], "now": now, "status": outcome.status}
        slow_until = None if outcome.quick else now + _SLOW
        if not outcome.error:
            _sql.run("heard", **where)
            _sql.run("answers", endpoint=row["endpoint_id"], now=now, slow_until=slow_until)
            return
        factor, again = jitter(), None
        if row["attempts"] < _TRIES and not row["disabled"]:
            again = now + pause(row["attempts"], factor)
        _sql.run("not_heard", error=outcome.error, again_at=again, **where)
        if not row["disabled"]:
            pauses = [each * factor for each in PAUSES]
            _sql.run(
                "fails",
                endpoint=row["endpoint_id"],
                now=now,
                began=row["began"],
                pauses=pauses,
                slow_until=slow_until,
            )
        _log.info("webhook_not_heard", delivery=str(row["id"]), error=outcome.error, again_at=again)


def _data(row: Mapping[str, Any]) -> Any:
    return json.loads(row["payload"]) if isinstance(row["payload"], str) else row["payload"]


def _signed(row: Mapping[str, Any], body: str, now: datetime) -> dict[str, str]:
    """The headers of Standard Webhooks. The number is the event's: it stays when the event is told again."""
    number = number_of(row["event_id"])
    made = [Webhook(secret).sign(number, now, body) for secret in (row["secret"], row["old_secret"]) if secret]
    return {
        "content-type": "application/json",
        "user-agent": "Abono",
        "webhook-id": number,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": " ".join(made),
    }

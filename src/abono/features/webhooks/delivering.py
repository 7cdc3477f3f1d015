"""Telling: a signed POST, repeated with growing pauses for a day."""

from __future__ import annotations

import json
import random
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit, urlunsplit

import httpx
import structlog
from standardwebhooks.webhooks import Webhook

from abono.base.refusal import Refusal
from abono.base.sql import statements
from abono.features.webhooks.addresses import require_public
from abono.features.webhooks.queries import number_of

if TYPE_CHECKING:
    from collections.abc import Mapping

_sql = statements("abono.features.webhooks", "webhooks")
_log = structlog.get_logger(__name__)

_AT_A_TIME = 20
_HOLD = timedelta(minutes=2)
_TIMEOUT = httpx.Timeout(15, connect=5)
_PAUSES = (5, 30, 120, 600, 1800, 3600, 7200, 14400, 28800, 28800)
"""Seconds after each failure; with the first attempt it is about a day until it is given up."""
_JITTER = 0.2  # float: the pauses of many endpoints drift apart
_MOST_ERROR = 200


@dataclass(frozen=True)
class _Outcome:
    """What came of one attempt: the HTTP status, if there was one, and what was wrong, if anything was."""

    status: int | None
    error: str = ""


def deliver(now: datetime) -> int:
    """Tell what is due by ``now``, at most a handful; answers how many were tried.

    Nothing is written while a stranger's server is waited for.
    """
    taken = _sql.rows("take", now=now, until=now + _HOLD, most=_AT_A_TIME)
    if not taken:
        return 0
    with ThreadPoolExecutor(max_workers=len(taken)) as pool:
        outcomes = list(pool.map(lambda row: _attempt(row, now), taken))
    for row, outcome in zip(taken, outcomes, strict=True):
        _note(row, outcome, now)
    return len(taken)


def _attempt(row: Mapping[str, Any], now: datetime) -> _Outcome:
    if row["disabled"]:
        return _Outcome(None, "the endpoint was switched off")
    body = json.dumps({"type": row["type"], "timestamp": row["at"].astimezone(UTC).isoformat(), "data": _data(row)})
    try:
        response = _post(row["url"], body, _signed(row, body, now))
    except Refusal as refusal:
        return _Outcome(None, refusal.message)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        return _Outcome(None, f"{type(error).__name__}: {error}")
    return _Outcome(response.status_code, "" if response.is_success else f"answered {response.status_code}")


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


def _post(url: str, body: str, headers: dict[str, str]) -> httpx.Response:
    """POST to the very address that was judged; redirects are not followed, they could lead anywhere."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    address = require_public(host)
    place = f"[{address}]" if ":" in address else address
    port = f":{parts.port}" if parts.port else ""
    direct = urlunsplit((parts.scheme, place + port, parts.path or "/", parts.query, ""))
    with httpx.Client(timeout=_TIMEOUT, trust_env=False, follow_redirects=False) as client:
        return client.post(
            direct, content=body, headers={**headers, "host": host + port}, extensions={"sni_hostname": host}
        )


def _note(row: Mapping[str, Any], outcome: _Outcome, now: datetime) -> None:
    where = {"account": row["account_id"], "delivery": row["id"], "now": now, "status": outcome.status}
    if not outcome.error:
        _sql.run("heard", **where)
        return
    again = None
    if row["attempts"] < len(_PAUSES) and not row["disabled"]:
        pause = _PAUSES[row["attempts"]] * (1 + random.uniform(-_JITTER, _JITTER))  # noqa: S311 -- no secret
        again = now + timedelta(seconds=pause)
    _sql.run("not_heard", error=outcome.error[:_MOST_ERROR], again_at=again, **where)
    _log.info("webhook_not_heard", delivery=str(row["id"]), error=outcome.error, again_at=again)

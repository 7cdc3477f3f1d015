"""Forecasts that are made in the background and kept: a page can be left and found again.

What is kept is a summary: amounts by day, and those who will not be able to pay, the first ``MOST`` of them.
"""

from __future__ import annotations

import json
from collections import defaultdict
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import structlog
from django.db import transaction

from abono.base.refusal import InvalidRequest, Refusal
from abono.base.sql import statements
from abono.base.trail import record
from abono.features.access.people import NotFound
from abono.features.billing.forecast import Forecast, OutOfTime, account_numbers, forecast
from abono.features.operators.queries import operator_by_id, topmost_below_provider

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from abono.features.access.people import Person

_sql = statements("abono.features.billing", "forecasts")
_log = structlog.get_logger(__name__)
MOST_DAYS = 366
MOST = 1_000
_MOST_ATTEMPTS = 3
_MOST_SECONDS = 120
TOO_LONG, ENDED, FAILED = "too_long", "worker_ended", "failed"
"""Why a forecast failed: it took more than two minutes, its process ended each time, or the log says what else."""
_KEPT = 20
"""So many of an operator's are kept, and so many are shown."""
_MOST_WAITING = 3


class ForecastRunning(Refusal):
    """Another forecast is being made for the same operator."""

    code = "forecast_running"


class TooManyForecasts(Refusal):
    """As many forecasts of the operator wait to be made as may."""

    code = "too_many_forecasts"


@dataclass(frozen=True)
class Kept:
    """A forecast of an operator's accounts: asked for, or finished.

    ``error``: empty, TOO_LONG, ENDED or FAILED. ``summary``: ``days`` [{day, amount, charges}], ``short`` [{account_id,
    number, day, missing}], ``amount``, ``charges``, ``stops``, ``returns``; amounts in minor units.
    """

    id: int
    operator_id: int
    days: int
    asked_at: datetime
    asked_by: str
    finished_at: datetime | None
    error: str
    summary: dict[str, Any] | None


def ask(person: Person, operator: int, days: int, *, now: datetime) -> int:
    """Have a forecast made by the worker; answers its id. The oldest of the operator's go, beyond so many.

    Raises Forbidden, NotFound, InvalidRequest, TooManyForecasts.
    """
    person.require("forecast.view")
    person.require_operator(operator)
    if not 1 <= days <= MOST_DAYS:
        message = f"Look 1 to {MOST_DAYS} days ahead."
        raise InvalidRequest(message, field="days", code="out_of_range")
    with transaction.atomic():
        _sql.run("queue_up", operator=operator)
        if _sql.row("how_many_wait", operator=operator)["waiting"] >= _MOST_WAITING:
            message = f"{_MOST_WAITING} forecasts of the operator wait to be made already; look at them first."
            raise TooManyForecasts(message)
        tenant = topmost_below_provider(operator)
        asked = _sql.row("ask", operator=operator, tenant=tenant, days=days, now=now, asked_by=person.name)
        made = int(asked["id"])
        _sql.run("forget_old", operator=operator, kept=_KEPT)
        record("forecast.ask", str(made), operator=operator, at=now, after={"days": days})
        transaction.on_commit(_wake)
    return made


def _wake() -> None:
    from procrastinate.exceptions import AlreadyEnqueued

    from abono.features.billing.tasks import make_forecasts

    with suppress(AlreadyEnqueued):
        make_forecasts.defer()


@contextmanager
def one_at_a_time(person: Person) -> Iterator[None]:
    """Inside, no other forecast is made for the person's operator while somebody waits. Raises ForecastRunning."""
    with transaction.atomic():
        if not _sql.row("lock_forecasts", operator=person.operator)["held"]:
            message = "Another forecast is being made for the same operator; ask again when it is finished."
            raise ForecastRunning(message)
        yield


def kept_forecasts(person: Person) -> list[Kept]:
    """The latest forecasts of the person's operators, the newest first. Raises Forbidden."""
    person.require("forecast.view")
    return [_kept(row) for row in _sql.rows("latest", operators=list(person.operators), most=_KEPT)]


def find_forecast(person: Person, forecast_id: int) -> Kept:
    """A forecast of the person's operators. Raises Forbidden, NotFound."""
    person.require("forecast.view")
    found = _sql.rows("find", id=forecast_id, operators=list(person.operators))
    if not found:
        message = "There is no such forecast; ask for a new one."
        raise NotFound(message)
    return _kept(found[0])


def make_waiting(now: datetime) -> int:
    """Make every forecast that was asked for; answers how many. Whoever dies lets go of the one in hand."""
    made = 0
    while _make_one(now):
        made += 1
    return made


def _make_one(now: datetime) -> bool:
    """Take the oldest that waits and that nobody else has in hand. An attempt counts also if its process ends in it."""
    for row in _sql.rows("waiting"):
        if not _sql.row("hold_forecasts", operator=row["operator_id"])["held"]:
            continue
        try:
            if row["attempts"] >= _MOST_ATTEMPTS:
                _sql.run("fail", id=row["id"], error=ENDED, now=now)
                _log.error("forecast_given_up", forecast=row["id"], attempts=row["attempts"])
            elif _sql.run("begin_forecast", id=row["id"]):
                with transaction.atomic():
                    _make(row["id"], row["operator_id"], row["days"], now)
        finally:
            _sql.row("release_forecasts", operator=row["operator_id"])
        return True
    return False


def _make(forecast_id: int, operator_id: int, days: int, now: datetime) -> None:
    operator = operator_by_id(operator_id)
    try:
        with transaction.atomic():
            found = forecast(operator, now, days, seconds=_MOST_SECONDS)
    except OutOfTime:
        _sql.run("fail", id=forecast_id, error=TOO_LONG, now=now)
        return
    except Exception:  # noqa: BLE001 -- told on the page; the log has the rest
        _log.exception("forecast_failed", forecast=forecast_id)
        _sql.run("fail", id=forecast_id, error=FAILED, now=now)
        return
    _sql.run("finish_forecast", id=forecast_id, summary=json.dumps(_summary(found), default=str), now=now)


def _summary(found: Forecast) -> dict[str, Any]:
    days: dict[Any, list[int]] = defaultdict(lambda: [0, 0])
    for row in found.charges:
        days[row["booked_on"]][0] += row["amount"]
        days[row["booked_on"]][1] += 1
    stops = [row for row in found.outcomes if row["cause"] == "shortfall"]
    numbers = account_numbers(sorted({row["account_id"] for row in stops[:MOST]}))
    return {
        "amount": found.charged,
        "charges": len(found.charges),
        "stops": len(stops),
        "returns": sum(row["cause"] == "returned" for row in found.outcomes),
        "days": [{"day": day, "amount": amount, "charges": count} for day, (amount, count) in sorted(days.items())],
        "short": [
            {
                "account_id": row["account_id"],
                "number": numbers.get(row["account_id"], ""),
                "day": row["day"],
                "missing": row["missing"],
            }
            for row in stops[:MOST]
        ],
    }


def _kept(row: dict[str, Any]) -> Kept:
    summary = row["summary"]
    return Kept(**{**row, "summary": json.loads(summary) if isinstance(summary, str) else summary})

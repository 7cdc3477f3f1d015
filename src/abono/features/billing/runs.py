"""Runs: all due work, cut into slices that any number of workers on any machine take and do, each in one transaction.

A run is a row with totals. Whoever dies lets go of its slice, whoever comes later joins the run that is open.
"""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import structlog
from django.db import OperationalError, connection, transaction

from abono.base.sql import statements
from abono.base.trail import record
from abono.features.billing.announcing import announce, announce_run
from abono.features.billing.engine import Scope, Totals, catch_up
from abono.features.billing.look_ahead import look
from abono.features.operators.queries import operator_by_id, subtree, topmost_below_provider
from abono.features.webhooks.queries import ears_of
from abono.kernel.fields import plausible

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from abono.features.access.people import Person

_sql = statements("abono.features.billing", "runs")
_log = structlog.get_logger(__name__)

SLICE = 2_000
_MOST_ATTEMPTS = 3
_HELD = "55P03"
_PATIENCE, _IMPATIENT = "5s", "200ms"
_PAUSE = 0.05  # float: seconds of waiting


@dataclass
class Report:
    """What a call of ``advance`` did, over all the runs it made or joined; ``amount`` in minor units."""

    runs: list[int] = field(default_factory=list)
    totals: Totals = field(default_factory=Counter)
    failures: list[dict[str, Any]] = field(default_factory=list)


@dataclass(frozen=True)
class Progress:
    """How far a run is, in accounts."""

    done: int
    accounts: int
    failed: int


def advance(
    until: datetime,
    *,
    operator: int | None = None,
    workers: int = 2,
    size: int = SLICE,
    tell: Callable[[Progress], None] = lambda _progress: None,
) -> Report:
    """Do all work that is due by an instant, of one operator or of all; repeat it as often as you like.

    A run that somebody left open is finished first. What failed is in the report and stays due.
    Raises InvalidValue (out_of_range) for a day beyond `fields.LAST_DAY`: a run of it could never be finished, and all
    later ones would wait for it.
    """
    plausible(until.date(), "to")
    report = Report()
    while (run := _join_or_open(until, operator, size)) is not None:
        _work_together(run, workers, tell)
        report.runs.append(run)
        report.totals.update(_finish(run))
        failed = _sql.rows("failures", run=run)
        if failed:
            report.failures.extend(failed)
            break
    return report


def advance_below(until: datetime, operator: int) -> Report:
    """Do all work that is due by an instant, of an operator and all below it; of others only what was begun already."""
    report = Report()
    below = subtree(operator)
    # Where nobody else is, one run does it all; otherwise each operator has a run of its own.
    everybody = not _sql.row("stands_beside", operators=below)["beside"]
    due = [row["operator_id"] for row in _sql.rows("due_among", operators=below, until=until)]
    for each in [None] if everybody else due:
        done = advance(until, operator=each)
        report.runs += done.runs
        report.totals.update(done.totals)
        report.failures += done.failures
    return report


def request_run(person: Person, *, now: datetime) -> None:
    """Have the worker do all work of the person's tenant that is due, now and not at the next minute.

    However many ask, one such run of a tenant waits; it does what would be done at the next minute. What failed is
    tried again by it. Raises Forbidden.
    """
    person.require("run.start")
    with transaction.atomic():
        record("run.start", "", operator=person.operator, at=now)
        tenant = topmost_below_provider(person.operator)
        transaction.on_commit(lambda: _wake(tenant))


def _wake(operator: int) -> None:
    from procrastinate.exceptions import AlreadyEnqueued

    from abono.features.billing.tasks import advance_asked

    with suppress(AlreadyEnqueued):
        advance_asked.configure(queueing_lock=f"billing.advance.{operator}").defer(operator=operator)


def advance_instant_by_instant(until: datetime, *, operator: int | None = None, workers: int = 1) -> Report:
    """Let time pass: every instant at which something is due has a run of its own, none is late."""
    report = Report()
    while (instant := _sql.row("first_due", until=until, operator=operator)["instant"]) is not None:
        each = advance(instant, operator=operator, workers=workers)
        report.runs += each.runs
        report.totals.update(each.totals)
        report.failures += each.failures
        if each.failures:
            break
    return report


def _join_or_open(until: datetime, operator: int | None, size: int) -> int | None:
    """The run that is open, or a new one if something is due; nothing if all is done."""
    with transaction.atomic():
        _sql.run("one_at_a_time")
        opened = _sql.rows("open_run")
        if opened:
            return int(opened[0]["id"])
        if not _sql.row("is_due", until=until, operator=operator)["due"]:
            return None
        run = int(_sql.row("start", until=until, operator=operator)["id"])
        _sql.run("cut_slices", run=run, until=until, operator=operator, size=size)
        return run


def _work_together(run: int, workers: int, tell: Callable[[Progress], None]) -> None:
    """Work off the slices of a run with so many connections, and wait for those that others hold."""
    errors: list[BaseException] = []
    threads = [threading.Thread(target=_worker, args=(run, errors), daemon=True) for _ in range(workers)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        tell(_progress(run))
        threads[0].join(_PAUSE * 4)
        for thread in threads:
            thread.join(_PAUSE)
    tell(_progress(run))
    if errors:
        raise errors[0]


def _progress(run: int) -> Progress:
    row = _sql.row("progress", run=run)
    return Progress(int(row["accounts_done"]), int(row["accounts"]), int(row["failed"]))


def _worker(run: int, errors: list[BaseException]) -> None:
    """Take slices until none is open any more."""
    try:
        until = _until(run)
        while _sql.row("progress", run=run)["open"]:
            if not _do_slice(run, until):
                time.sleep(_PAUSE)
    except BaseException as error:  # noqa: BLE001 -- handed to the thread that waits
        errors.append(error)
    finally:
        connection.close()


def _until(run: int) -> datetime:
    until: datetime = _sql.row("until", run=run)["until"]
    return until


def hurry(*, troubled: bool = False) -> None:
    """From now on this transaction waits for nobody's lock for long, and where a tenant was waited for, hardly."""
    _sql.row("hurry", patience=_IMPATIENT if troubled else _PATIENCE)


def _do_slice(run: int, until: datetime) -> bool:
    """Take one slice and do it; answers whether there was one to take."""
    taken: dict[str, Any] | None = None
    try:
        with transaction.atomic():
            found = _sql.rows("lock_slice", run=run)
            if not found:
                return False
            taken = found[0]
            hurry(troubled=taken["troubled"])
            scope = Scope(operator_by_id(taken["operator_id"]), taken["first"], taken["last"])
            ears = ears_of(taken["operator_id"])
            totals = catch_up(scope, until, look=look)
            announce(scope, ears, until)
            _sql.run("done", slice=taken["id"], totals=json.dumps(totals))
    except Exception as error:
        if taken is None:
            raise
        _give_up(taken, error)
    return True


def _give_up(taken: dict[str, Any], error: Exception) -> None:
    """Note why a slice failed. A larger one is cut in two, so that the others in it are not stopped by one account.

    One of which somebody holds an account for long is left to the next run, whole: no run stays open for it.
    """
    sentence = str(error).splitlines()[0] if str(error) else type(error).__name__
    _log.warning("slice_failed", slice=taken["id"], first=taken["first"], last=taken["last"], error=sentence)
    with transaction.atomic():
        again = taken["attempts"] + 1 < _MOST_ATTEMPTS
        single = taken["first"] == taken["last"]
        passing = isinstance(error, OperationalError)  # a deadlock, a lost connection: the same slice once more
        held = getattr(error.__cause__, "sqlstate", "") == _HELD
        state = "open" if again and (single or passing) else "failed" if single or held else "split"
        if _sql.run("fail_slice", slice=taken["id"], error=sentence, state=state) and state == "split":
            _sql.run("split", slice=taken["id"])


def _finish(run: int) -> Totals:
    totals: Totals = Counter({row["name"]: int(row["total"]) for row in _sql.rows("totals", run=run)})
    with transaction.atomic():
        if _sql.run("finish_run", run=run, totals=json.dumps(totals)):
            announce_run(run, _until(run))
    return totals

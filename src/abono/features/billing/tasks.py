"""What runs by itself, and when."""

from __future__ import annotations

from datetime import UTC, datetime

import structlog
from procrastinate.contrib.django import app

from abono.base.clock import ClockLeapt, judge_clock
from abono.base.tasks import FIRST, FORECASTS, never_given_up
from abono.features.billing import figures
from abono.features.billing.forecasts import make_waiting
from abono.features.billing.parents import carry, carry_out_due_moves
from abono.features.billing.reserving import expire
from abono.features.billing.runs import Report, advance, advance_below

_log = structlog.get_logger(__name__)


@app.periodic(cron="* * * * *")
@never_given_up
@app.task(name="billing.advance", queueing_lock="billing.advance", priority=FIRST)
def advance_all(timestamp: int = 0) -> None:  # noqa: ARG001 -- the minute it was planned for; the work is for now
    """All work that is due by now. A minute that was missed is made up by the next one."""
    now = datetime.now(UTC)
    if _clock_is_right(now):
        _log_report(advance(now))


@never_given_up
@app.task(name="billing.advance_asked", lock="billing.advance_asked")
def advance_asked(operator: int) -> None:
    """All work that is due by now of an operator and those below it, because somebody of it asked; one at a time.

    The minute's own work goes before, and has a place of its own beside it.
    """
    now = datetime.now(UTC)
    if _clock_is_right(now):
        _log_report(advance_below(now, operator))


def _clock_is_right(now: datetime) -> bool:
    try:
        judge_clock(now)
    except ClockLeapt as refusal:
        _log.error(refusal.code, sentence=refusal.message)
        return False
    return True


def _log_report(report: Report) -> None:
    if report.runs:
        _log.info("advanced", runs=report.runs, **report.totals)
    for failure in report.failures:
        _log.error("slice_failed", **failure)


@app.periodic(cron="* * * * *")
@never_given_up
@app.task(name="billing.parents", queueing_lock="billing.parents", priority=FIRST)
def follow_tree(timestamp: int) -> None:  # noqa: ARG001 -- as above
    """Moves in the tree of operators that are due by now, and blocks that are still to be carried to subscriptions."""
    now = datetime.now(UTC)
    if not _clock_is_right(now):
        return
    moved = carry_out_due_moves(now)
    carried = carry(now)
    if moved or carried:
        _log.info("followed_tree", moved=moved, **carried)


@app.periodic(cron="* * * * *")
@never_given_up
@app.task(name="billing.reservations", queueing_lock="billing.reservations", priority=FIRST)
def expire_reservations(timestamp: int) -> None:  # noqa: ARG001 -- as above
    """Free what was reserved and not committed in time."""
    expire(datetime.now(UTC))


@app.periodic(cron="* * * * *")
@app.task(name="billing.forecasts", queueing_lock="billing.forecasts", lock="billing.forecasts", queue=FORECASTS)
def make_forecasts(timestamp: int = 0) -> None:  # noqa: ARG001
    """Make the forecasts that were asked for."""
    make_waiting(datetime.now(UTC))


@app.periodic(cron="*/10 * * * *")
@app.task(name="billing.figures", queueing_lock="billing.figures")
def count_figures(timestamp: int) -> None:  # noqa: ARG001 -- as above
    """The figures of the first page, of all operators; a page reads what was counted last."""
    figures.refresh(now=datetime.now(UTC))

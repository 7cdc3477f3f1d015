"""What runs by itself, and when."""

from __future__ import annotations

from datetime import UTC, datetime

import structlog
from procrastinate.contrib.django import app

from abono.features.billing.runs import advance

_log = structlog.get_logger(__name__)


@app.periodic(cron="* * * * *")
@app.task(name="billing.advance", queueing_lock="billing.advance")
def advance_all(timestamp: int) -> None:  # noqa: ARG001 -- the minute it was planned for; the work is for now
    """All work that is due by now. A minute that was missed is made up by the next one."""
    report = advance(datetime.now(UTC))
    if report.runs:
        _log.info("advanced", runs=report.runs, **report.totals)
    for failure in report.failures:
        _log.error("slice_failed", **failure)

"""What runs by itself, and when."""

from __future__ import annotations

from datetime import UTC, datetime

import structlog
from procrastinate.contrib.django import app

from abono.features.usage.keeping import keep_months

_log = structlog.get_logger(__name__)


@app.periodic(cron="17 3 * * *")
@app.task(name="usage.months", queueing_lock="usage.months")
def keep_usage_months(timestamp: int) -> None:  # noqa: ARG001 -- the minute it was planned for; the work is for now
    """Partitions for the coming months; old months are dropped where the house says so."""
    dropped = keep_months(datetime.now(UTC))
    if dropped:
        _log.info("dropped_usage", months=[month.isoformat()[:7] for month in dropped])

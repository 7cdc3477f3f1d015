"""What runs by itself for the API."""

from __future__ import annotations

from datetime import UTC, datetime

from procrastinate.contrib.django import app

from abono.interfaces.api.once import forget


@app.periodic(cron="17 3 * * *")
@app.task(name="api.forget", queueing_lock="api.forget")
def forget_answers(timestamp: int) -> None:
    """Answers of repeatable calls are kept for two days."""
    forget(datetime.now(UTC))

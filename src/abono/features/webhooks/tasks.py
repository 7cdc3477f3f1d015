"""What runs by itself, and when."""

from __future__ import annotations

from datetime import UTC, datetime

from procrastinate.contrib.django import app


@app.periodic(cron="* * * * *")
@app.task(name="webhooks.deliver", queueing_lock="webhooks.deliver")
def deliver_due(timestamp: int = 0) -> None:  # noqa: ARG001 -- the minute it was planned for; the work is for now
    """Tell everything that is due by now. What speaks HTTP is loaded here: no other command should wait for it."""
    from abono.features.webhooks.delivering import deliver

    while deliver(datetime.now(UTC)):
        pass

"""What runs by itself, and when."""

from __future__ import annotations

from datetime import UTC, datetime

from django.db import transaction
from procrastinate.contrib.django import app

from abono.base.tasks import FIRST, OUTGOING


@app.periodic(cron="* * * * *")
@app.task(
    name="webhooks.deliver", queueing_lock="webhooks.deliver", lock="webhooks.deliver", queue=OUTGOING, priority=FIRST
)
def deliver_due(timestamp: int = 0) -> None:  # noqa: ARG001 -- the minute it was planned for; the work is for now
    """Tell everything that is due by now, one such job at a time: others wait without taking a mail's place.

    What speaks HTTP is loaded here: no other command should wait for it.
    """
    from abono.features.webhooks.delivering import deliver

    deliver(datetime.now(UTC))


@app.periodic(cron="* * * * *")
@app.task(name="webhooks.judge", queueing_lock="webhooks.judge")
def judge_makers(timestamp: int) -> None:  # noqa: ARG001 -- as above
    """Switch off what is told nothing any more, because whoever answers for it lost the right or the key."""
    from abono.features.webhooks.makers import switch_off_foreign

    with transaction.atomic():
        switch_off_foreign(now=datetime.now(UTC))


@app.periodic(cron="41 * * * *")
@app.task(name="webhooks.give_up", queueing_lock="webhooks.give_up")
def give_up_undelivered(timestamp: int) -> None:  # noqa: ARG001 -- as above
    """Give up what endpoints that fail could not be told for days."""
    from abono.features.webhooks.delivering import give_up_old

    give_up_old(datetime.now(UTC))

"""What runs by itself, and when."""

from __future__ import annotations

from datetime import UTC, datetime

from procrastinate.contrib.django import app

from abono.base.tasks import OUTGOING
from abono.features.operators.domains import prove_domains


@app.periodic(cron="*/5 * * * *")
@app.task(
    name="operators.prove_domains",
    queueing_lock="operators.prove_domains",
    lock="operators.prove_domains",
    queue=OUTGOING,
)
def prove_named_domains(timestamp: int = 0) -> None:  # noqa: ARG001 -- the minute it was planned for
    """Look for the records by which domains are proved."""
    prove_domains(datetime.now(UTC))

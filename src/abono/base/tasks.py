"""What a worker does for every feature."""

from __future__ import annotations

from procrastinate import RetryStrategy
from procrastinate.contrib.django import app

from abono.base.mail import deliver

PATIENT = RetryStrategy(max_attempts=9, exponential_wait=4)
"""From seconds to days: a mail server may be away for a weekend."""


@app.task(name="base.send_mail", retry=PATIENT)
def send_mail(to: str, subject: str, text: str) -> None:
    """Send what was written already. Secrets have no place here: a job is kept until it is done."""
    deliver(to, subject, text)

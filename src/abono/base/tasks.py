"""What a worker does for every feature."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeVar

import structlog
from procrastinate import RetryStrategy
from procrastinate.contrib.django import app
from procrastinate.exceptions import UniqueViolation
from procrastinate.jobs import Status

from abono.base.mail import deliver

if TYPE_CHECKING:
    from procrastinate import JobContext
    from procrastinate.jobs import Job
    from procrastinate.manager import JobManager
    from procrastinate.tasks import Task

    _Task = TypeVar("_Task", bound=Task[Any, Any, Any])

ENGINE = "default"
"""The queue of everything that waits for nobody outside."""
OUTGOING = "outgoing"
"""The queue of what talks to other people's servers, worked off by processes of its own."""
FORECASTS = "forecasts"
"""The queue of what may take minutes and is in nobody's way."""
FIRST = 10
"""The priority of what is to be begun before all else of its queue."""
SOON = 5
"""The priority of mails that somebody waits for; what has none of its own has 0, and what may wait has less."""
PATIENT = RetryStrategy(max_attempts=9, exponential_wait=4)
"""From seconds to days: a mail server may be away for a weekend."""
_STALLED = 60
MOST_ATTEMPTS = 9
_MOST_OF_PERIODIC = 15
"""More than a forecast or a delivery takes to be given up itself."""
_AGAIN = timedelta(hours=1)
_never_given_up: set[str] = set()
_log = structlog.get_logger(__name__)


def never_given_up(task: _Task) -> _Task:
    """Mark a task that moves money: its jobs are tried until they are done, whatever became of their workers."""
    _never_given_up.add(task.name)
    return task


@app.task(name="base.send_mail", retry=PATIENT, queue=OUTGOING, priority=SOON)
def send_mail(to: str, subject: str, text: str) -> None:
    """Send what was written already. Secrets have no place here: a job is kept until it is done."""
    deliver(to, subject, text)


@app.periodic(cron="* * * * *")
@app.task(name="base.restart_stalled", queueing_lock="base.restart_stalled", pass_context=True, priority=FIRST)
async def restart_stalled(context: JobContext, timestamp: int) -> None:  # noqa: ARG001 -- the minute it was planned for
    """Do again what a worker had in hand when it died; what was in hand that often is given up and told in the log.

    What is periodic would come again at its time: it is held back instead, and tried once an hour. Money is tried for
    ever: at last once an hour, beside what comes each minute.
    """
    jobs = context.app.job_manager
    for job in await jobs.get_stalled_jobs(seconds_since_heartbeat=_STALLED):
        told = {"job": job.id, "task": job.task_name, "attempts": job.attempts}
        money, periodic = job.task_name in _never_given_up, job.queueing_lock is not None
        again = None
        if job.attempts + 1 >= (MOST_ATTEMPTS if money or not periodic else _MOST_OF_PERIODIC):
            if not money and not periodic:
                _log.error("stalled_job_given_up", **told)
                await jobs.finish_job(job, status=Status.FAILED, delete_job=False)
                continue
            _log.error("stalled_job_ends_its_worker", **told)
            again = datetime.now(UTC) + _AGAIN
        if not money and await _is_counted_by_another(jobs, job):
            await jobs.finish_job(job, status=Status.FAILED, delete_job=True)
            continue
        try:
            await jobs.retry_job(job, retry_at=again)
        except UniqueViolation:  # the next of its kind waits already
            await jobs.finish_job(job, status=Status.FAILED, delete_job=True)
        _log.warning("stalled_job_restarted", **told)


async def _is_counted_by_another(jobs: JobManager, job: Job) -> bool:
    """Whether one of its kind that waits has ended more workers; one that has ended less makes place."""
    if job.queueing_lock is None:
        return False
    for other in await jobs.list_jobs_async(queueing_lock=job.queueing_lock, status=Status.TODO.value):
        if other.attempts > job.attempts:
            return True
        if other.id is not None:
            await jobs.cancel_job_by_id_async(other.id, delete_job=True)
    return False

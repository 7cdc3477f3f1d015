"""``abono jobs``: what workers gave up or held back, so that somebody can see to it."""

from __future__ import annotations

import json

from abono.interfaces.cli.saying import AsJson, booted, say

_MOST = 200


def jobs(as_json: AsJson = False) -> None:
    """The latest jobs that were given up or are held back: their task, how often they were tried, and when last."""
    booted(lambda: _list(as_json=as_json))


def _list(*, as_json: bool) -> None:
    from django.db.models import Max
    from procrastinate.contrib.django.models import ProcrastinateJob

    from abono.base.tasks import MOST_ATTEMPTS
    from abono.interfaces.cli.running import require_migrated

    require_migrated()
    failed = ProcrastinateJob.objects.filter(status="failed").annotate(last_at=Max("procrastinateevent__at"))
    found = list(failed.order_by("-last_at", "-id").values("id", "task_name", "attempts", "last_at")[:_MOST])
    waiting = ProcrastinateJob.objects.filter(status="todo", attempts__gte=MOST_ATTEMPTS, scheduled_at__isnull=False)
    held = list(waiting.order_by("scheduled_at", "id").values("id", "task_name", "attempts", "scheduled_at")[:_MOST])
    if as_json:
        given_up = [{**each, "last_at": each["last_at"].isoformat()} for each in found]
        held_back = [{**each, "scheduled_at": each["scheduled_at"].isoformat()} for each in held]
        say(json.dumps({"given_up": given_up, "held": held_back}))
        return
    for each in held:
        times = f"ended its worker {each['attempts']} times; held back, tried again then"
        say(f"{each['scheduled_at'].isoformat(timespec='seconds')}  {each['task_name']} (job {each['id']}): {times}")
    for each in found:
        times = f"given up after {each['attempts']} attempts"
        say(f"{each['last_at'].isoformat(timespec='seconds')}  {each['task_name']} (job {each['id']}): {times}")
    if not found and not held:
        say("No job was given up.")

"""``abono jobs``: what workers gave up, so that somebody can see to it."""

from __future__ import annotations

import json

from abono.interfaces.cli.saying import AsJson, booted, say

_MOST = 200


def jobs(as_json: AsJson = False) -> None:
    """The latest jobs that were given up: their task, how often they were tried, and when last."""
    booted(lambda: _list(as_json=as_json))


def _list(*, as_json: bool) -> None:
    from django.db.models import Max
    from procrastinate.contrib.django.models import ProcrastinateJob

    from abono.interfaces.cli.running import require_migrated

    require_migrated()
    failed = ProcrastinateJob.objects.filter(status="failed").annotate(last_at=Max("procrastinateevent__at"))
    found = list(failed.order_by("-last_at", "-id").values("id", "task_name", "attempts", "last_at")[:_MOST])
    if as_json:
        say(json.dumps({"given_up": [{**each, "last_at": each["last_at"].isoformat()} for each in found]}))
        return
    for each in found:
        times = f"given up after {each['attempts']} attempts"
        say(f"{each['last_at'].isoformat(timespec='seconds')}  {each['task_name']} (job {each['id']}): {times}")
    if not found:
        say("No job was given up.")

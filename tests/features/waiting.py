"""Races are set up by waiting until the others wait, not by the clock."""

from __future__ import annotations

import time

from django.db import connection

PATIENCE = 60


def wait_until_blocked(count: int) -> None:
    """Wait until so many other connections to this database wait for a lock."""
    deadline = time.monotonic() + PATIENCE
    while True:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_stat_clear_snapshot()")
            cursor.execute(
                "SELECT count(*) FROM pg_stat_activity"
                " WHERE datname = current_database() AND cardinality(pg_blocking_pids(pid)) > 0"
            )
            if cursor.fetchone()[0] >= count:
                return
        assert time.monotonic() < deadline, f"{count} connections should be waiting"
        time.sleep(0.01)

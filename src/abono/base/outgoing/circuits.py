"""How long what failed is left alone."""

from __future__ import annotations

import random
from datetime import timedelta

PAUSES = (5, 30, 120, 600, 1800, 3600, 7200, 14400, 28800, 28800)
"""Seconds after each failure in a row; together about a day."""
_JITTER = 0.2  # float: the pauses of many destinations drift apart


def jitter() -> float:
    """A factor around 1, drawn once for an attempt."""
    return 1 + random.uniform(-_JITTER, _JITTER)  # noqa: S311 -- no secret


def pause(failures: int, factor: float) -> timedelta:
    """How long to wait after so many failures in a row, at least one."""
    return timedelta(seconds=PAUSES[min(failures, len(PAUSES)) - 1] * factor)

"""Whether the clock can be charged by.

It is compared with the database's, with the time since the machine started, and with the last minute that was well.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import structlog
from django.conf import settings
from django.db import transaction

from abono.base.refusal import Refusal
from abono.base.sql import statements

if TYPE_CHECKING:
    from datetime import datetime

_sql = statements("abono.base", "clock")
_log = structlog.get_logger(__name__)
_BOOT = Path("/proc/sys/kernel/random/boot_id")
AHEAD = timedelta(minutes=1)
"""So far the clock may run ahead of the database's."""
LEAP = timedelta(minutes=5)
"""So much more than has passed since the machine started may the clock have moved on."""
RECENT = timedelta(minutes=5)
_LASTS = timedelta(seconds=10)
"""So long a process takes the clock for right without asking the database, unless it moves by itself."""
_STEADY = timedelta(seconds=1)


class ClockLeapt(Refusal):
    """The clock says a time that cannot be trusted: nothing is charged by it."""

    code = "clock_leapt"


@dataclass(frozen=True)
class Uptime:
    """Since which start of the machine (empty where that cannot be known) and for how long, sleep included."""

    boot: str
    passed: timedelta


def uptime() -> Uptime:
    """How long this machine has been up: what no change of its clock can touch."""
    if not _BOOT.exists() or not hasattr(time, "CLOCK_BOOTTIME"):
        return Uptime("", timedelta())
    seconds = time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1000
    return Uptime(_BOOT.read_text(encoding="ascii").strip(), timedelta(microseconds=seconds))


@dataclass(frozen=True)
class _Right:
    """The clock was right at this instant, ``passed`` on the process's own count of time."""

    now: datetime
    passed: timedelta


_right: list[_Right] = []


def require_right_clock(now: datetime) -> None:
    """For whoever books by this machine's clock while somebody waits; notes nothing. Raises ClockLeapt.

    Asks the database every ten seconds, and where the clock has moved otherwise than time has passed.
    """
    passed = timedelta(microseconds=time.monotonic_ns() // 1000)
    for last in _right:
        moved = (now - last.now) - (passed - last.passed)
        if passed - last.passed < _LASTS and abs(moved) < _STEADY:
            return
    up = uptime()
    wrong = _what_is_wrong(now, up, _sql.rows("seen", boot=up.boot))
    _right[:] = [] if wrong else [_Right(now, passed)]
    if wrong:
        _log.error(ClockLeapt.code, sentence=wrong)
        message = f"{wrong} Nothing is booked by it, nothing was written; ask again when it is right."
        raise ClockLeapt(message)


def judge_clock(now: datetime, up: Uptime | None = None) -> None:
    """Note that all is well by ``now``. Raises ClockLeapt, and notes that, where it cannot be charged by."""
    up = up or uptime()
    seen = _sql.rows("seen", boot=up.boot)
    wrong = _what_is_wrong(now, up, seen)
    with transaction.atomic():
        if _runs_behind(now, up, seen):
            return  # nothing falls due by it; once it is right again, no time has leapt
        if wrong:
            _sql.run("hold", boot=up.boot, sentence=wrong)
        else:
            _sql.run("keep_clock", boot=up.boot, now=now, passed=up.passed)
    if wrong:
        message = f"{wrong} Nothing is charged by it: correct the clock, or run `abono advance --trust-clock` once."
        raise ClockLeapt(message)


def trust_clock(now: datetime) -> None:
    """Somebody says that the clock is right: from here on it is compared with this instant."""
    up = uptime()
    with transaction.atomic():
        _sql.run("keep_clock", boot=up.boot, now=now, passed=up.passed)


def held_clock() -> str:
    """Why nothing is charged at this moment, if the clock is to blame; empty otherwise."""
    rows = _sql.rows("held", recent=RECENT)
    return str(rows[0]["held"]) if rows else ""


def _what_is_wrong(now: datetime, up: Uptime, seen: list[dict[str, Any]]) -> str:
    (row,) = seen
    database, same, passed, last = row["database_at"], row["same_at"], row["same_passed"], row["last_at"]
    if now - database > AHEAD:
        return f"The clock is {_told(now - database)} ahead of the database's."
    if up.boot and same is not None:
        leapt = (now - same) - (up.passed - passed)
        return f"The clock leapt by {_told(leapt)}." if leapt > LEAP else ""
    longest = timedelta(days=settings.CLOCK_GAP_DAYS)
    if last is not None and now - last > longest:
        return f"The clock is {_told(now - last)} after the last minute in which Abono was at work."
    return ""


def _runs_behind(now: datetime, up: Uptime, seen: list[dict[str, Any]]) -> bool:
    (row,) = seen
    same = row["same_at"]
    return bool(up.boot) and same is not None and (now - same) - (up.passed - row["same_passed"]) < -LEAP


def _told(span: timedelta) -> str:
    days, rest = divmod(int(span.total_seconds()), 86_400)
    hours, minutes = rest // 3600, rest % 3600 // 60
    parts = ((days, "d"), (hours, "h"), (minutes, "min"))
    return " ".join(f"{count} {unit}" for count, unit in parts if count) or f"{rest} s"

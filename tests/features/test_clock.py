"""A clock that runs ahead or leaps is noticed, said, and not charged by."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from django.db import connection

from abono.base.clock import (
    ClockLeapt,
    Uptime,
    _right,
    held_clock,
    judge_clock,
    require_right_clock,
    trust_clock,
    uptime,
)
from abono.features.billing import tasks

if TYPE_CHECKING:
    from pytest_django import DjangoAssertNumQueries

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)


def now() -> datetime:
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        (found,) = cursor.fetchone() or (None,)
    assert isinstance(found, datetime)
    return found


def test_a_clock_ahead_of_the_databases_is_not_charged_by() -> None:
    judge_clock(now() + timedelta(seconds=50))
    with pytest.raises(ClockLeapt, match=r"The clock is 1 h ahead of the database's\."):
        judge_clock(now() + HOUR + timedelta(seconds=1))
    assert "1 h ahead" in held_clock()
    judge_clock(now())
    assert held_clock() == ""


def test_a_clock_that_leapt_is_not_charged_by_until_it_is_right_or_trusted() -> None:
    """The database stands on the same machine and leapt with it: only the time since the start tells."""
    before, leapt = now() - 48 * HOUR, now()
    judge_clock(before, Uptime("boot", HOUR))
    judge_clock(before + HOUR, Uptime("boot", 2 * HOUR))
    for _ in range(2):  # it stays noticed
        with pytest.raises(ClockLeapt, match=r"The clock leapt by 1 d 2[23] h"):
            judge_clock(leapt, Uptime("boot", 2 * HOUR))
    judge_clock(before + 2 * HOUR, Uptime("boot", 3 * HOUR))  # corrected
    judge_clock(before + 2 * HOUR + timedelta(minutes=4), Uptime("boot", 3 * HOUR))  # less than what matters
    judge_clock(before, Uptime("boot", 4 * HOUR))  # back: nothing falls due by that
    judge_clock(before + 3 * HOUR, Uptime("boot", 4 * HOUR))  # right again: no time has leapt


def test_a_long_downtime_is_confirmed_by_somebody() -> None:
    judge_clock(now() - timedelta(days=8), Uptime("earlier", HOUR))
    with pytest.raises(ClockLeapt, match="after the last minute in which Abono was at work"):
        judge_clock(now(), Uptime("later", HOUR))
    trust_clock(now())
    judge_clock(now())
    judge_clock(now() - timedelta(days=6), Uptime("another", HOUR))


def test_nothing_is_booked_by_a_wrong_clock(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    """A process asks the database now and then, and at once where the clock moves by itself."""
    _right.clear()
    with django_assert_num_queries(1):
        for _ in range(100):
            require_right_clock(datetime.now(UTC))
    with pytest.raises(ClockLeapt, match=r"The clock is 1 h ahead of the database's\. Nothing is booked by it"):
        require_right_clock(now() + HOUR + timedelta(seconds=1))
    require_right_clock(now())
    up = uptime()
    judge_clock(now() - 48 * HOUR, Uptime(up.boot, up.passed))
    _right.clear()
    with pytest.raises(ClockLeapt, match="The clock leapt by"):
        require_right_clock(now())
    trust_clock(now())
    require_right_clock(now())


def test_what_is_due_waits_for_a_clock_that_is_right() -> None:
    up = uptime()
    judge_clock(now() - 48 * HOUR, Uptime(up.boot, up.passed))  # the machine has not been up any longer since
    before = runs()
    tasks.advance_all.func()
    assert "leapt" in held_clock()
    assert runs() == before


def runs() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM billing_run")
        (found,) = cursor.fetchone() or (0,)
    return int(found)


def test_the_time_since_the_start_passes_by_itself() -> None:
    first, second = uptime(), uptime()
    assert first.boot == second.boot
    assert timedelta() <= second.passed - first.passed < timedelta(seconds=5)
    assert datetime.now(UTC) - now() < timedelta(minutes=1)

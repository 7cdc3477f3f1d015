"""``abono bench usage --beside``: events counted while subscriptions of others roll over, and while none do."""

from __future__ import annotations

import multiprocessing
import statistics
import time
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.db import connection

from abono.base.scratch import scratch_database
from abono.features.billing.runs import advance
from abono.interfaces.cli.benches.rollover import fill_due, rolled_operator
from abono.interfaces.cli.benches.usage import (
    ACCOUNTS,
    BATCHES,
    NOW,
    WRITERS,
    NotCounted,
    check,
    counts,
    fill,
    floors,
    timed,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from abono.features.operators.queries import Operator
    from abono.interfaces.cli.benches.usage import Work

WORKERS = 2
_BOUNDARY = NOW.replace(hour=0)


def bench_usage_beside(events: int, subscriptions: int, *, runs: int, tell: Callable[[str], None]) -> dict[str, Any]:
    """Events a second by two writers, alone and while two workers roll subscriptions over; medians of ``runs`` runs.

    ``part_beside`` is the part of the counting during which the roll-over was at work, ``rolled_per_second`` what it
    did beside it; ``floor_per_second`` are the rows alone, without any decision, beside as much.
    """
    found: dict[int, list[dict[str, float]]] = {size: [] for size in BATCHES}
    with scratch_database(durable=True):
        fill()
        operator = rolled_operator("rolled", NOW - timedelta(days=60))
        before = ACCOUNTS
        for run in range(runs):
            for size in BATCHES:
                alone = timed(counts, events, size)
                check(events)
                measured = []
                for work in (floors, counts):
                    fill_due(operator, subscriptions // 2, _BOUNDARY, before=before)
                    before += subscriptions // 2
                    measured.append(_beside(operator, subscriptions, events, size, work))
                    check(events)
                floor, counted = measured
                one = {"alone": alone, "floor": floor["beside"], **counted}
                tell(
                    f"run {run + 1}: batches of {size:,}: alone {alone:,.0f} events/s, beside {one['beside']:,.0f} "
                    f"events/s and {one['rolled']:,.0f} subscriptions/s ({one['part']:.0%} of the time); the rows "
                    f"alone, beside as much, {one['floor']:,.0f}"
                )
                found[size].append(one)
    return {
        "events": events,
        "subscriptions": subscriptions,
        "writers": WRITERS,
        "workers": WORKERS,
        "runs": runs,
        "batches": {
            str(size): {
                "alone_per_second": round(statistics.median(one["alone"] for one in ones)),
                "per_second": round(statistics.median(one["beside"] for one in ones)),
                "floor_per_second": round(statistics.median(one["floor"] for one in ones)),
                "rolled_per_second": round(statistics.median(one["rolled"] for one in ones)),
                "part_beside": round(statistics.median(one["part"] for one in ones), 2),
            }
            for size, ones in found.items()
        },
    }


def _beside(operator: Operator, subscriptions: int, events: int, size: int, work: Work) -> dict[str, float]:
    context = multiprocessing.get_context("fork")
    took = context.Value("d", 0.0)

    def rolling() -> None:
        began = time.perf_counter()
        report = advance(NOW, operator=operator.id, workers=WORKERS)
        took.value = time.perf_counter() - began if not report.failures else -1.0
        connection.close()

    roll = context.Process(target=rolling)
    rate = timed(work, events, size, beside=roll)
    roll.join()
    if roll.exitcode or took.value <= 0:
        message = "the roll-over did not come to its end"
        raise NotCounted(message)
    seconds = events // WRITERS * WRITERS / rate
    return {"beside": rate, "rolled": subscriptions / took.value, "part": min(1.0, took.value / seconds)}

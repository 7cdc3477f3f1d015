"""``abono bench rollover``: one boundary of N subscriptions, beside the floor of the same rows written plainly."""

from __future__ import annotations

import resource
import statistics
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.db import connection, transaction

from abono.base.scratch import scratch_database
from abono.base.sql import statements
from abono.features.billing.runs import advance
from abono.features.catalogue.operations import save_catalogue
from abono.features.catalogue.queries import plan_by_code
from abono.features.catalogue.settling import settle
from abono.features.catalogue.terms import parse_catalogue
from abono.features.operators.operations import add_operator

if TYPE_CHECKING:
    from collections.abc import Callable

    from abono.features.operators.queries import Operator

_sql = statements("abono.interfaces.cli.benches", "rollover")
_PLANS = 20
_BOUNDARY = datetime(2026, 2, 1, tzinfo=UTC)
_KIB_A_MIB = 1024


@dataclass(frozen=True)
class _Measured:
    seconds: float
    floor_seconds: float
    paid: int
    suspended: int


def bench_rollover(
    subscriptions: int, *, runs: int, workers: int, size: int, tell: Callable[[str], None]
) -> dict[str, Any]:
    """Figures of doors.md §4; medians of ``runs`` runs."""
    with scratch_database(durable=True):
        operator = rolled_operator("bench", _BOUNDARY)
        measured = []
        for run in range(runs):
            one = _measure(operator, subscriptions // 2, workers, size)
            tell(
                f"run {run + 1}: {one.seconds:.2f} s, floor {one.floor_seconds:.2f} s, "
                f"{subscriptions / one.seconds:,.0f} subscriptions/s"
            )
            measured.append(one)
    seconds = statistics.median(one.seconds for one in measured)
    floor = statistics.median(one.floor_seconds for one in measured)
    return {
        "subscriptions": subscriptions,
        "accounts": subscriptions // 2,
        "paid": measured[-1].paid,
        "suspended": measured[-1].suspended,
        "workers": workers,
        "runs": runs,
        "seconds": round(seconds, 3),
        "per_second": round(subscriptions / seconds),
        "floor_seconds": round(floor, 3),
        "ratio_to_floor": round(statistics.median(one.floor_seconds / one.seconds for one in measured), 3),
        "peak_memory_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / _KIB_A_MIB, 1),
    }


def rolled_operator(code: str, now: datetime) -> Operator:
    """An operator with twenty monthly plans, their prices ready."""
    terms: dict[str, dict[str, object]] = {
        "services": {"line": {"kind": "onoff"}},
        "plans": {
            f"plan-{number:02}": {"price": f"{number + 5}.90", "period": "month", "anchor": "calendar",
                                  "services": {"line": {}}}
            for number in range(_PLANS)
        },
    }  # fmt: skip
    with transaction.atomic():
        operator = add_operator(code, "Bench", {"currency": "EUR", "time_zone": "UTC", "tax": "19"})
        save_catalogue(operator, parse_catalogue(terms, "EUR"), now=now)
        for plan in terms["plans"]:
            settle(operator, plan_by_code(operator.id, plan).id, Decimal(1))
    return operator


def _measure(operator: Operator, accounts: int, workers: int, size: int) -> _Measured:
    _fill(operator, accounts)
    began = time.perf_counter()
    advance(_BOUNDARY, workers=workers, size=size)
    seconds = time.perf_counter() - began
    outcome = _sql.row("outcome")
    _sql.run("keep")
    _fill(operator, accounts)
    began = time.perf_counter()
    with transaction.atomic():
        _sql.run("rollover_floor")
    floor_seconds = time.perf_counter() - began
    _sql.run("forget")
    return _Measured(seconds, floor_seconds, outcome["paid"], outcome["suspended"])


def _fill(operator: Operator, accounts: int) -> None:
    """The world at the end of January, at rest: statistics known, pages clean, nothing left to flush."""
    _sql.run("rollover_empty")
    fill_due(operator, accounts, _BOUNDARY)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
        cursor.execute("SELECT pg_has_role(current_user, 'pg_checkpoint', 'USAGE')")
        if cursor.fetchone()[0]:
            cursor.execute("CHECKPOINT")


def fill_due(operator: Operator, accounts: int, boundary: datetime, *, before: int = 0) -> None:
    """Accounts with two subscriptions each whose month ends at a boundary; the first account is ``before + 1``."""
    rates = _sql.rows("rollover_rates", operator=operator.id)
    _sql.run("rollover_accounts", operator=operator.id, accounts=accounts, boundary=boundary, before=before)
    _sql.run(
        "rollover_subscriptions",
        operator=operator.id,
        accounts=accounts,
        boundary=boundary,
        before=before,
        plans=[row["plan"] for row in rates],
        rates=[row["rate"] for row in rates],
    )

"""``abono bench debit``: conditional debits of random accounts with keys, beside pgbench's TPC-B on the same server."""

from __future__ import annotations

import multiprocessing
import os
import random
import re
import shutil
import statistics
import subprocess
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from django.db import connection, transaction

from abono.base.refusal import Refusal
from abono.base.scratch import scratch_database
from abono.base.sql import statements
from abono.features.ledger.operations import debit
from abono.features.operators.operations import add_operator

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_sql = statements("abono.interfaces.cli.benches", "debit")
_ACCOUNTS = 100_000
_TPS = re.compile(r"tps = ([0-9.]+)")


class NoPgbench(Refusal):
    """pgbench is not to be found."""

    code = "no_pgbench"


@dataclass(frozen=True)
class _Measured:
    per_second: float
    pgbench_per_second: float
    latencies: list[float]


def bench_debit(clients: int, *, runs: int, seconds: int, tell: Callable[[str], None]) -> dict[str, Any]:
    """Figures of doors.md §4; medians of ``runs`` runs of so many seconds each."""
    with scratch_database(durable=True):
        with transaction.atomic():
            operator = add_operator("bench", "Bench", {"currency": "EUR"})
        _sql.run("debit_accounts", operator=operator.id, accounts=_ACCOUNTS)
        _pgbench("-i", "-q", "-s", str(max(10, clients)))
        _settle()
        measured = []
        for run in range(runs):
            one = _measure(clients, seconds)
            tell(f"run {run + 1}: {one.per_second:,.0f} debits/s, pgbench {one.pgbench_per_second:,.0f}/s")
            measured.append(one)
    latencies = sorted(latency for one in measured for latency in one.latencies)
    return {
        "clients": clients,
        "runs": runs,
        "per_second": round(statistics.median(one.per_second for one in measured)),
        "p50_ms": round(latencies[len(latencies) // 2] * 1000, 2),
        "p99_ms": round(latencies[len(latencies) * 99 // 100] * 1000, 2),
        "pgbench_per_second": round(statistics.median(one.pgbench_per_second for one in measured)),
        "ratio_to_pgbench": round(statistics.median(one.per_second / one.pgbench_per_second for one in measured), 3),
    }


def _measure(clients: int, seconds: int) -> _Measured:
    told = _pgbench(
        "-c", str(clients), "-j", str(min(clients, os.cpu_count() or 1)), "-T", str(seconds), "-M", "prepared"
    )
    found = _TPS.search(told)
    if found is None:
        message = f"pgbench did not tell its rate: {told.splitlines()[-1] if told else 'no output'}"
        raise NoPgbench(message)
    connection.close()
    context = multiprocessing.get_context("fork")
    with context.Pool(clients) as pool:
        began = time.perf_counter()
        latencies = [latency for each in pool.map(_client, [seconds] * clients, chunksize=1) for latency in each]
        took = time.perf_counter() - began
    return _Measured(len(latencies) / took, float(found[1]), latencies)


def _client(seconds: int) -> list[float]:
    """Debit random accounts for so many seconds; answers how long each took."""
    chance = random.Random(os.getpid())  # noqa: S311 -- which account, not a secret
    today = datetime.now(UTC).date()
    latencies = []
    until = time.perf_counter() + seconds
    number = 0
    while (began := time.perf_counter()) < until:
        number += 1
        debit(
            chance.randint(1, _ACCOUNTS),
            100,
            key=f"{os.getpid()}-{number}-{began}",
            counter="integrators",
            day=today,
            now=datetime.now(UTC),
        )
        latencies.append(time.perf_counter() - began)
    connection.close()
    return latencies


def _pgbench(*options: str) -> str:
    """Run pgbench in the scratch database; answers what it said."""
    settings = connection.settings_dict
    reach = {"PGHOST": settings["HOST"], "PGPORT": settings["PORT"], "PGUSER": settings["USER"],
             "PGPASSWORD": settings["PASSWORD"]}  # fmt: skip
    done = subprocess.run(
        [_program(), *options, settings["NAME"]],
        env={**os.environ, **{name: str(value) for name, value in reach.items() if value}},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        message = f"pgbench failed: {done.stderr.strip().splitlines()[-1] if done.stderr.strip() else done.returncode}"
        raise NoPgbench(message)
    return done.stdout


def _program() -> str:
    from abono.base.embedded import bin_folder

    own: Path = bin_folder() / "pgbench"
    found = str(own) if own.exists() else shutil.which("pgbench")
    if found is None:
        message = "pgbench is not installed; it comes with PostgreSQL's client programs."
        raise NoPgbench(message)
    return found


def _settle() -> None:
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")

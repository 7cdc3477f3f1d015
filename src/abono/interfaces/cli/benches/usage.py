"""``abono bench usage``: events counted by two writers in batches, beside plain ``COPY`` into the same table."""

from __future__ import annotations

import gc
import multiprocessing
import random
import statistics
import time
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

from django.db import connection, transaction

from abono.base.refusal import Refusal
from abono.base.scratch import scratch_database
from abono.base.sql import statements
from abono.features.catalogue.operations import save_catalogue
from abono.features.catalogue.queries import plan_by_code
from abono.features.catalogue.settling import settle
from abono.features.catalogue.terms import parse_catalogue
from abono.features.operators.operations import add_operator
from abono.features.usage.events import Batch, Use
from abono.features.usage.operations import count, prepare_months

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from multiprocessing.process import BaseProcess
    from multiprocessing.synchronize import Barrier

    Work = Callable[[int, int, int, Barrier], None]

_sql = statements("abono.interfaces.cli.benches", "usage")
ACCOUNTS = 2_000
WRITERS = 2
BATCHES = (1_000, 10_000)
NOW = datetime(2026, 1, 15, 12, tzinfo=UTC)
_INCLUDED = {"included": "1000000000"}
_PACKS = {"model": "package", "size": "1000", "price": "1.00"}
_DEVICES = 100
KINDS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "packs": ({}, _PACKS),
    "hard": ({}, {"limit": "hard"}),
    "day": ({}, {**_PACKS, "quota_period": "day"}),
    "filters": ({}, {**_PACKS, "filters": [{"when": {"device": "7"}, "counts": "3"}]}),
    "max": ({"aggregation": "max"}, _PACKS),
    "unique": ({"aggregation": "unique", "property": "device"}, _PACKS),
}
"""What there is to count: terms of the service, and of the service in the plan."""
_BY_DEVICE = {"filters", "unique"}
_COPY = (
    "COPY usage_event (account_id, id, operator_id, subscription_id, service_id, at, taken_at, quantity, turn, seats,"
    " key) FROM STDIN"
)


class NotCounted(Refusal):
    """The counters do not hold what was sent; a benchmark of wrong sums measures nothing."""

    code = "not_counted"


def bench_usage(events: int, *, runs: int, tell: Callable[[str], None]) -> dict[str, Any]:
    """Figures of doors.md §4; medians of ``runs`` runs.

    ``floor_per_second``: the same rows without any decision, of columns that are ready (sql/usage.sql).
    """
    found: dict[int, list[dict[str, float]]] = {size: [] for size in BATCHES}
    with scratch_database(durable=True):
        fill()
        copied = []
        for run in range(runs):
            copied.append(timed(_copies, events, max(BATCHES)))
            tell(f"run {run + 1}: COPY {copied[-1]:,.0f} events/s")
            for size in BATCHES:
                rates = {}
                for name, work in {"counted": counts, "floor": floors}.items():
                    rates[name] = timed(work, events, size)
                    check(events)
                tell(
                    f"run {run + 1}: batches of {size:,}: {rates['counted']:,.0f} events/s;"
                    f" the rows alone {rates['floor']:,.0f}"
                )
                found[size].append(rates)
    copy_rate = statistics.median(copied)
    figures = {str(size): _figures(rates, copy_rate) for size, rates in found.items()}
    return {
        "events": events,
        "accounts": ACCOUNTS,
        "writers": WRITERS,
        "runs": runs,
        "copy_per_second": round(copy_rate),
        "batches": figures,
    }


def _figures(rates: Sequence[Mapping[str, float]], copy_rate: float) -> dict[str, float]:
    counted = statistics.median(each["counted"] for each in rates)
    floor = statistics.median(each["floor"] for each in rates)
    return {
        "per_second": round(counted),
        "ratio_to_copy": round(counted / copy_rate, 3),
        "floor_per_second": round(floor),
        "ratio_to_floor": round(statistics.median(each["counted"] / each["floor"] for each in rates), 3),
    }


def bench_usage_kinds(events: int, *, runs: int, tell: Callable[[str], None]) -> dict[str, Any]:
    """Events a second in the largest batches, by the kind of what is counted; medians of ``runs`` runs."""
    size = max(BATCHES)
    rates = {}
    for kind in KINDS:
        with scratch_database(durable=True):
            fill(kind)
            found = []
            for run in range(runs):
                found.append(timed(partial(counts, kind=kind), events, size))
                tell(f"run {run + 1}: {kind}: {found[-1]:,.0f} events/s")
            rates[kind] = round(statistics.median(found))
    return {"events": events, "accounts": ACCOUNTS, "writers": WRITERS, "runs": runs, "batch": size, "kinds": rates}


def catalogue(kind: str = "packs") -> dict[str, Any]:
    """A plan whose use is counted in one way."""
    service, terms = KINDS[kind]
    plan = {"price": "10.00", "period": "month", "services": {"calls": {**_INCLUDED, **terms}}}
    return {"services": {"calls": {"kind": "usage", "unit": "call", **service}}, "plans": {"calls": plan}}


def fill(kind: str = "packs") -> None:
    """The accounts whose use is reported."""
    with transaction.atomic():
        operator = add_operator("bench", "Bench", {"currency": "EUR", "time_zone": "UTC"})
        save_catalogue(operator, parse_catalogue(catalogue(kind), "EUR"), now=NOW)
        settle(operator, plan_by_code(operator.id, "calls").id, Decimal(1))
    _sql.run("usage_accounts", operator=operator.id, accounts=ACCOUNTS)
    _sql.run("usage_subscriptions", operator=operator.id, accounts=ACCOUNTS)
    prepare_months(NOW)


def timed(work: Work, events: int, size: int, beside: BaseProcess | None = None) -> float:
    """Events a second of all writers together, each with its half of the accounts, from an empty and settled table.

    ``beside`` is started with them, and not waited for.
    """
    _sql.run("usage_empty")
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
        cursor.execute("SELECT pg_has_role(current_user, 'pg_checkpoint', 'USAGE')")
        if cursor.fetchone()[0]:
            cursor.execute("CHECKPOINT")
    connection.close()
    context = multiprocessing.get_context("fork")
    ready = context.Barrier(WRITERS + 1)
    writers = [context.Process(target=work, args=(writer, events // WRITERS, size, ready)) for writer in range(WRITERS)]
    for writer in writers:
        writer.start()
    if beside is not None:
        beside.start()
    ready.wait()
    began = time.perf_counter()
    for writer in writers:
        writer.join()
    if any(writer.exitcode for writer in writers):
        message = "a writer did not come to its end"
        raise NotCounted(message)
    return events // WRITERS * WRITERS / (time.perf_counter() - began)


def _uses(writer: int, events: int) -> list[Use]:
    """Events as a meter sends them: of random subscriptions of the writer's own, within the last hours, with keys."""
    chance = random.Random(writer)  # noqa: S311 -- whose event, not a secret
    mine = [number for number in range(1, ACCOUNTS + 1) if number % WRITERS == writer]
    ids = {number: UUID(f"01900000-0000-7000-8000-{number:012x}") for number in mine}
    uses = []
    for number in range(events):
        account = chance.choice(mine)
        at = NOW - timedelta(milliseconds=chance.randrange(10_000_000))
        uses.append(
            Use(account, ids[account], "calls", Decimal(1), at, f"{writer}-{chance.getrandbits(48):x}-{number}")
        )
    return uses


def counts(writer: int, events: int, size: int, ready: Barrier, kind: str = "packs") -> None:
    """What a writer does: its events, counted in batches."""
    uses = _uses(writer, events)
    if kind in _BY_DEVICE:
        uses = [use._replace(properties={"device": str(place % _DEVICES)}) for place, use in enumerate(uses)]
    gc.freeze()  # who reports holds a batch at a time: all the events of a run are not gone through for garbage
    connection.ensure_connection()
    ready.wait()
    for first in range(0, events, size):
        outcomes = count(uses[first : first + size], now=NOW)
        if any(outcome != "counted" for outcome in outcomes):
            message = f"a batch of {size} events was not counted whole"
            raise NotCounted(message)
    connection.close()


def floors(writer: int, events: int, size: int, ready: Barrier) -> None:
    """The same events, ready as columns, written in batches and not judged."""
    uses = _uses(writer, events)
    known = {"operator": 1, "service": _sql.row("service", operator=1)["id"], "now": NOW}
    batches = [Batch(uses[first : first + size]) for first in range(0, events, size)]
    columns = [{**known, **batch.columns(batch.sound)} for batch in batches]
    del batches
    gc.freeze()
    connection.ensure_connection()
    ready.wait()
    for values in columns:
        with transaction.atomic():
            _sql.run("usage_floor", **values)
    connection.close()


def _copies(writer: int, events: int, size: int, ready: Barrier) -> None:
    """The same events, ready as text, in transactions of as many."""
    uses = _uses(writer, events)
    service = _sql.row("service", operator=1)["id"]
    lines = [
        f"{use.account}\t{uuid4()}\t1\t{use.subscription}\t{service}\t{use.at}\t{NOW}\t1\t1\tf\t{use.key}\n"
        for use in uses
    ]
    texts = ["".join(lines[first : first + size]).encode() for first in range(0, events, size)]
    ready.wait()
    for text in texts:
        with transaction.atomic(), connection.cursor() as cursor, cursor.copy(_COPY) as copy:
            copy.write(text)
    connection.close()


def check(events: int) -> None:
    """What was sent is what was kept and counted. Raises NotCounted."""
    row = _sql.row("usage_counted")
    if (row["events"], row["used"]) != (events // WRITERS * WRITERS,) * 2:
        message = f"{events} events were sent; {row['events']} were kept and {row['used']} were counted"
        raise NotCounted(message)

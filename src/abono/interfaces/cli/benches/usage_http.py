"""``abono bench usage --http``: events reported over HTTP in batches, with the clients and the server on this machine.

The server is the one that ``abono up`` starts, on a database that is dropped afterwards; a request is the whole of it:
the key, its limits, the wall, reading and judging the events, counting them, the answer.
"""

from __future__ import annotations

import http.client
import json
import os
import random
import socket
import statistics
import subprocess
import threading
import time
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from django.core.management import call_command
from django.db import connection, transaction

from abono.base.scratch import scratch_database
from abono.base.sql import statements
from abono.features.access.operations import add_key
from abono.features.access.people import Person
from abono.features.access.rights import Kind
from abono.features.catalogue.operations import save_catalogue
from abono.features.catalogue.queries import plan_by_code
from abono.features.catalogue.settling import settle
from abono.features.catalogue.terms import parse_catalogue
from abono.features.operators.operations import add_operator
from abono.interfaces.cli.benches.usage import NotCounted, catalogue
from abono.interfaces.cli.serving import web_command

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

_sql = statements("abono.interfaces.cli.benches", "usage_http")
ACCOUNTS = 4_000
CLIENTS = 4
SERVERS = 2
BATCH = 1_000
_PATIENCE = 60
_HOST = "127.0.0.1"


def bench_usage_http(events: int, *, runs: int, tell: Callable[[str], None]) -> dict[str, Any]:
    """Events a second that were counted and answered; the median of ``runs`` runs."""
    rates = []
    with scratch_database(durable=True):
        call_command("migrate", verbosity=0, interactive=False)
        key = _fill(datetime.now(UTC))
        with _server() as port:
            for run in range(-1, runs):
                bodies = _bodies(events if run >= 0 else BATCH * CLIENTS, run)
                _sql.run("http_empty")
                rate = _timed(port, key, bodies)
                _check(sum(count for count, _ in bodies))
                if run < 0:
                    continue  # the first one only warms the server up
                rates.append(rate)
                tell(f"run {run + 1}: batches of {BATCH:,} over HTTP: {rate:,.0f} events/s")
    return {
        "events": events,
        "accounts": ACCOUNTS,
        "batch": BATCH,
        "clients": CLIENTS,
        "servers": SERVERS,
        "runs": runs,
        "per_second": round(statistics.median(rates)),
    }


def _fill(now: datetime) -> str:
    """The world, and the key of a program that may report."""
    _sql.rows("months", month=now.date().replace(day=1))
    with transaction.atomic():
        operator = add_operator("bench", "Bench", {"currency": "EUR", "time_zone": "UTC"})
        starts_on = (now - timedelta(days=3)).date()
        save_catalogue(operator, parse_catalogue(catalogue(), "EUR"), now=now - timedelta(days=4))
        settle(operator, plan_by_code(operator.id, "calls").id, Decimal(1))
        _sql.run("http_accounts", operator=operator.id, accounts=ACCOUNTS)
        _sql.run("http_profiles", operator=operator.id, accounts=ACCOUNTS)
        ends_on = starts_on + timedelta(days=30)
        _sql.run("http_subscriptions", operator=operator.id, accounts=ACCOUNTS, starts_on=starts_on, ends_on=ends_on)
        rights = frozenset({"usage.record", "key.change"})
        person = Person("Bench", "", Kind.STAFF, None, rights, operator.id, (operator.id,))
        return add_key(person, operator.id, "Meter", ["usage.record"], now=now)


def _bodies(events: int, run: int) -> list[tuple[int, bytes]]:
    """Requests as meters send them, as text: each client of its own accounts, within the last hours, with keys."""
    chance = random.Random(run)  # noqa: S311 -- whose event, not a secret
    now = datetime.now(UTC)
    bodies: list[tuple[int, bytes]] = []
    for first in range(0, events, BATCH):
        own = range(1 + len(bodies) % CLIENTS, ACCOUNTS + 1, CLIENTS)
        batch = [
            {
                "account": (account := chance.choice(own)),
                "subscription": f"01900000-0000-7000-8000-{account:012x}",
                "service": "calls",
                "quantity": "1",
                "time": (now - timedelta(milliseconds=chance.randrange(10_000_000))).isoformat(),
                "key": f"{run}-{chance.getrandbits(48):x}-{number}",
            }
            for number in range(first, min(first + BATCH, events))
        ]
        bodies.append((len(batch), json.dumps({"events": batch}).encode()))
    return bodies


@contextmanager
def _server() -> Iterator[int]:
    """The web on a free port, reading this database."""
    with socket.socket() as probe:
        probe.bind((_HOST, 0))
        port: int = probe.getsockname()[1]
    environment = {**os.environ, "ABONO_DATABASE_URL": _address(), "ABONO_API_CALLS_A_SECOND": "1000000"}
    environment["ABONO_API_OPERATOR_CALLS_A_SECOND"] = "1000000"
    process = subprocess.Popen(web_command(_HOST, port, SERVERS), env=environment)
    try:
        _wait_for(port)
        yield port
    finally:
        process.terminate()
        process.wait(_PATIENCE)


def _address() -> str:
    known = connection.settings_dict
    user, password = quote(str(known["USER"]), safe=""), quote(str(known["PASSWORD"]), safe="")
    place = f"?host={quote(str(known['HOST']), safe='')}&port={known['PORT'] or 5432}"
    return f"postgresql://{user}:{password}@/{quote(str(known['NAME']), safe='')}{place}"


def _wait_for(port: int) -> None:
    until = time.monotonic() + _PATIENCE
    while time.monotonic() < until:
        with socket.socket() as probe:
            if probe.connect_ex((_HOST, port)) == 0:
                return
        time.sleep(0.1)
    message = "the server did not answer"
    raise NotCounted(message)


def _timed(port: int, key: str, bodies: Sequence[tuple[int, bytes]]) -> float:
    """Events a second of all clients together; each sends its share of the requests one after another."""
    failed: list[str] = []
    ready = threading.Barrier(CLIENTS + 1)
    clients = [
        threading.Thread(target=_send, args=(port, key, bodies[client::CLIENTS], ready, failed))
        for client in range(CLIENTS)
    ]
    for client in clients:
        client.start()
    ready.wait()
    began = time.perf_counter()
    for client in clients:
        client.join()
    took = time.perf_counter() - began
    if failed:
        raise NotCounted(failed[0])
    return sum(count for count, _ in bodies) / took


def _send(
    port: int, key: str, bodies: Sequence[tuple[int, bytes]], ready: threading.Barrier, failed: list[str]
) -> None:
    line = http.client.HTTPConnection(_HOST, port, timeout=_PATIENCE)
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    ready.wait()
    try:
        for count, body in bodies:
            line.request("POST", "/api/v1/usage/batch", body, headers)
            answer = line.getresponse()
            text = answer.read()
            if answer.status != http.client.OK or json.loads(text)["counted"] != count:
                failed.append(f"a batch of {count} was answered {answer.status}: {text[:300]!r}")
                return
    except OSError as error:
        failed.append(f"a request failed: {error}")
    finally:
        line.close()


def _check(events: int) -> None:
    row = _sql.row("http_counted")
    if (row["events"], row["used"]) != (events, events):
        message = f"{events} events were sent; {row['events']} were kept and {row['used']} were counted"
        raise NotCounted(message)

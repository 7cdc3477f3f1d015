"""The engine is killed, and the server under it, again and again in one roll-over: nothing in the books tells of it.

One world is made and copied. In one copy the roll-over runs undisturbed; in the other it is killed until all kills are
spent, and then runs to its end. Afterwards every row of every table is the same, and the books are proved.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from abono.base.embedded import ensure_running, processes, release
from tests.crash.world import UNTIL
from tests.embedded.conftest import cluster_of, dispose

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.embedded

ABONO = Path(sys.executable).with_name("abono")
ROOT = Path(__file__).parents[2]
PATIENCE = 120
LAST_KILL = 0.8
"""The part of the work that is done at the latest when the last kill falls: it has to meet work, too."""

# What differs by nature, beside the ids that the server's clock makes. All else must be the same, to the last column.
_BY_NATURE = {
    "base_clock": ["seen_at", "passed"],
    "ledger_account": ["claim"],
    "subscriptions_subscription": ["terms_id"],
    "billing_run": ["id", "started_at", "finished_at"],
    "billing_slice": ["id", "run_id", "attempts", "error"],
    "django_migrations": ["applied"],
}
_CLOCKED = (
    "ledger_entry",
    "ledger_grant",
    "subscriptions_transition",
    "billing_charge",
    "notices_notice",
    "base_trail",
)


@dataclass
class Kills:
    """What the kills hit."""

    engines: int = 0
    interrupted: int = 0
    in_transactions: int = 0
    servers: int = 0
    servers_missed: int = 0
    left: float = 1


class Home:
    """An ``$ABONO_HOME`` with a server of its own, and the real commands on it."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.address = ensure_running(home)

    def database(self, name: str) -> str:
        """The address of a database of this server."""
        return make_conninfo(self.address, dbname=name)

    def environment(self, database: str | None) -> dict[str, str]:
        """With the home alone (None) a command brings the server up by itself."""
        about = {name: value for name, value in os.environ.items() if not name.startswith(("ABONO_", "DJANGO_"))}
        if database is None:
            return {**about, "ABONO_HOME": str(self.home)}
        return {**about, "ABONO_DATABASE_URL": self.database(database)}

    def run(self, *command: str | Path, database: str | None) -> str:
        """Run a command to its end; answers what it said."""
        done = subprocess.run(
            command,
            env=self.environment(database),
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=1_800,
            check=False,
        )
        assert done.returncode == 0, done.stdout[-2_000:] + done.stderr[-4_000:]
        return done.stdout

    def rows(self, database: str, query: str) -> list[tuple[Any, ...]]:
        """The rows of a query."""
        with psycopg.connect(self.database(database)) as connection:
            return connection.execute(query.encode()).fetchall()

    def kill_server(self, *, whole: bool) -> None:
        """Kill the main process and, if ``whole``, at once all others; without, they outlive it for a moment."""
        data = cluster_of(self.home).data
        main = processes.postmaster(data)
        assert main
        victims = [main, *(pid for pid in processes.server_processes(data) if pid != main)] if whole else [main]
        for pid in victims:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        deadline = time.monotonic() + PATIENCE
        while processes.postmaster(data):
            assert time.monotonic() < deadline
            time.sleep(0.005)


@contextmanager
def new_home() -> Iterator[Home]:
    private = Path(tempfile.mkdtemp(prefix="abono-crash-"))
    home = private / "home"
    try:
        yield Home(home)
    finally:
        release(home)
        dispose(home)
        for file in sorted(private.rglob("*"), reverse=True):
            file.rmdir() if file.is_dir() else file.unlink()
        private.rmdir()


def advance(size: int) -> list[str]:
    return [str(ABONO), "advance", "--to", UNTIL.isoformat(), "--slice-size", str(size), "--json"]


class Watch:
    """Looks at the disturbed roll-over through a connection of its own, a new one when the server was killed."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._connection: psycopg.Connection[Any] | None = None

    def working(self) -> int:
        """How many connections have a slice in their hands."""
        return int(
            self._number(
                "SELECT count(DISTINCT l.pid) FROM pg_locks AS l INNER JOIN pg_class AS c ON l.relation = c.oid"
                " WHERE c.relname = 'billing_slice' AND l.mode = 'RowShareLock'"
            )
        )

    def part_left(self) -> float:
        """Which part of the slices is still to be done; all, while none are cut."""
        return self._number("SELECT coalesce(avg((state = 'open')::integer), 1)::float FROM billing_slice")

    def close(self) -> None:
        """Let go of the database."""
        if self._connection:
            self._connection.close()
        self._connection = None

    def _number(self, query: str) -> float:
        if self._connection is None:
            self._connection = psycopg.connect(self._home.database("abono"), autocommit=True)
        row = self._connection.execute(query.encode()).fetchone()
        assert row
        return float(row[0])


def disturb(home: Home, size: int, slice_seconds: float, kills: list[str], dice: random.Random) -> Kills:
    """Start the roll-over again and again and kill it, or the server, at random instants of its work.

    The instants are told by the part of the work that is done, not by the clock: a machine that is faster or slower
    than it was a moment ago is met as early. ``slice_seconds`` is what a slice takes about.
    """
    hit = Kills()
    watch = Watch(home)
    for done, victim in enumerate(kills):
        part = LAST_KILL * (done + dice.random()) / len(kills)
        engine = subprocess.Popen(
            advance(size), env=home.environment(None), cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        wait_for(engine, watch, part)
        time.sleep(dice.uniform(0, slice_seconds))
        wait_for(engine, watch, part)  # it may just have let go of one slice, and not yet taken the next
        hit.in_transactions += watch.working() > 0
        if victim == "engine":
            hit.engines += 1
            engine.kill()
            hit.interrupted += engine.wait(PATIENCE) == -signal.SIGKILL
        else:
            hit.servers += 1
            watch.close()
            home.kill_server(whole=victim == "server")
            hit.servers_missed += engine.wait(PATIENCE) == 0
            assert ensure_running(home.home) == home.address  # it recovers; what is left is looked at before the next
    hit.left = watch.part_left()
    watch.close()
    return hit


def wait_for(engine: subprocess.Popen[bytes], watch: Watch, part: float) -> None:
    """Until it has a slice in its hands and this part of the work is done, or the engine is."""
    deadline = time.monotonic() + PATIENCE
    while engine.poll() is None and not (watch.working() and 1 - watch.part_left() >= part):
        assert time.monotonic() < deadline
        time.sleep(0.005)


def texts(home: Home, database: str) -> dict[str, str]:
    """For each table the query of its rows as text, without what differs by nature; a charge tells its entry."""
    tables = home.rows(
        database, "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
    )
    queries = {}
    for (table,) in sorted(tables):
        without = [*_BY_NATURE.get(table, []), *(["id"] if table in _CLOCKED else [])]
        dropped = "ARRAY[" + ", ".join(f"'{name}'" for name in without) + "]::text[]"
        shown, source = f"to_jsonb(t) - {dropped}", f"{table} AS t"
        if table == "billing_charge":
            shown = f"({shown}) || jsonb_build_object('entry', to_jsonb(e) - 'id')"
            source += " INNER JOIN ledger_entry AS e ON t.account_id = e.account_id AND t.id = e.id"
        queries[table] = f"SELECT ({shown})::text AS row FROM {source}"
    return queries


def assert_same(home: Home, disturbed: str, undisturbed: str) -> None:
    """Every table has the same rows in both databases, in whatever order."""
    queries = texts(home, undisturbed)
    assert texts(home, disturbed).keys() == queries.keys()
    for table, query in queries.items():
        sums = (
            "SELECT count(*), sum(('x' || left(md5(r.row), 16))::bit(64)::bigint::numeric),"
            f" sum(('x' || right(md5(r.row), 16))::bit(64)::bigint::numeric) FROM ({query}) AS r"
        )
        if home.rows(disturbed, sums) != home.rows(undisturbed, sums):
            one, other = (Counter(row[0] for row in home.rows(each, query)) for each in (disturbed, undisturbed))
            pytest.fail(
                f"{table}: {one.total()} rows instead of {other.total()}; only after kills: {list(one - other)[:3]};"
                f" only without: {list(other - one)[:3]}"
            )


def play(subscriptions: int, size: int, kills: list[str]) -> Kills:
    """The whole play; answers what the kills hit."""
    dice = random.Random(20260201)
    dice.shuffle(kills)
    with new_home() as home:
        home.run(sys.executable, "-m", "tests.crash.world", str(subscriptions), database="abono")
        with psycopg.connect(home.database("postgres"), autocommit=True) as connection:
            connection.execute("CREATE DATABASE undisturbed TEMPLATE abono")
        home.run(*advance(size), database="undisturbed")
        ((seconds, slices),) = home.rows(
            "undisturbed",
            "SELECT extract(epoch FROM finished_at - started_at)::float, (SELECT count(*) FROM billing_slice)"
            " FROM billing_run",
        )
        hit = disturb(home, size, seconds / slices, kills, dice)
        home.run(*advance(size), database=None)
        assert_same(home, "abono", "undisturbed")
        home.run(ABONO, "audit", database="abono")
    print(f"{seconds:.1f} s undisturbed, {slices} slices; {hit}")  # noqa: T201 -- for whoever asks with -s
    assert hit.left > 0, "the roll-over was done before all kills were spent"
    assert hit.interrupted == hit.engines
    assert hit.servers_missed == 0
    assert hit.in_transactions > 0.8 * len(kills)
    return hit


def test_a_roll_over_that_is_killed_leaves_no_trace() -> None:
    hit = play(2_000, 20, ["engine"] * 5 + ["server"])
    assert (hit.engines, hit.servers) == (5, 1)


@pytest.mark.crash_full
@pytest.mark.timeout(3_600)
def test_a_roll_over_that_is_killed_fifty_times_leaves_no_trace() -> None:
    hit = play(50_000, 40, ["engine"] * 50 + ["server"] * 3 + ["main process"] * 2)
    assert (hit.engines, hit.servers) == (50, 5)

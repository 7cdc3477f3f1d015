"""``abono demo`` and ``abono up``: web and worker come up, are looked after, and stop when told."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from abono.base.embedded.cluster import found
from abono.base.embedded.processes import postmaster

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ABONO = Path(sys.executable).with_name("abono")
KEY = f"abono_{'x' * 43}"


@pytest.fixture
def database() -> Iterator[str]:
    """The address of an empty database of its own."""
    name = f"test_abono_{os.getpid()}_serving"
    address = os.environ["ABONO_DATABASE_URL"]
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"'.encode())
    yield make_conninfo(address, dbname=name)
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)'.encode())


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def start(database: str, home: Path, *words: str) -> subprocess.Popen[str]:
    env = {name: value for name, value in os.environ.items() if name not in {"ABONO_URL", "PYTHONUNBUFFERED"}}
    env.update(ABONO_DATABASE_URL=database, ABONO_HOME=str(home))
    return subprocess.Popen([str(ABONO), *words], env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


@contextmanager
def serving(database: str, home: Path, *words: str) -> Iterator[subprocess.Popen[str]]:
    """The command as it runs; in the end it is told to stop, and must do so well."""
    with start(database, home, *words) as process:
        try:
            yield process
        finally:
            process.send_signal(signal.SIGTERM)
            code = process.wait(60)
        assert code == 0


def lines_until(process: subprocess.Popen[str], beginning: str) -> list[str]:
    assert process.stdout is not None
    lines = []
    for line in process.stdout:
        lines.append(line.rstrip("\n"))
        if line.startswith(beginning):
            return lines
    raise AssertionError("\n".join(lines))


def offspring(parent: int) -> list[int]:
    """The process ids of what a process has started."""
    return [int(pid) for pid in Path(f"/proc/{parent}/task/{parent}/children").read_text(encoding="ascii").split()]


def children(process: subprocess.Popen[str]) -> dict[str, int]:
    """The process ids of the web and of the two workers."""
    commands = {pid: Path(f"/proc/{pid}/cmdline").read_bytes() for pid in offspring(process.pid)}
    kinds = {b"granian": "web", b"outgoing": "outgoing", b"default": "worker"}
    return {kinds[word]: pid for pid, command in commands.items() for word in kinds if word in command}


def test_the_demo_serves_and_its_people_sign_in(database: str, tmp_path: Path) -> None:
    port = free_port()
    with serving(database, tmp_path, "demo", "--accounts", "8", "--port", str(port)) as process:
        told = lines_until(process, "Serving ")
        assert told[-1].startswith(f"Serving http://127.0.0.1:{port}")
        (email, password) = next(
            found.groups() for line in told if (found := re.match(r"(admin@demo\.example)\s+(\S+)", line))
        )
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", follow_redirects=True, trust_env=False) as browser:
            form = browser.get("/")
            assert form.url.path == "/sign/login/"
            token = browser.cookies["csrftoken"]
            home = browser.post(
                "/sign/login/?next=/", data={"login": email, "password": password, "csrfmiddlewaretoken": token}
            )
            assert (home.status_code, home.url.path) == (200, "/")


def test_what_dies_is_started_again_and_all_stop_together(database: str, tmp_path: Path) -> None:
    port = free_port()
    with serving(database, tmp_path, "up", "--port", str(port), "--workers", "1", "--jobs", "1") as process:
        lines_until(process, "Serving ")
        before = children(process)
        answering = offspring(before["web"])
        assert answering
        os.kill(before["worker"], signal.SIGKILL)
        os.kill(before["web"], signal.SIGKILL)
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            after = children(process)
            if set(after) == {"web", "worker", "outgoing"} and not {after["web"], after["worker"]} & set(
                before.values()
            ):
                break
            time.sleep(0.2)
        assert not {after["web"], after["worker"]} & set(before.values())
        # Ended with their parent; whoever adopted them may take a moment to notice.
        while any(Path(f"/proc/{pid}").exists() for pid in answering):
            assert time.monotonic() < deadline
            time.sleep(0.1)
        while time.monotonic() < deadline:
            try:
                assert httpx.get(f"http://127.0.0.1:{port}/healthz", trust_env=False).text == "ok\n"
                break
            except httpx.HTTPError:
                time.sleep(0.2)
    assert not any(Path(f"/proc/{pid}").exists() for pid in after.values())


def test_a_port_that_is_taken_is_refused(database: str, tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = start(database, tmp_path, "up", "--port", str(port))
        out, _ = done.communicate(timeout=60)
    assert done.returncode == 2
    told = (
        rf"abono: --port: 127\.0\.0\.1:{port} cannot be listened to \(Address already in use by process {os.getpid()} "
    )
    assert re.fullmatch(rf"{told}\(.*\)\); choose another with --port\. \(port_in_use\)\n", out)
    with psycopg.connect(database) as connection:
        assert connection.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").fetchone() == (0,)


@pytest.mark.embedded
def test_a_database_that_dies_is_started_again_and_its_absence_is_no_fault(tmp_path: Path) -> None:
    """Pages and calls say to come again, without a traceback; charging and serving go on by themselves."""
    port = free_port()
    log, statuses = tmp_path / "log", set[int]()
    env = {name: value for name, value in os.environ.items() if not name.startswith(("ABONO_", "PYTHONUNBUFFERED"))}
    env.update(ABONO_HOME=str(tmp_path / "home"), ABONO_STATEMENT_SECONDS="1")
    with log.open("w") as told:
        process = subprocess.Popen([str(ABONO), "up", "--port", str(port)], env=env, stdout=told, stderr=told)
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=20) as web:
            try:
                until(lambda: "Serving " in log.read_text())
                assert web.get("/sign/login/").status_code == 200
                cluster = found(tmp_path / "home")
                number = postmaster(cluster.data) if cluster else None
                assert number
                os.kill(number, signal.SIGKILL)
                for _ in range(10):
                    statuses.add(web.get("/", headers={"Cookie": f"sessionid={'x' * 32}"}).status_code)
                    statuses.add(web.get("/api/v1/me", headers={"Authorization": f"Bearer {KEY}"}).status_code)
                    time.sleep(0.2)
                until(lambda: "the database ended; it is started again" in log.read_text())
                until(lambda: web.get("/healthz").status_code == 200)
                assert web.get("/sign/login/").status_code == 200
            finally:
                process.send_signal(signal.SIGTERM)
                assert process.wait(60) == 0
    assert statuses <= {302, 401, 503}
    requests = [line for line in log.read_text().splitlines() if '"path": "/' in line]
    assert not any("Traceback" in line for line in requests)


def until(holds: Callable[[], bool], seconds: float = 90) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.2)

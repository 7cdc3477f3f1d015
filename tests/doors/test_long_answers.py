"""A long answer waits for its reader in a file, not in memory; nobody reads for ever."""

from __future__ import annotations

import os
import resource
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import httpx
import pytest

from abono.interfaces.cli.serving import web_command
from abono.project.rsgi import Application, Limits
from tests.doors.test_serving import free_port

MEGABYTE = 1_048_576
LONG = 48
SHORT = 1_000_000
SECONDS = 4.0


def answering(environ: dict[str, Any], start: Any) -> Iterator[bytes]:
    """A long answer of numbered pieces; or how much memory this process has ever had, and what it has open."""
    start("200 OK", [("Content-Type", "text/plain")])
    if environ["PATH_INFO"] == "/long":
        for number in range(LONG):
            yield bytes([number]) * MEGABYTE
        return
    if environ["PATH_INFO"] == "/short":
        yield bytes(SHORT)
        return
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    yield f"{peak} {len(list(Path('/proc/self/fd').iterdir()))}".encode()


application = Application(answering, lambda _environ: True, Limits(reader_seconds=SECONDS, long_reader_seconds=SECONDS))


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    port = free_port()
    env = {**os.environ, "TMPDIR": str(tmp_path), "ABONO_HOME": str(tmp_path)}
    command = [*web_command("127.0.0.1", port, 1)[:-1], f"{__name__}:application"]
    with subprocess.Popen(command, env=env, cwd=Path(__file__).parents[2]) as web:
        try:
            found = f"http://127.0.0.1:{port}"
            until = time.monotonic() + 60
            while not answers(found):
                assert time.monotonic() < until
                time.sleep(0.1)
            yield found
        finally:
            web.terminate()


def answers(address: str) -> bool:
    try:
        return httpx.get(address, trust_env=False, timeout=5).is_success
    except httpx.HTTPError:
        return False


def state(address: str) -> tuple[int, int]:
    peak, opened = httpx.get(address, trust_env=False, timeout=20).text.split()
    return int(peak), int(opened)


def asking(address: str, path: bytes = b"/long") -> socket.socket:
    host, port = address.removeprefix("http://").split(":")
    caller = socket.socket()
    caller.settimeout(20)
    # Over a network the system takes little of an answer that is not read; over loopback all of it, in huge segments.
    caller.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    caller.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, 536)
    caller.connect((host, int(port)))
    caller.sendall(b"GET " + path + b" HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n")
    return caller


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_slow_readers_of_long_answers_take_up_no_memory(address: str, tmp_path: Path) -> None:
    before, opened = state(address)
    whole = httpx.get(f"{address}/long", trust_env=False, timeout=30)
    assert whole.headers["content-length"] == str(LONG * MEGABYTE)
    assert whole.content == b"".join(bytes([number]) * MEGABYTE for number in range(LONG))
    with ExitStack() as all_of_them:
        began = time.monotonic()
        slow = [all_of_them.enter_context(asking(address)) for _ in range(4)]
        for each in slow:
            assert each.recv(12).endswith(b"200")
        gone = asking(address)
        gone.close()
        peak, _ = state(address)
        assert peak - before < 4 * LONG * MEGABYTE / 8
        # Whoever reads on after the deadline is told by a body that ends too early.
        time.sleep(max(began + SECONDS + 2 - time.monotonic(), 0))
        received = 0
        while piece := slow[0].recv(MEGABYTE):
            received += len(piece)
        assert 0 < received < LONG * MEGABYTE
    until = time.monotonic() + 20
    while state(address)[1] > opened:
        assert time.monotonic() < until
        time.sleep(0.2)
    assert not list(tmp_path.glob("abono-*"))


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_a_short_answer_that_nobody_reads_is_given_up_too(address: str, tmp_path: Path) -> None:
    _, opened = state(address)
    assert httpx.get(f"{address}/short", trust_env=False, timeout=30).content == bytes(SHORT)
    head = httpx.head(f"{address}/short", trust_env=False, timeout=5)
    assert (head.status_code, head.content) == (200, b"")
    with ExitStack() as all_of_them:
        idle = [all_of_them.enter_context(asking(address, b"/short")) for _ in range(30)]
        # One caller has so many places; the others are told at once.
        statuses = sorted(each.recv(12)[-3:] for each in idle)
        assert statuses == [b"200"] * 24 + [b"503"] * 6
        time.sleep(SECONDS + 2)
        received = 0
        with suppress(ConnectionResetError):
            while piece := idle[0].recv(MEGABYTE):
                received += len(piece)
        assert received < SHORT
        assert httpx.get(f"{address}/short", trust_env=False, timeout=30).content == bytes(SHORT)
    until = time.monotonic() + 20
    while state(address)[1] > opened:
        assert time.monotonic() < until
        time.sleep(0.2)
    assert not list(tmp_path.glob("abono-*"))

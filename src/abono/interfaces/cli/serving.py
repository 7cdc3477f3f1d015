"""``abono up``: web and worker as children of one process that looks after them."""

from __future__ import annotations

import errno
import os
import signal
import socket
import subprocess
import sys
import time
from collections import deque
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import structlog

from abono.base.boot import restart_embedded
from abono.base.processes import follow, listener
from abono.base.refusal import Refusal

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

_log = structlog.get_logger(__name__)
_TICK = 0.2  # float: seconds of waiting
_LOOK = 5
_GRACE = 40
_MOST_DEATHS = 5
_WITHIN = 60
_OUTGOING_JOBS = 4
"""One for webhooks, one for forecasts, which never are two at a time; the others for mails."""


@dataclass
class _Child:
    """A process that is started again when it dies, unless it dies all the time."""

    name: str
    command: list[str]
    process: subprocess.Popen[bytes] | None = None
    deaths: deque[float] = field(default_factory=lambda: deque(maxlen=_MOST_DEATHS))

    def start(self) -> None:
        # A session of its own: Ctrl-C reaches the one who looks after it, who then ends it in order.
        parent = os.getpid()
        self.process = subprocess.Popen(
            self.command,
            start_new_session=True,
            preexec_fn=lambda: follow(parent),  # noqa: PLW1509 -- there is one thread
        )

    def look_after(self) -> bool:
        """Start it again if it died; answers whether there is hope for it."""
        if self.process is None or self.process.poll() is None:
            return True
        self._end_its_own()
        self.deaths.append(time.monotonic())
        if len(self.deaths) == _MOST_DEATHS and self.deaths[-1] - self.deaths[0] < _WITHIN:
            return False
        _log.warning("ended_and_started_again", process=self.name, code=self.process.returncode)
        time.sleep(_TICK * 5)
        self.start()
        return True

    def end(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()

    def wait(self) -> None:
        if self.process is not None:
            try:
                self.process.wait(_GRACE)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
            self._end_its_own()

    def _end_its_own(self) -> None:
        """End the processes that a dead child had started: they would go on answering at its port."""
        if self.process is not None:
            with suppress(ProcessLookupError):  # there are none
                os.killpg(self.process.pid, signal.SIGKILL)


def require_free(host: str, port: int) -> None:
    """Raise a Refusal (port_in_use) if nobody else can listen there."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            holder = listener(port) if error.errno == errno.EADDRINUSE else None
            why = f"{error.strerror} by process {holder}" if holder else error.strerror
            message = f"{host}:{port} cannot be listened to ({why}); choose another with --port."
            raise Refusal(message, field="--port", code="port_in_use") from None


def serve(host: str, port: int, *, workers: int, jobs: int, ready: Callable[[str], None]) -> int:
    """Run web and worker until SIGTERM or Ctrl-C; answers the exit code. ``ready`` hears the address once it answers.

    Raises Refusal (port_in_use).
    """
    require_free(host, port)
    stopping = _stop_on_signals()
    children = [_Child("web", web_command(host, port, workers)), *_workers(jobs)]
    for child in children:
        child.start()
    address = f"http://{f'[{host}]' if ':' in host else host}:{port}"
    told = False
    failed = False
    looked = time.monotonic()
    while not stopping and not failed:
        failed = not all(child.look_after() for child in children)
        if time.monotonic() > looked + _LOOK:
            looked = time.monotonic()
            _see_to_database()
        if not told and _answers(address):
            told = True
            ready(address)
        time.sleep(_TICK)
    for child in children:
        child.end()
    for child in children:
        child.wait()
    return 1 if failed else 0


def _see_to_database() -> None:
    """The embedded database is looked after as the others are; what cannot be done now is tried again."""
    try:
        if restart_embedded():
            sys.stderr.write("abono: the database ended; it is started again\n")
    except Refusal as refusal:
        sys.stderr.write(f"abono: {refusal.message}\n")


def _stop_on_signals() -> list[int]:
    """A list that is no longer empty once the process was told to stop."""
    heard: list[int] = []

    def hear(number: int, _frame: FrameType | None) -> None:
        heard.append(number)

    signal.signal(signal.SIGTERM, hear)
    signal.signal(signal.SIGINT, hear)
    return heard


def web_command(host: str, port: int, workers: int) -> list[str]:
    """The command that serves the web with so many processes."""
    options = {
        "--interface": "rsgi",
        "--http": "1",
        "--host": host,
        "--port": str(port),
        "--workers": str(workers),
        "--log-level": "warning",
        "--log-config": str(Path(__file__).with_name("granian.json")),
        # Heads of requests have a deadline as bodies have, and room for the cookies of a browser.
        "--http1-header-read-timeout": "10000",
        "--http1-buffer-size": "65536",
    }
    pairs = [part for pair in options.items() for part in pair]
    return [sys.executable, "-m", "granian", *pairs, "--no-ws", "abono.project.supervised:application"]


def _workers(jobs: int) -> list[_Child]:
    """Who waits for other people's servers, or makes forecasts, is no process on which charges or renewals wait."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "abono.project.settings")
    return [
        _Child("engine", _worker(jobs, "default")),
        _Child("outgoing", _worker(_OUTGOING_JOBS, "outgoing,forecasts")),
    ]


def _worker(jobs: int, queues: str) -> list[str]:
    return [
        *(sys.executable, "-m", "django", "procrastinate", "worker", "--queues", queues),
        *("--concurrency", str(jobs), "--delete-jobs", "successful"),
    ]


def _answers(address: str) -> bool:
    try:
        return httpx.get(f"{address}/healthz", timeout=2, trust_env=False).is_success
    except httpx.HTTPError:
        return False

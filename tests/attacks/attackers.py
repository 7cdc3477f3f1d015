"""What tries to stop the engine, the web or the mail: each in threads of its own, until it is told to end."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import httpx

SLOW_SENDERS = 200
Step = Callable[[], str]
"""One attempt; answers what came of it."""


class Attackers:
    """Threads that go on with their attempts, and what came of them."""

    def __init__(self) -> None:
        self.outcomes: Counter[str] = Counter()
        self._ended = threading.Event()
        self._threads: list[threading.Thread] = []

    def begin(self, name: str, step: Step, *, threads: int = 1, pause: float = 0.0) -> None:
        """Go on with an attempt in so many threads."""
        for _ in range(threads):
            thread = threading.Thread(target=self._go_on, args=(name, step, pause), daemon=True)
            thread.start()
            self._threads.append(thread)

    def _go_on(self, name: str, step: Step, pause: float) -> None:
        while not self._ended.is_set():
            try:
                outcome = step()
            except (httpx.HTTPError, OSError) as error:
                outcome = type(error).__name__
            self.outcomes[f"{name}: {outcome}"] += 1
            self._ended.wait(pause)

    def end(self) -> None:
        """Let all come to an end."""
        self._ended.set()
        for thread in self._threads:
            thread.join(60)


def slow_bodies(host: str, port: int) -> Step:
    """So many connections that send a letter now and then, to every entrance."""
    paths = (b"/sign/login/", b"/api/v1/usage/batch", b"/api/v1/accounts", b"/")

    def step() -> str:
        with contextlib.ExitStack() as callers:
            kept = []
            for number in range(SLOW_SENDERS):
                caller = callers.enter_context(socket.create_connection((host, port), timeout=10))
                head = b"POST %b HTTP/1.1\r\nhost: %b\r\ncontent-length: 60000\r\n\r\n"
                caller.sendall(head % (paths[number % len(paths)], host.encode()))
                kept.append(caller)
            for _ in range(8):
                time.sleep(1)
                for caller in kept:
                    with contextlib.suppress(OSError):
                        caller.sendall(b"a")
        return "held for 8 seconds"

    return step


def large_bodies(host: str, port: int) -> Step:
    """Hundreds of megabytes into the sign-in form."""

    def step() -> str:
        sent = 0
        with socket.create_connection((host, port), timeout=10) as caller:
            caller.sendall(
                b"POST /sign/login/ HTTP/1.1\r\nhost: %b\r\ncontent-length: 600000000\r\n\r\n" % host.encode()
            )
            with contextlib.suppress(OSError):
                while sent < 600_000_000:
                    caller.sendall(b"a" * 1_000_000)
                    sent += 1_000_000
        return f"{sent // 100_000_000 * 100} MB or more taken" if sent >= 100_000_000 else "stopped early"

    return step


def calls(url: str, method: str, path: str, key: str = "", body: object = None) -> Step:
    """One call of the API again and again, with a key or without; ``body`` may make another one each time."""
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    client = httpx.Client(base_url=url, trust_env=False, timeout=90, headers=headers)

    def step() -> str:
        return str(client.request(method, path, json=body() if callable(body) else body).status_code)

    return step


@contextmanager
def dripping_receiver() -> Iterator[str]:
    """A receiver of webhooks that answers a letter every two seconds, for ever."""
    callers: list[socket.socket] = []
    with socket.create_server(("127.0.0.1", 0), backlog=512) as server:

        def serve() -> None:
            with contextlib.suppress(OSError):
                while True:
                    caller, _ = server.accept()
                    callers.append(caller)
                    threading.Thread(target=drip, args=(caller,), daemon=True).start()

        def drip(caller: socket.socket) -> None:
            with caller, contextlib.suppress(OSError):
                caller.recv(65_536)
                for letter in b"HTTP/1.1 200 OK\r\nx: " + b"y" * 1000:
                    caller.sendall(bytes([letter]))
                    time.sleep(2)

        threading.Thread(target=serve, daemon=True).start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}/"
        for caller in callers:
            caller.close()

"""Slow, endless and forged requests: nobody who is served is held up by them."""

from __future__ import annotations

import asyncio
import contextlib
import io
import os
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from django.db import connection
from granian.rsgi import ProtocolClosed  # type: ignore[attr-defined]

from abono.interfaces.cli.serving import web_command
from abono.interfaces.web.senders import operator_of
from abono.project.rsgi import Application, Limits
from abono.project.wsgi import application as wsgi
from tests.doors.test_serving import free_port

if TYPE_CHECKING:
    from abono.project.callers import Environ

QUICK = Limits(threads=1, waiting=1, strangers_bytes=10, bytes=100, body_seconds=0.2, large_body_seconds=0.2)


@dataclass
class Head:
    """What the server knows of a request before its body."""

    headers: dict[str, str] = field(default_factory=dict)
    method: str = "POST"
    path: str = "/"
    query_string: str = ""
    http_version: str = "1.1"
    scheme: str = "http"
    server: str = "127.0.0.1:80"
    client: str = "127.0.0.1:4711"
    authority: str | None = None


@dataclass
class Wire:
    """A body that comes in pieces, and the answer to it; granian's own protocol, in its terms."""

    pieces: list[bytes]
    pause: float = 0.0
    read: int = 0
    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    answer: bytes = b""

    broken: bool = False

    async def __call__(self) -> bytes:
        body = b"".join([piece async for piece in self])
        if self.broken:
            raise ProtocolClosed
        return body

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in self.pieces:
            await asyncio.sleep(self.pause)
            self.read += len(piece)
            yield piece

    def response_str(self, status: int, _headers: object, text: str) -> None:
        self.status, self.answer = status, text.encode()

    def response_bytes(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
        self.status, self.headers, self.answer = status, dict(headers), body


def echo(environ: Environ, start: Any) -> list[bytes]:
    start("200 OK", [])
    return [environ["wsgi.input"].read()]


def nobody(_environ: Environ) -> int:
    return 0


def somebody(_environ: Environ) -> int:
    return 1


def asked(
    head: Head, wire: Wire, *, known: Callable[[Environ], int | None] = nobody, inner: Callable[..., Any] = echo
) -> Wire:
    async def ask() -> None:
        application = Application(inner, known, QUICK)
        application.__rsgi_init__(asyncio.get_running_loop())
        await application.__rsgi__(head, wire)  # type: ignore[arg-type]

    # A thread of its own: where a browser was driven, this one has a loop already.
    with ThreadPoolExecutor(1) as pool:
        pool.submit(lambda: asyncio.run(ask())).result()
    return wire


def test_a_body_is_received_whole_however_its_length_is_told() -> None:
    assert asked(Head({"content-length": "4"}), Wire([b"ab", b"cd"])).answer == b"abcd"
    assert asked(Head({"transfer-encoding": "chunked"}), Wire([b"ab", b"cd"])).answer == b"abcd"
    assert asked(Head(), Wire([b"never read"])).read == 0


def test_a_body_that_does_not_come_in_time_is_given_up() -> None:
    dripping = asked(Head({"content-length": "9"}), Wire([b"a"] * 9, pause=0.05))
    assert (dripping.status, dripping.read < 9) == (408, True)


def test_a_body_that_breaks_off_is_not_worked_on() -> None:
    broken = asked(Head({"content-length": "9"}), Wire([b"amount=10"[:8]], broken=True))
    assert (broken.status, broken.answer) == (400, b"The body broke off; send it again.\n")


def test_more_than_a_strangers_form_is_read_of_those_only_who_are_known() -> None:
    large = Head({"content-length": "50"})
    stranger, member = asked(large, Wire([b"a" * 50])), asked(large, Wire([b"a" * 50]), known=somebody)
    assert (stranger.status, stranger.read, stranger.answer) == (200, 0, b"")  # judged without a body
    assert (member.status, member.answer) == (200, b"a" * 50)
    endless = asked(Head({"transfer-encoding": "chunked"}), Wire([b"a" * 4] * 1000), known=somebody)
    assert (endless.status, endless.read) == (413, 12)
    huge = asked(Head({"content-length": "600000000"}), Wire([b"a"]), known=somebody)
    assert (huge.status, huge.read) == (200, 0)


@pytest.mark.parametrize(("path", "kind"), [("/api/v1/accounts", "problem+json"), ("/accounts/", "text/html")])
@pytest.mark.django_db
def test_a_large_body_is_answered_as_anything_else_while_the_database_is_away(path: str, kind: str) -> None:
    told: list[object] = []

    def unreachable(environ: Environ) -> int | None:
        connection.settings_dict = {**connection.settings_dict, "HOST": "/nonexistent"}  # this thread's own
        try:
            told.append(operator_of(environ))
        finally:
            connection.close()
        return None

    head = Head({"content-length": "50", "content-type": "application/json", "host": "localhost"}, path=path)
    head.headers |= {"authorization": "Bearer abono_any", "cookie": "sessionid=any-session"}
    wire = asked(head, Wire([b"a" * 50]), known=unreachable, inner=wsgi)
    assert told == [None]
    assert (wire.status, wire.read) == (503, 0)
    assert kind in wire.headers["content-type"]
    assert wire.headers["retry-after"] == "5"


@pytest.fixture
def address(transactional_db: None) -> Iterator[str]:  # noqa: ARG001 -- the tables of the sign-in
    """The web as ``abono up`` serves it, with one process."""
    port = free_port()
    settings = connection.settings_dict
    url = f"postgresql://{settings['USER']}:{settings['PASSWORD']}@/{settings['NAME']}?host={settings['HOST']}"
    url += f"&port={settings['PORT']}" if settings["PORT"] else ""
    env = {**os.environ, "ABONO_DATABASE_URL": url, "ABONO_URL": f"http://127.0.0.1:{port}"}
    with subprocess.Popen(web_command("127.0.0.1", port, 1), env=env) as web:
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
    with contextlib.suppress(httpx.HTTPError):
        return httpx.get(f"{address}/healthz", trust_env=False, timeout=5).is_success
    return False


@pytest.mark.embedded
def test_two_hundred_slow_senders_hold_nobody_up(address: str) -> None:
    host, port = address.removeprefix("http://").split(":")
    callers = []
    with contextlib.ExitStack() as all_of_them:
        for number in range(200):
            caller = all_of_them.enter_context(socket.create_connection((host, int(port))))
            path = (b"/sign/login/", b"/api/v1/usage/batch", b"/")[number % 3]
            caller.sendall(b"POST %b HTTP/1.1\r\nhost: %b\r\ncontent-length: 60000\r\n\r\nslow" % (path, host.encode()))
            callers.append(caller)
        for half in range(50):
            callers[half].sendall(b"ly")
        with httpx.Client(base_url=address, trust_env=False, timeout=10) as browser:
            for _ in range(5):
                began = time.monotonic()
                assert browser.get("/healthz").status_code == 200
                page = browser.get("/sign/login/")
                assert (page.status_code, "password" in page.text) == (200, True)
                token = browser.cookies["csrftoken"]
                form = {"login": "nobody@example.com", "password": "wrong", "csrfmiddlewaretoken": token}
                assert browser.post("/sign/login/", data=form).status_code == 200
                assert time.monotonic() - began < 10


@pytest.mark.embedded
def test_a_strangers_large_body_is_not_read(address: str) -> None:
    host, port = address.removeprefix("http://").split(":")
    for path, status in ((b"/api/v1/usage/batch", b"413"), (b"/api/v1/accounts", b"413"), (b"/sign/login/", b"403")):
        with socket.create_connection((host, int(port)), timeout=10) as caller:
            caller.sendall(
                b"POST %b HTTP/1.1\r\nhost: 127.0.0.1:%b\r\ncontent-type: application/json\r\n"
                b"content-length: 600000000\r\n\r\n{" % (path, port.encode())
            )
            assert caller.recv(12).endswith(status)
    with httpx.Client(base_url=address, trust_env=False) as program:

        def pieces() -> Iterator[bytes]:
            yield from [b'{"a": 1}']

        told = program.post("/api/v1/accounts", content=pieces(), headers={"content-type": "application/json"})
        assert told.status_code == 401  # a body without a told length is read as any other


def test_the_environment_is_of_the_request_alone() -> None:
    from abono.project.rsgi import environ_of

    head = Head({"x_forwarded_for": "6.6.6.6", "x-forwarded-for": "1.2.3.4", "content-type": "text/plain"})
    head.path = "/ä b"
    head.query_string = "q=я"
    environ = environ_of(head)  # type: ignore[arg-type]
    assert environ["QUERY_STRING"] == "q=я".encode().decode("latin-1")
    assert environ["HTTP_X_FORWARDED_FOR"] == "1.2.3.4"
    assert (environ["PATH_INFO"], environ["CONTENT_TYPE"]) == ("/ä b".encode().decode("latin-1"), "text/plain")
    assert (environ["REMOTE_ADDR"], environ["SERVER_PORT"]) == ("127.0.0.1", "80")
    assert isinstance(environ["wsgi.input"], io.BytesIO)
    assert sys.stderr is environ["wsgi.errors"]


@pytest.mark.parametrize("name", ["idempotency-key", "authorization", "content-type", "origin", "x-forwarded-proto"])
def test_a_header_that_may_come_once_is_refused_when_it_comes_twice(name: str) -> None:
    class Twice(dict[str, str]):
        def items(self) -> Any:
            return [(name, "D1"), ("accept", "a"), ("accept", "b"), ("x-forwarded-for", "a"), (name, "D1")]

    wire = asked(Head(Twice()), Wire([b"never read"]))
    assert (wire.status, wire.answer, wire.read) == (400, f"The header {name} may come once.\n".encode(), 0)


@pytest.mark.parametrize("name", ["x-forwarded-for", "x-forwarded-proto", "host", "idempotency-key", "content-type"])
def test_a_header_that_cannot_be_read_is_not_taken_for_none(name: str) -> None:
    class Unreadable(dict[str, str]):
        """As the server has them: the value is left out, the name is not."""

        def keys(self) -> Any:
            return [*super().keys(), name]

    wire = asked(Head(Unreadable({"accept": "a"})), Wire([b"never read"]))
    assert (wire.status, wire.answer) == (400, f"The header {name} may hold ASCII only.\n".encode())
    assert asked(Head(Unreadable({name: "first"})), Wire([])).status == 200  # a second one was left out


@pytest.mark.embedded
def test_what_the_server_really_makes_of_unreadable_headers_and_broken_bodies(address: str) -> None:
    host, port = address.removeprefix("http://").split(":")
    lines = {
        b"x-forwarded-for: 6.6.6.6\xff, 127.0.0.1": b"400",
        b"x-forwarded-proto: https\xff": b"400",
        b"idempotency-key: \xff": b"400",
        b"user-agent: caf\xe9": b"200",
    }
    for line, status in lines.items():
        with socket.create_connection((host, int(port)), timeout=10) as caller:
            caller.sendall(b"GET /sign/login/ HTTP/1.1\r\nhost: 127.0.0.1:%b\r\n%b\r\n\r\n" % (port.encode(), line))
            assert caller.recv(12).endswith(status), line
    for told in (b"content-length: 9\r\n\r\namount=1", b"transfer-encoding: chunked\r\n\r\n9\r\namount=1"):
        with socket.create_connection((host, int(port)), timeout=10) as caller:
            caller.sendall(b"POST /sign/login/ HTTP/1.1\r\nhost: 127.0.0.1:%b\r\n%b" % (port.encode(), told))
            caller.shutdown(socket.SHUT_WR)
            assert caller.recv(12)[-3:] in {b"400", b""}, told

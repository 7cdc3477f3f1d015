"""The web as it is served: a request is received whole, within limits, before one of the few threads works on it.

A thread that waited for a slow sender would be gone for everybody else. Here only the event loop waits: for a body
until its deadline, and for a reader of a long answer, which is written to a file first. Whoever sends more than a
stranger's form needs must have a key or be signed in before the rest is read.
"""

from __future__ import annotations

import asyncio
import io
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from tempfile import SpooledTemporaryFile
from typing import TYPE_CHECKING, Any

from abono.interfaces.web.senders import is_known
from abono.project.wsgi import application as wsgi

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from granian.rsgi import Scope

_IN_MEMORY = 1_048_576
_PIECE = 65_536
_CONTINUES = {"cookie": "; "}
_ONCE = frozenset(
    {"authorization", "content-length", "content-type", "host", "idempotency-key", "origin", "referer"}
    | {"x-csrftoken", "x-forwarded-host", "x-forwarded-proto"}
)
"""Headers that say one thing: of two, one would be somebody else's."""

Environ = dict[str, Any]


@dataclass(frozen=True)
class Limits:
    """What one request, and all together, may take up."""

    threads: int = 4
    waiting: int = 256
    """Requests that wait for a thread; who comes then is told to come again."""
    strangers_bytes: int = 65_536
    """As much of a body is read of anybody: every form of the sign-in fits."""
    bytes: int = 6_291_456
    """Of a body of somebody known; what an address takes at most is judged there."""
    large: int = 16
    """So many bodies beyond a stranger's size are in hand at once."""
    body_seconds: float = 20.0
    """From the head of a request to the end of its body, if it is of a stranger's size."""
    large_body_seconds: float = 120.0
    reader_seconds: float = 600.0
    """From the first byte of an answer to its last."""


class _Refused(Exception):  # noqa: N818 -- an answer, not an error
    """A request that is not worked on at all, with the status that says why."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status, self.sentence = status, sentence


@dataclass
class _Answer:
    """What WSGI answered, whole."""

    status: int = 500
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: Any = None
    """A file, at its beginning."""
    length: int = 0


class Application:
    """An RSGI application around a WSGI one."""

    def __init__(
        self, inner: Callable[..., Iterable[bytes]], known: Callable[[Environ], bool], limits: Limits | None = None
    ) -> None:
        self._inner, self._known, self._limits = inner, known, limits or Limits()
        self._waiting = self._large = 0

    def __rsgi_init__(self, loop: asyncio.AbstractEventLoop) -> None:
        """Make the threads, in the process that serves."""
        self._loop = loop
        self._threads = ThreadPoolExecutor(self._limits.threads, thread_name_prefix="web")
        # Whoever watches over the installation is answered also while all others are at work.
        self._aside = ThreadPoolExecutor(1, thread_name_prefix="health")

    async def __rsgi__(self, scope: Scope, protocol: Any) -> None:
        """Answer one request."""
        environ: Environ = {}
        try:
            environ |= environ_of(scope)
            await self._receive(environ, protocol)
            answer = await self._work(self._answer, environ)
        except _Refused as refused:
            headers = [("content-type", "text/plain; charset=utf-8"), ("connection", "close"), ("retry-after", "1")]
            protocol.response_str(refused.status, headers, f"{refused.sentence}\n")
            return
        finally:
            self._large -= environ.pop("abono.large", False)
        await self._send(answer, protocol)

    async def _work(self, task: Callable[[Environ], Any], environ: Environ) -> Any:
        if environ["PATH_INFO"] == "/healthz":
            return await self._loop.run_in_executor(self._aside, task, environ)
        if self._waiting >= self._limits.waiting:
            raise _Refused(503, "Too many requests wait at this moment; ask again in a second.")
        self._waiting += 1
        try:
            return await self._loop.run_in_executor(self._threads, task, environ)
        finally:
            self._waiting -= 1

    async def _receive(self, environ: Environ, protocol: Any) -> None:
        """Put the body into the environment, as far as it is read at all.

        Of a body that is too large for its sender nothing more is read, and what it is for judges it by its length.
        """
        told = environ.get("CONTENT_LENGTH", "")
        if told == "0" or (not told and "HTTP_TRANSFER_ENCODING" not in environ):
            return
        body = bytearray()
        limits, most = self._limits, self._limits.strangers_bytes
        if told.isdigit() and int(told) > most:
            most = limits.bytes if await self._work(self._known, environ) else 0
            if int(told) > most:
                return
            environ["abono.large"] = self._count_large()
        try:
            async with asyncio.timeout(
                limits.body_seconds if most == limits.strangers_bytes else limits.large_body_seconds
            ):
                async for piece in protocol:
                    body += piece
                    if len(body) > most:
                        raise _Refused(413, "The body is too large, or its length must be told before it.")
        except TimeoutError:
            raise _Refused(408, "The body did not come in time; send it again.") from None
        if told and len(body) != int(told):
            raise _Refused(400, "The body broke off; send it again.")
        environ["CONTENT_LENGTH"] = str(len(body))
        environ["wsgi.input"] = io.BytesIO(body)

    def _count_large(self) -> bool:
        """One more large body in hand; ``__rsgi__`` counts it off. Raises _Refused where there are enough."""
        if self._large >= self._limits.large:
            raise _Refused(503, "Too many large bodies come at this moment; ask again in a second.")
        self._large += 1
        return True

    async def _send(self, answer: _Answer, protocol: Any) -> None:
        """Small answers at once; large ones in pieces of their file; the server queues what is not read yet."""
        with answer.body as body:
            if answer.length <= _IN_MEMORY:
                protocol.response_bytes(answer.status, answer.headers, body.read())
                return
            stream = protocol.response_stream(answer.status, answer.headers)
            async with asyncio.timeout(self._limits.reader_seconds):
                while piece := body.read(_PIECE):
                    await stream.send_bytes(piece)

    def _answer(self, environ: Environ) -> _Answer:
        """Run the WSGI application to its end, in one thread."""
        answer = _Answer(body=SpooledTemporaryFile(_IN_MEMORY))  # noqa: SIM115 -- closed when it was sent

        def start(status: str, headers: list[tuple[str, str]], _error: Any = None) -> Callable[[bytes], object]:
            answer.status = int(status[:3])
            answer.headers = [(name.lower(), value) for name, value in headers]
            return answer.body.write  # type: ignore[no-any-return]

        pieces = self._inner(environ, start)
        try:
            for piece in pieces:
                answer.body.write(piece)
        finally:
            getattr(pieces, "close", lambda: None)()
        answer.length = answer.body.tell()
        answer.body.seek(0)
        return answer


def environ_of(scope: Scope) -> Environ:
    """The WSGI environment of a request. A header whose name holds an underscore is none: it would pass for another.

    Raises _Refused where a header that may come once comes twice.
    """
    host, _, port = scope.server.rpartition(":")
    address, _, remote_port = scope.client.rpartition(":")
    environ: Environ = {
        "REQUEST_METHOD": scope.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": scope.path.encode().decode("latin-1"),
        "QUERY_STRING": scope.query_string.encode().decode("latin-1"),
        "SERVER_NAME": host,
        "SERVER_PORT": port,
        "SERVER_PROTOCOL": f"HTTP/{scope.http_version}",
        "REMOTE_ADDR": address.strip("[]"),
        "REMOTE_PORT": remote_port,
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope.scheme,
        "wsgi.input": io.BytesIO(),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
    if scope.authority:
        environ["HTTP_HOST"] = scope.authority
    for name, value in scope.headers.items():
        if "_" in name or (name == "host" and scope.authority):  # the absolute form says more (RFC 9112)
            continue
        key = name.upper().replace("-", "_")
        key = key if key in {"CONTENT_TYPE", "CONTENT_LENGTH"} else f"HTTP_{key}"
        if key in environ and name in _ONCE:
            raise _Refused(400, f"The header {name} may come once.")
        environ[key] = f"{environ[key]}{_CONTINUES.get(name, ',')}{value}" if key in environ else value
    return environ


os.environ.setdefault("DJANGO_SETTINGS_MODULE", "abono.project.settings")
application = Application(wsgi, is_known)

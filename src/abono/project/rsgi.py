"""The web as it is served: a request is received whole, within limits, before one of the few threads works on it.

A thread that waited for a slow sender would be gone for everybody else. Here only the event loop waits: for a body
until its deadline, and for the reader of an answer that is more than the system takes at once, which is given to the
server only as fast as it is read; a long one is in a file meanwhile. Whoever sends more than a stranger's form needs
must have a key or be signed in before the rest is read.
"""

from __future__ import annotations

import asyncio
import io
import os
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryFile, gettempdir
from typing import IO, TYPE_CHECKING, Any, TypeVar
from uuid import uuid4

from granian.rsgi import ProtocolClosed  # type: ignore[attr-defined]

from abono.base.database import UNJUDGED
from abono.interfaces.web.senders import operator_of, tenant_of
from abono.project.callers import Callers, Environ
from abono.project.turns import Caller, Full, Shares, Turns
from abono.project.wsgi import application as wsgi

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Iterator

    from granian.rsgi import Scope

_IN_MEMORY = 1_048_576
_PIECE = _PIPE = 65_536
_BROKEN = "The body broke off; send it again."
_ALL, _OF, _BY = "all", "of", "by"
_CONTINUES = {"cookie": "; "}
_ONCE = frozenset(
    {"authorization", "content-length", "content-type", "host", "idempotency-key", "origin", "referer"}
    | {"x-csrftoken", "x-forwarded-host", "x-forwarded-proto"}
)
"""Headers that say one thing: of two, one would be somebody else's."""
_READ = _ONCE | {"x-forwarded-for"}
"""Headers by which a request is judged: one that cannot be read is not taken for one that was not sent."""

_Task = TypeVar("_Task")


@dataclass(frozen=True)
class Limits:
    """What one request, and all together, may take up."""

    threads: int = 6
    tenant_threads: int = 4
    """Of them at work for one tenant: the others always find some."""
    caller_threads: int = 2
    waiting: int = 256
    """Requests that wait for a thread; who comes then is told to come again."""
    tenant_waiting: int = 128
    strangers_bytes: int = 65_536
    """As much of a body is read of anybody: every form of the sign-in fits."""
    bytes: int = 6_291_456
    """Of a body of somebody known; what an address takes at most is judged there."""
    large: int = 16
    """So many bodies beyond a stranger's size are in hand at once."""
    tenant_large: int = 8
    body_seconds: float = 20.0
    """From the head of a request to the end of its body, if it is of a stranger's size."""
    large_body_seconds: float = 120.0
    read: int = 64
    """So many answers beyond a piece are being read at once."""
    tenant_read: int = 48
    caller_read: int = 24
    reader_seconds: float = 60.0
    """From the first byte of such an answer to its last."""
    long_reader_seconds: float = 600.0
    """The same if it is so long that it is in a file."""
    fetch_seconds: float = 10.0
    """Until the server takes the first of such an answer; it never does for somebody who is gone already."""


class _Refused(Exception):  # noqa: N818 -- an answer, not an error
    """A request that is not worked on at all, with the status that says why."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status, self.sentence = status, sentence


@dataclass
class _Answer:
    """What WSGI answered, whole; what is long is in a file, at its beginning."""

    status: int = 500
    headers: list[tuple[str, str]] = field(default_factory=list)
    pieces: list[bytes] = field(default_factory=list)
    file: IO[bytes] | None = None
    length: int = 0

    def write(self, piece: bytes) -> None:
        """One more piece of the body."""
        self.length += len(piece)
        if self.file is None and self.length > _IN_MEMORY:
            self.file = TemporaryFile()  # noqa: SIM115 -- closed when it was sent
            self.file.writelines(self.pieces)
            self.pieces.clear()
        if self.file is None:
            self.pieces.append(piece)
        else:
            self.file.write(piece)


class Application:
    """An RSGI application around a WSGI one."""

    def __init__(
        self,
        inner: Callable[..., Iterable[bytes]],
        operator_of: Callable[[Environ], int | None],
        limits: Limits | None = None,
        tenant_of: Callable[[int], int] = int,
    ) -> None:
        self._inner, self._limits = inner, limits or Limits()
        self._callers = Callers(operator_of, tenant_of)
        self._read: Counter[Hashable] = Counter()
        self._large: Counter[Hashable] = Counter()

    def __rsgi_init__(self, loop: asyncio.AbstractEventLoop) -> None:
        """Make the threads, in the process that serves."""
        self._loop = loop
        limits = self._limits
        self._threads = ThreadPoolExecutor(limits.threads, thread_name_prefix="web")
        self._turns = Turns(
            Shares(limits.threads, limits.tenant_threads, limits.caller_threads, limits.waiting, limits.tenant_waiting)
        )
        # Whoever watches over the installation is answered also while all others are at work.
        self._aside = ThreadPoolExecutor(1, thread_name_prefix="health")

    async def __rsgi__(self, scope: Scope, protocol: Any) -> None:
        """Answer one request."""
        environ: Environ = {}
        try:
            environ |= environ_of(scope)
            await self._receive(environ, protocol)
            answer = await self._work(environ)
        except _Refused as refused:
            _refuse(refused, protocol)
            return
        finally:
            self._large.subtract(environ.pop("abono.large", ()))
        if answer.length <= _PIPE or environ["REQUEST_METHOD"] == "HEAD":
            protocol.response_bytes(answer.status, answer.headers, b"".join(answer.pieces))
            return
        with answer.file or io.BytesIO(b"".join(answer.pieces)) as file:
            try:
                with self._reading(self._callers.of(environ)):
                    await self._send(answer, file, protocol)
            except _Refused as refused:
                _refuse(refused, protocol)

    async def _work(self, environ: Environ) -> _Answer:
        if environ["PATH_INFO"] == "/healthz":
            return await self._loop.run_in_executor(self._aside, self._answer, environ)
        if self._callers.is_unknown(environ):
            await self._in_turn(self._callers.judge, environ)
        return await self._in_turn(self._answer, environ)

    async def _in_turn(self, task: Callable[[Environ], _Task], environ: Environ) -> _Task:
        """Have a thread do it, when it is its caller's turn. Raises _Refused."""
        try:
            async with self._turns.turn(self._callers.of(environ)):
                found = await self._loop.run_in_executor(self._threads, task, environ)
        except Full:
            raise _Refused(503, "Too many requests wait at this moment; ask again in a second.") from None
        self._callers.remember(environ)
        return found

    async def _receive(self, environ: Environ, protocol: Any) -> None:
        """Put the body into the environment, as far as it is read at all.

        Of a body that is too large for its sender nothing more is read, and what it is for judges it by its length.
        """
        told = environ.get("CONTENT_LENGTH", "")
        if told == "0" or (not told and "HTTP_TRANSFER_ENCODING" not in environ):
            return
        limits, most = self._limits, self._limits.strangers_bytes
        if told.isdigit() and int(told) > most:
            operator = await self._in_turn(self._callers.judge, environ)
            if operator is None:
                environ[UNJUDGED] = True
            most = limits.bytes if operator else 0
            if int(told) > most:
                return
            environ["abono.large"] = self._count_large(self._callers.of(environ).tenant)
        try:
            async with asyncio.timeout(
                limits.body_seconds if most == limits.strangers_bytes else limits.large_body_seconds
            ):
                # Of a body with a length the server reads no more than that, and in one go.
                endless = "HTTP_TRANSFER_ENCODING" in environ
                body = await (_pieces(protocol, most) if endless else protocol())
        except TimeoutError:
            raise _Refused(408, "The body did not come in time; send it again.") from None
        except ProtocolClosed:
            raise _Refused(400, _BROKEN) from None
        environ["CONTENT_LENGTH"] = str(len(body))
        environ["wsgi.input"] = io.BytesIO(body)

    def _count_large(self, tenant: Hashable) -> list[Hashable]:
        """One more large body in hand, also of a tenant; ``__rsgi__`` counts it off. Raises _Refused."""
        if self._large[_ALL] >= self._limits.large or self._large[_OF, tenant] >= self._limits.tenant_large:
            raise _Refused(503, "Too many large bodies come at this moment; ask again in a second.")
        counted: list[Hashable] = [_ALL, (_OF, tenant)]
        self._large.update(counted)
        return counted

    @contextmanager
    def _reading(self, caller: Caller) -> Iterator[None]:
        """Inside, one more answer is being read; nobody's slow readers take all places. Raises _Refused."""
        limits, counted = self._limits, [_ALL, (_OF, caller.tenant), (_BY, caller.one)]
        most = (limits.read, limits.tenant_read, limits.caller_read)
        if any(self._read[each] >= places for each, places in zip(counted, most, strict=True)):
            raise _Refused(503, "Too many long answers are being read at this moment; ask again soon.")
        self._read.update(counted)
        try:
            yield
        finally:
            self._read.subtract(counted)
            self._read = +self._read

    async def _send(self, answer: _Answer, file: IO[bytes], protocol: Any) -> None:
        """Send an answer as fast as it is read.

        What the server is given has no bound; of a file it reads one piece after the other. This one is a pipe, so that
        it is known when the reader has all of it, is gone, or took too long.
        """
        limits = self._limits
        # Told anew: an answer that ends before its length is cut off for its reader too.
        headers = [*(pair for pair in answer.headers if pair[0] != "content-length")]
        headers.append(("content-length", str(answer.length)))
        try:
            with _pipe() as (name, outlet, inlet):
                protocol.response_file(answer.status, headers, name)
                async with asyncio.timeout(
                    limits.reader_seconds if answer.file is None else limits.long_reader_seconds
                ):
                    async with asyncio.timeout(limits.fetch_seconds):
                        await self._write(inlet, file.read(_PIPE + 1))  # more than fits: the server reads
                    outlet.close()
                    while piece := file.read(_PIECE):
                        await self._write(inlet, piece)
        except (TimeoutError, BrokenPipeError):
            pass  # the reader is gone, or has to ask again

    async def _write(self, inlet: io.FileIO, piece: bytes) -> None:
        rest = memoryview(piece)
        while rest:
            written = inlet.write(rest)
            if written is None:  # it is full
                ready = asyncio.Event()
                self._loop.add_writer(inlet, ready.set)
                try:
                    await ready.wait()
                finally:
                    self._loop.remove_writer(inlet)
            rest = rest[written or 0 :]

    def _answer(self, environ: Environ) -> _Answer:
        """Run the WSGI application to its end, in one thread."""
        answer = _Answer()

        def start(status: str, headers: list[tuple[str, str]], _error: Any = None) -> Callable[[bytes], object]:
            answer.status = int(status[:3])
            answer.headers = [(name.lower(), value) for name, value in headers]
            return answer.write

        pieces = self._inner(environ, start)
        try:
            for piece in pieces:
                answer.write(piece)
        finally:
            getattr(pieces, "close", lambda: None)()
        if answer.file is not None:
            answer.file.seek(0)
        self._callers.note(environ)
        return answer


@contextmanager
def _pipe() -> Iterator[tuple[str, io.FileIO, io.FileIO]]:
    """A pipe with a name of its own, by which nobody else's can be opened late; and its two ends, which never wait."""

    def opener(path: str, flags: int) -> int:
        return os.open(path, flags | os.O_NONBLOCK)

    name = str(Path(gettempdir()) / f"abono-{uuid4().hex}")
    os.mkfifo(name, 0o600)
    try:
        with (
            open(name, "rb", buffering=0, opener=opener) as outlet,
            open(name, "wb", buffering=0, opener=opener) as inlet,
        ):
            yield name, outlet, inlet
    finally:
        Path(name).unlink()


def _refuse(refused: _Refused, protocol: Any) -> None:
    headers = [("content-type", "text/plain; charset=utf-8"), ("connection", "close"), ("retry-after", "1")]
    protocol.response_str(refused.status, headers, f"{refused.sentence}\n")


async def _pieces(protocol: Any, most: int) -> bytes:
    """A body whose length nobody told. Raises _Refused where it is more than may be, or does not come to its end."""
    body = bytearray()
    empty = 0
    async for piece in protocol:
        body += piece
        empty += not piece
        if len(body) > most:
            raise _Refused(413, "The body is too large, or its length must be told before it.")
    if empty > 1:  # the server tells of the end by an empty piece, and of a failure by another
        raise _Refused(400, _BROKEN)
    return bytes(body)


def environ_of(scope: Scope) -> Environ:
    """The WSGI environment of a request. A header whose name holds an underscore is none: it would pass for another.

    Raises _Refused where a header that may come once comes twice, or one that counts cannot be read.
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
        key = _key(name)
        if key in environ and name in _ONCE:
            raise _Refused(400, f"The header {name} may come once.")
        environ[key] = f"{environ[key]}{_CONTINUES.get(name, ',')}{value}" if key in environ else value
    # The server leaves out values that are not ASCII, not their names.
    for name in _READ.intersection(scope.headers.keys()):
        if _key(name) not in environ:
            raise _Refused(400, f"The header {name} may hold ASCII only.")
    return environ


def _key(name: str) -> str:
    key = name.upper().replace("-", "_")
    return key if key in {"CONTENT_TYPE", "CONTENT_LENGTH"} else f"HTTP_{key}"


os.environ.setdefault("DJANGO_SETTINGS_MODULE", "abono.project.settings")
application = Application(wsgi, operator_of, tenant_of=tenant_of)

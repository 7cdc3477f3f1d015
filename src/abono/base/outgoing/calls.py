"""One call to somebody else's server: it ends by its deadline, whatever the other side does."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import httpcore
import httpx

from abono.base.outgoing.addresses import public_addresses
from abono.base.refusal import Refusal

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from ssl import SSLContext

_PIECE = 16_384
_MOST_ERROR = 200
_SUCCESS = range(200, 300)


@dataclass(frozen=True)
class Limits:
    """``seconds`` from the first look-up to the last byte; of the answer's body so many bytes are read."""

    seconds: float = 15.0
    connect: float = 5.0
    answer_bytes: int = 4_096


@dataclass(frozen=True)
class Outcome:
    """What came of one attempt: the HTTP status, if there was one, what was wrong, if anything was, and how it went."""

    status: int | None
    error: str = ""
    body: bytes = b""
    quick: bool = True


def post(url: str, content: bytes, headers: Mapping[str, str], limits: Limits | None = None) -> Outcome:
    """POST to a public address; never raises. Redirects are not followed, they could lead anywhere."""
    limits = limits or Limits()
    try:
        status, body = _exchange(url, content, headers, limits)
    except Refusal as refusal:
        return Outcome(None, refusal.message[:_MOST_ERROR])
    except (httpcore.TimeoutException, TimeoutError):
        return Outcome(None, f"no complete answer within {limits.seconds:g} seconds")
    except Exception as error:  # noqa: BLE001 -- whatever a stranger's server causes belongs to this attempt alone
        return Outcome(None, f"{type(error).__name__}: {error}"[:_MOST_ERROR])
    return Outcome(status, "" if status in _SUCCESS else f"answered {status}", body)


def _exchange(url: str, content: bytes, headers: Mapping[str, str], limits: Limits) -> tuple[int, bytes]:
    until = time.monotonic() + limits.seconds
    wants = {**headers, "accept-encoding": "identity", "connection": "close"}
    # Certificates are checked against the same authorities as everywhere, or those of SSL_CERT_FILE.
    with (
        httpcore.ConnectionPool(
            ssl_context=_tls(), network_backend=_Backend(until, limits.connect), max_connections=1, retries=0
        ) as pool,
        pool.stream("POST", _target(url), headers=list(wants.items()), content=content) as response,
    ):
        body = b""
        for piece in response.iter_stream():
            body += piece[: limits.answer_bytes - len(body)]
            if len(body) >= limits.answer_bytes:
                break
        return int(response.status), body


def _target(url: str) -> httpcore.URL:
    parts = httpx.URL(url)
    return httpcore.URL(scheme=parts.raw_scheme, host=parts.raw_host, port=parts.port, target=parts.raw_path)


_context: list[SSLContext] = []


def _tls() -> SSLContext:
    """Reading the authorities takes longer than a call: once in a process."""
    if not _context:
        _context.append(httpx.create_ssl_context())
    return _context[0]


class _Backend(httpcore.NetworkBackend):
    """Connects to the addresses that were judged, and to no other; all that follows is over by the deadline."""

    def __init__(self, until: float, connect: float) -> None:
        self._until, self._connect, self._inner = until, connect, httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ARG002 -- the deadline says more
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        """The first address that answers. Raises PrivateAddress, and what the last one failed with."""
        failed: Exception | None = None
        for address in public_addresses(host, seconds=min(self._connect, _left(self._until))):
            try:
                stream = self._inner.connect_tcp(
                    address, port, min(self._connect, _left(self._until)), local_address, socket_options
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failed = error
                continue
            return _Stream(stream, self._until)
        raise failed or httpcore.ConnectError(f"{host} cannot be reached")


class _Stream(httpcore.NetworkStream):
    """A connection on which one deadline holds for all reads and writes together."""

    def __init__(self, inner: httpcore.NetworkStream, until: float) -> None:
        self._inner, self._until = inner, until

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ARG002 -- the deadline says more
        return self._inner.read(max_bytes, _left(self._until))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ARG002
        for start in range(0, len(buffer), _PIECE):
            self._inner.write(buffer[start : start + _PIECE], _left(self._until))

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self,
        ssl_context: SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ARG002
    ) -> httpcore.NetworkStream:
        return _Stream(self._inner.start_tls(ssl_context, server_hostname, _left(self._until)), self._until)

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)


def _left(until: float) -> float:
    left = until - time.monotonic()
    if left <= 0:
        raise httpcore.ReadTimeout
    return left

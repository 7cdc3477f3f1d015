"""When the server starts and when it stops.

A server belongs to the home, not to the command that happened to start it: it is detached, whoever comes next
joins it, and the last one to leave stops it. A process that is killed cannot stop it; the next command then
finds it running.
"""

from __future__ import annotations

import atexit
import contextlib
import logging
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from abono.base.embedded import cluster as clusters
from abono.base.embedded import server
from abono.base.embedded.errors import EmbeddedPostgresError
from abono.base.embedded.locks import Use, alone

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from abono.base.embedded.cluster import Cluster

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Claim:
    """This process's use of a home's server; `count` callers in it rely on it."""

    pid: int
    use: Use
    cluster: Cluster
    count: int = 0


_claims: dict[Path, _Claim] = {}


def ensure_running(home: Path, *, keep: bool = False) -> str:
    """Returns the libpq URL of the home's server (a Unix socket), after making and starting what is missing.

    This process counts as a user until it ends or calls ``release``; the last user stops the server. A forked
    child uses it on its parent's account, unless it calls this itself. With `keep` the server stays until
    ``stop``. Commands that come at once share one server. Raises EmbeddedPostgresError.
    """
    home = clusters.open_home(home)
    with alone(_gate(home)):
        claim = _claim(home)
        try:
            server.bring_up(claim.cluster)
            if keep:
                _keep(home).touch(mode=0o600)
        except BaseException:
            _give_up(home, claim)
            raise
        return claim.cluster.address()


@contextlib.contextmanager
def running(home: Path, *, keep: bool = False) -> Iterator[str]:
    """The URL of the home's server, used until the block ends; see ``ensure_running``."""
    address = ensure_running(home, keep=keep)
    try:
        yield address
    finally:
        _leave(home.expanduser().resolve(), 1)


def release(home: Path) -> None:
    """This process uses the server no more; stops it if nobody else does and nobody asked to keep it.

    Runs by itself when the process ends. Does nothing in a forked child, for it is the parent's server.
    """
    _leave(home.expanduser().resolve(), None)


def stop(home: Path) -> bool:
    """Stops the home's server, whoever uses it; False when none was running."""
    home = home.expanduser().resolve()
    if not home.is_dir():
        return False
    with alone(_gate(home)):
        _keep(home).unlink(missing_ok=True)
        cluster = clusters.found(home)
        return cluster is not None and server.stop(cluster)


def remove(home: Path) -> None:
    """Stops the home's server and removes its data for good; refused (``in_use``) while another process uses it."""
    home = home.expanduser().resolve()
    with alone(_gate(home)):
        claim = _claims.pop(home, None)
        use = claim.use if claim and claim.pid == os.getpid() else Use(_users(home))
        if not use.give_back():
            raise EmbeddedPostgresError(
                "in_use", f"The database in {home} is in use; stop `abono up` or `abono demo` there and repeat it."
            )
        cluster = clusters.found(home)
        if cluster is not None:
            server.remove(cluster)


def _claim(home: Path) -> _Claim:
    """This process's claim with one more caller on it; only while the gate is held."""
    claim = _claims.get(home)
    cluster = clusters.settle(home)
    if claim and claim.pid == os.getpid() and claim.cluster != cluster:  # the home was removed and made anew
        _end(home, claim)
        claim = None
    if claim is None or claim.pid != os.getpid():
        claim = _claims[home] = _Claim(os.getpid(), Use(_users(home)), cluster)
        atexit.register(_leave_at_exit, home)
    claim.count += 1
    return claim


def _leave(home: Path, callers: int | None) -> None:
    """Takes `callers` (None: all) off this process's claim and, if none is left, ends it."""
    with contextlib.ExitStack() as gate:
        with contextlib.suppress(FileNotFoundError):  # the home was removed: nobody new can come through it
            gate.enter_context(alone(_gate(home)))
        claim = _claims.get(home)
        if claim is None or claim.pid != os.getpid():
            return
        claim.count -= claim.count if callers is None else callers
        if claim.count <= 0:
            _end(home, claim)


def _end(home: Path, claim: _Claim) -> None:
    del _claims[home]
    if claim.use.give_back() and not _keep(home).exists():
        server.stop(claim.cluster)


def _give_up(home: Path, claim: _Claim) -> None:
    """After a failed start: what is half started is stopped, and the first error is the one that is told."""
    claim.count -= 1
    if claim.count == 0:
        with contextlib.suppress(EmbeddedPostgresError):
            _end(home, claim)


def _leave_at_exit(home: Path) -> None:
    try:
        _leave(home, None)
    except EmbeddedPostgresError as error:
        _log.warning("%s", error)


def _gate(home: Path) -> Path:
    return home / "postgres.lock"


def _users(home: Path) -> Path:
    return home / "postgres.users"


def _keep(home: Path) -> Path:
    return home / "postgres.keep"

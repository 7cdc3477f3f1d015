"""Who is starting or stopping the server, and who uses it: two files in the home, locked with ``flock``.

The kernel takes the locks of a process that dies, however it dies, so nothing ever has to be guessed or
cleaned up.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from typing import TYPE_CHECKING

from abono.base.embedded.errors import EmbeddedPostgresError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextlib.contextmanager
def alone(file: Path) -> Iterator[None]:
    """Waits for its turn and then holds `file` alone; also among the threads of one process."""
    descriptor = _open(file)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        _let_go(descriptor)


class Use:
    """A shared lock that says "I use the server", held until it is given back or the process dies.

    Take and give back only while starting and stopping is locked: nobody then holds the file alone.
    """

    def __init__(self, file: Path) -> None:
        self._descriptor = _open(file)
        fcntl.flock(self._descriptor, fcntl.LOCK_SH)

    def give_back(self) -> bool:
        """Ends the use; True when it was the last one."""
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        else:
            return True
        finally:
            _let_go(self._descriptor)


def _open(file: Path) -> int:
    try:
        return os.open(file, os.O_CREAT | os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise EmbeddedPostgresError(
            "home_not_writable", f"The file {file} cannot be used: {error.strerror or error}."
        ) from None


def _let_go(descriptor: int) -> None:
    # Closing alone would leave the lock with a forked child that inherited the descriptor.
    fcntl.flock(descriptor, fcntl.LOCK_UN)
    os.close(descriptor)

"""Processes that belong together: what a parent started ends with it, however it ends."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from pathlib import Path

_PR_SET_PDEATHSIG = 1
_LISTENING = "0A"
_MOST_WORDS = 80


def follow(parent: int) -> None:
    """Have the kernel end this process (SIGTERM) once its parent is gone, killed or not; on Linux only."""
    if sys.platform != "linux":
        return
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:  # it was gone before the kernel was asked
        os.kill(os.getpid(), signal.SIGTERM)


def listener(port: int) -> str | None:
    """The process that listens at a port, as ``number (command)``; None where that cannot be seen."""
    sockets = {f"socket:[{inode}]" for table in ("tcp", "tcp6") for inode in _listening(Path("/proc/net", table), port)}
    for folder in Path("/proc").glob("[0-9]*") if sockets else ():
        try:
            if any(str(held.readlink()) in sockets for held in (folder / "fd").iterdir()):
                command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
                return f"{folder.name} ({command[:_MOST_WORDS]})"
        except OSError:  # another user's, or it has just ended
            continue
    return None


def _listening(table: Path, port: int) -> list[str]:
    try:
        rows = [line.split() for line in table.read_text(encoding="ascii").splitlines()[1:]]
    except OSError:
        return []
    return [row[9] for row in rows if row[3] == _LISTENING and int(row[1].rpartition(":")[2], 16) == port]

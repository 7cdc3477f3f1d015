"""Which processes are our server's.

A process number in a file proves nothing: the process may be long dead and its number given to another. A
PostgreSQL process works in its data folder, so a process is ours when it is a ``postgres`` whose working
folder is that folder.
"""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

_PROC = Path("/proc")
_HAS_PROC = (_PROC / "self" / "cwd").exists()


def postmaster(data: Path) -> int | None:
    """The number of the main process that serves this data folder, or None when none does."""
    pid = first_number(data / "postmaster.pid")
    return pid if pid is not None and _serves(pid, data) else None


def status(data: Path) -> str:
    """What the main process last noted of itself: ``starting``, ``ready`` or ``stopping``, if anything."""
    lines = _lines(data / "postmaster.pid")
    return lines[7].strip() if len(lines) > 7 else ""  # noqa: PLR2004 -- the eighth line of postmaster.pid


def server_processes(data: Path) -> list[int]:
    """Every process of a server on this data folder, also those whose main process was killed."""
    if not _HAS_PROC:
        pid = postmaster(data)
        return [] if pid is None else [pid]
    pids = [int(entry.name) for entry in _PROC.iterdir() if entry.name.isdigit()]
    return [pid for pid in pids if _serves(pid, data)]


def await_end(data: Path, *, seconds: float) -> bool:
    """Waits until no process serves this data folder; False when `seconds` did not suffice."""
    deadline = time.monotonic() + seconds
    while server_processes(data):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def end_orphans(data: Path) -> bool:
    """Ends what a killed server left behind, so that a new one may have the data; False when something stays.

    Only for a data folder that has no main process: PostgreSQL recovers from its log in any case.
    """
    for number, seconds in ((signal.SIGQUIT, 5), (signal.SIGKILL, 5)):
        for pid in server_processes(data):
            _send(pid, number)
        if await_end(data, seconds=seconds):
            return True
    return False


def interrupt(pid: int) -> None:
    """Asks a main process for a fast, clean stop."""
    _send(pid, signal.SIGINT)


def is_running(pid: int) -> bool:
    """Whether any process at all has this number."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def first_number(file: Path) -> int | None:
    """The number on the first line of a lock file of PostgreSQL's; None when there is none."""
    lines = _lines(file)
    return int(lines[0]) if lines and lines[0].strip().isdigit() else None


def _serves(pid: int, data: Path) -> bool:
    if not _HAS_PROC:
        return is_running(pid)
    try:
        folder = (_PROC / str(pid) / "cwd").readlink()
        program = (_PROC / str(pid) / "exe").readlink()
    except OSError:
        return False
    return folder == data and program.name.startswith("postgres")


def _lines(file: Path) -> list[str]:
    try:
        return file.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []


def _send(pid: int, number: signal.Signals) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return

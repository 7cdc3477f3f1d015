"""Which installation this is: its home, what it is for, and where it is reached while it is served."""

from __future__ import annotations

import fcntl
import json
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

from abono.base.environment import home
from abono.base.refusal import Refusal
from abono.base.secret import SECRET

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_SERVED = "served"
_DEMO = "demo.txt"
_MADE = ("postgres.json", SECRET)
"""One of these is in the home of every installation."""


def is_made(folder: Path) -> bool:
    """Whether an installation lives in a folder."""
    return any((folder / name).exists() for name in _MADE)


def require_made() -> None:
    """Refuse (``no_installation``) where neither the home nor a database's address leads to one."""
    if not os.environ.get("ABONO_DATABASE_URL") and not is_made(home()):
        message = (
            f"There is no installation in {home().resolve()}; go to the folder of yours, name its home by ABONO_HOME,"
            " or begin one with `abono up`."
        )
        raise Refusal(message, code="no_installation")


def is_demo(folder: Path) -> bool:
    """Whether a home is marked as one of a demo."""
    return (folder / _DEMO).exists()


def require_demo() -> None:
    """Raise Refusal ``not_a_demo`` unless the home says that it is a demo's, and has its database."""
    if os.environ.get("ABONO_DATABASE_URL"):
        message = "The demo is in a database of your own (ABONO_DATABASE_URL); drop that one yourself."
        raise Refusal(message, code="not_a_demo")
    if not is_demo(home()):
        raise Refusal(f"There is no demo in {home().resolve()}; nothing was removed.", code="not_a_demo")


def unmark(folder: Path) -> None:
    """This home is nothing any more."""
    (folder / _DEMO).unlink()


def mark_as_demo(folder: Path) -> None:
    """From now on everybody knows that what is in this home is played."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    (folder / _DEMO).write_text("The world of `abono demo`; `abono demo --forget` removes it.\n", encoding="utf-8")


@contextmanager
def announced(address: str) -> Iterator[None]:
    """While this lasts, and not longer than this process lives, other commands know where people reach it."""
    file = os.open(home() / _SERVED, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:  # another one of the same home was first
        os.close(file)
        yield
        return
    os.ftruncate(file, 0)
    os.write(file, json.dumps({"address": address, "process": os.getpid()}).encode())
    try:
        yield
    finally:
        os.ftruncate(file, 0)
        os.close(file)


def served_at() -> str | None:
    """Where people reach this installation, if it is being served from this home right now."""
    try:
        file = os.open(home() / _SERVED, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        told: str = json.loads(os.read(file, 10_000))["address"]
        return told
    else:
        return None
    finally:
        os.close(file)

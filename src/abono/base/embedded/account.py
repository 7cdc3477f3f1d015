"""Which user of the machine runs the server: PostgreSQL refuses to run as root."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
from dataclasses import dataclass

from abono.base.embedded.errors import EmbeddedPostgresError, telling_line

SYSTEM_USER = "abono"


@dataclass(frozen=True, slots=True)
class Account:
    """A user of the machine."""

    name: str
    uid: int
    gid: int


def is_root() -> bool:
    """Whether we are root and so need another user for the server."""
    return os.geteuid() == 0


def current_account() -> Account:
    """The user that we are; refused (``no_user_name``) when the machine has no name for us."""
    try:
        entry = pwd.getpwuid(os.geteuid())
    except KeyError:
        raise EmbeddedPostgresError(
            "no_user_name",
            f"The user id {os.geteuid()} has no name on this machine and PostgreSQL needs one; add it to /etc/passwd.",
        ) from None
    return Account(entry.pw_name, entry.pw_uid, entry.pw_gid)


def server_account() -> Account:
    """The user that runs the server: ourselves, or the system user ``abono`` when we are root.

    The system user is made when it is missing. An existing user of another database is not borrowed, because
    whoever has that account would read the books. Raises EmbeddedPostgresError ``cannot_create_user``.
    """
    if not is_root():
        return current_account()
    account = _find(SYSTEM_USER) or _create(SYSTEM_USER)
    if account.uid == 0:
        raise EmbeddedPostgresError(
            "cannot_create_user",
            f"The user {SYSTEM_USER} is root by another name; PostgreSQL refuses to run as root.",
        )
    return account


def _find(name: str) -> Account | None:
    try:
        entry = pwd.getpwnam(name)
    except KeyError:
        return None
    return Account(entry.pw_name, entry.pw_uid, entry.pw_gid)


def _create(name: str) -> Account:
    search = os.pathsep.join((os.environ.get("PATH", os.defpath), "/usr/sbin", "/sbin"))
    program = shutil.which("useradd", path=search)
    said = "the command useradd is missing"
    if program:
        options = ("--system", "--user-group", "--no-create-home", "--home-dir", "/nonexistent")
        command = [program, *options, "--shell", "/usr/sbin/nologin", name]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        said = telling_line(done.stderr) or f"useradd ended with {done.returncode}"
    account = _find(name)
    if account is None:
        raise EmbeddedPostgresError(
            "cannot_create_user",
            f"PostgreSQL refuses to run as root and the system user {name} cannot be made: {said}."
            " Run Abono as an ordinary user, or add that user.",
        )
    return account

"""``abono backup`` and ``abono restore``: a folder with the database, the secret, and what they are of."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from datetime import UTC, datetime
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from psycopg.conninfo import conninfo_to_dict

from abono.base.embedded import bin_folder
from abono.base.environment import home
from abono.base.refusal import Refusal
from abono.base.secret import SECRET, keep_secret

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_ABOUT, _DATABASE = "abono.json", "database"
_VARIABLES = {"host": "PGHOST", "port": "PGPORT", "user": "PGUSER", "password": "PGPASSWORD", "sslmode": "PGSSLMODE",
              "sslrootcert": "PGSSLROOTCERT", "sslcert": "PGSSLCERT", "sslkey": "PGSSLKEY"}  # fmt: skip


class FolderExists(Refusal):
    """A backup is never written over anything."""

    code = "folder_exists"


class NoBackup(Refusal):
    """A folder that is no backup, or of a build whose migrations this one does not know."""

    code = "no_backup"


class NotEmpty(Refusal):
    """A backup is restored into an empty database only."""

    code = "not_empty"


class ProgramFailed(Refusal):
    """PostgreSQL's own program could not do it."""

    code = "database_refused"


def backup(folder: Path, write: Callable[[str], None]) -> None:
    """Write all of the installation into a new folder, as it is at this instant, while others go on working.

    A backup that was interrupted is left under another name. Raises FolderExists, ProgramFailed.
    """
    if folder.exists():
        raise FolderExists(f"{folder} is there already; name a folder that is not.", field="folder")
    partial = folder.with_name(f"{folder.name}.partial")
    if partial.exists():
        shutil.rmtree(partial)
    partial.mkdir(mode=0o700, parents=True)
    _run("pg_dump", "--format=directory", "--no-owner", "--compress=gzip:1", f"--file={partial / _DATABASE}")
    secret = home() / SECRET
    if secret.exists() and not os.environ.get("ABONO_SECRET_KEY"):
        shutil.copy(secret, partial / SECRET)
    about = {"abono": version("abono"), "at": datetime.now(UTC).isoformat(), "migrations": sorted(_applied())}
    (partial / _ABOUT).write_text(json.dumps(about), encoding="utf-8")
    partial.rename(folder)
    which = "with" if (folder / SECRET).exists() else "without"
    write(f"The backup is in {folder.resolve()}, {which} the secret. Keep it on another machine.")


def restore(folder: Path, write: Callable[[str], None]) -> None:
    """Bring a backup into an empty installation, all of it or nothing. Raises NoBackup, NotEmpty, ProgramFailed."""
    about = _about(folder)
    if connection.introspection.table_names():
        message = "The database is not empty; restore into a new home (ABONO_HOME), or an empty database."
        raise NotEmpty(message)
    connection.close()
    _run("pg_restore", "--no-owner", "--exit-on-error", "--single-transaction", str(folder / _DATABASE))
    if (folder / SECRET).exists() and not os.environ.get("ABONO_SECRET_KEY"):
        keep_secret(home(), (folder / SECRET).read_text(encoding="ascii"))
    write(f"The installation of {about['at']} is in {home().resolve()} again. `abono audit` proves its books.")


def _about(folder: Path) -> dict[str, Any]:
    try:
        about: dict[str, Any] = json.loads((folder / _ABOUT).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise NoBackup(f"{folder} is no backup of `abono backup`; name its folder.", field="folder") from None
    known = {f"{app}.{name}" for app, name in MigrationLoader(None).disk_migrations}
    if not known.issuperset(about["migrations"]):
        message = f"The backup is of another build of Abono ({about['abono']}); restore it with that."
        raise NoBackup(message, field="folder")
    return about


def _applied() -> list[str]:
    return [f"{app}.{name}" for app, name in MigrationRecorder(connection).applied_migrations()]


def _run(program: str, *words: str) -> None:
    """One of PostgreSQL's programs on our database; its password is on no command line. Raises ProgramFailed."""
    parts = conninfo_to_dict(os.environ["ABONO_DATABASE_URL"])
    told = {_VARIABLES[name]: str(value) for name, value in parts.items() if name in _VARIABLES}
    done = subprocess.run(
        [str(bin_folder() / program), "--dbname", str(parts.get("dbname") or ""), *words],
        env={"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "HOME": os.environ.get("HOME", "/"), **told},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        lines = [line for line in done.stderr.splitlines() if "error:" in line] or done.stderr.splitlines() or ["?"]
        raise ProgramFailed(f"{lines[0].strip().rstrip('.')}; nothing else was done.")

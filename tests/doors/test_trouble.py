"""What goes wrong around a command is one line and exit code 2; never a traceback (doors.md §1)."""

from __future__ import annotations

import os
import subprocess
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest

from abono.base.embedded import cluster as clusters
from abono.interfaces.cli.trouble import trouble_of
from tests.conftest import HOME
from tests.doors.test_commands import ABONO, SCENARIOS, abono, here, refused
from tests.features.worlds import operator

if TYPE_CHECKING:
    from collections.abc import Iterator

STORY = str(SCENARIOS / "billing-payment-key-conflict.yaml")


def environment() -> dict[str, str]:
    """As on everybody's machine: what is said to a file or a pipe waits there."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    return kept | {"ABONO_DATABASE_URL": here()}


@contextmanager
def without_rights() -> Iterator[str]:
    """The address of an empty database by a role that may make neither roles nor databases, nor be ``abono_web``."""
    found = clusters.found(HOME.resolve())
    if found is None:
        pytest.skip("on a server of somebody's own nobody may be made")
    name = f"test_abono_{os.getpid()}_poor"
    with psycopg.connect(found.address(user="postgres", database="postgres"), autocommit=True) as at:
        at.execute(f'CREATE ROLE "{name}"'.encode())
        at.execute(f'GRANT "{name}" TO abono'.encode())
        at.execute(f'CREATE DATABASE "{name}" OWNER "{name}"'.encode())
    try:
        yield f"{here(name)} options='-c role={name}'"
    finally:
        with psycopg.connect(found.address(user="postgres", database="postgres"), autocommit=True) as at:
            at.execute(f'DROP DATABASE "{name}" WITH (FORCE)'.encode())
            at.execute(f'DROP ROLE "{name}"'.encode())


@pytest.mark.django_db(transaction=True)
def test_a_user_without_rights_is_told_which_is_missing() -> None:
    with without_rights() as address:
        line = refused(abono("simulate", STORY, address=address))
        assert "permission denied to create database" in line
        assert line.endswith("(not_permitted)")
        done = abono("migrate", address=address)
        assert (done.returncode, len(done.stderr.splitlines())) == (2, 1)
        assert done.stderr.endswith("(not_permitted)\n")


@pytest.mark.django_db(transaction=True)
def test_a_disk_that_is_full_is_one_line(tmp_path: Path) -> None:
    seller = operator()
    file = tmp_path / "accounts.csv"
    file.write_text("number,name\n1,One\n")
    words = [str(ABONO), "import", "accounts", str(file), "--operator", seller.code]
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(words, env=environment(), stdout=full, stderr=subprocess.PIPE, check=False)
    assert done.returncode == 2
    assert done.stderr.decode().splitlines() == ["abono: No space left on device; nothing more was done. (disk_full)"]


@pytest.mark.parametrize(
    ("raised", "code"),
    [
        (psycopg.errors.DiskFull("could not extend file"), "disk_full"),
        (psycopg.errors.InsufficientPrivilege("permission denied"), "not_permitted"),
        (psycopg.errors.AdminShutdown("terminating connection"), "database_away"),
        (psycopg.OperationalError("server closed the connection\nunexpectedly"), "database_away"),
        (psycopg.InterfaceError("the connection is closed"), "database_away"),
        (PermissionError(13, "Permission denied", "/x/y"), "not_usable"),
        (OSError(28, "No space left on device", "/x/y"), "disk_full"),
    ],
)
def test_the_kind_is_one_line(raised: Exception, code: str) -> None:
    told = trouble_of(raised)
    assert told is not None
    assert told[0] == code
    assert "\n" not in told[1]
    assert trouble_of(psycopg.errors.UniqueViolation("a bug")) is None
    assert trouble_of(ValueError("a bug")) is None


@pytest.mark.django_db(transaction=True)
def test_a_reader_that_leaves_and_files_that_cannot_be_used(tmp_path: Path) -> None:
    with subprocess.Popen(
        [str(ABONO), "audit"], env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 1
    for words in (
        ("import", "accounts", str(tmp_path), "--operator", operator().code),
        ("import", "catalogue", str(tmp_path), "--operator", operator().code),
        ("import", "usage", str(tmp_path), "--operator", operator().code),
        ("simulate", str(tmp_path)),
        ("backup", "/proc/nowhere/kept"),
    ):
        done = abono(*words)
        assert (done.returncode, len(done.stderr.splitlines())) == (2, 1), (words, done.stderr)

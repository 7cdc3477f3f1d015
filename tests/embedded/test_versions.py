"""Which servers Abono works with, and what it says of the others."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from abono.base.embedded import running
from abono.base.embedded.account import server_account
from abono.base.embedded.programs import Programs
from abono.base.postgres import PostgresError, connect
from tests.embedded.conftest import everybodys_wheel

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.embedded


@pytest.fixture
def older_server() -> Iterator[str]:
    """The address of a PostgreSQL 16, which the wheel brings as well."""
    place = Path(tempfile.mkdtemp(prefix="abono-test-", dir="/tmp"))
    programs = Programs(everybodys_wheel(place) / "pginstall" / "bin", server_account())
    if os.geteuid() == 0:
        shutil.chown(place, programs.account.uid)
    initdb = ("initdb", "--pgdata=data", "--username=abono", "--auth=trust", "--no-sync")
    assert programs.run(*initdb, place=place).returncode == 0
    options = f"--options=-c listen_addresses='' -c unix_socket_directories={place}"
    assert programs.run("pg_ctl", "start", "-w", "--pgdata=data", "--log=log", options, place=place).returncode == 0
    yield f"postgresql://abono@/postgres?host={place}"
    programs.run("pg_ctl", "stop", "-w", "-m", "immediate", "--pgdata=data", place=place)
    shutil.rmtree(place)


def test_an_older_server_is_refused(older_server: str) -> None:
    with pytest.raises(
        PostgresError, match=r"^Abono needs PostgreSQL 18 or newer; this server is 16\.\d+\.$"
    ) as refused:
        connect(older_server)
    assert refused.value.code == "postgres_too_old"


def test_our_own_server_is_not(home: Path) -> None:
    with running(home) as address, connect(address) as connection:
        assert connection.info.server_version >= 180_000


@pytest.mark.parametrize(
    ("address", "code"),
    [
        ("postgresql://abono:hush%40hush@127.0.0.1:1/books", "database_unreachable"),
        ("postgresql://abono:hush@nowhere.invalid/books", "database_unreachable"),
        ("host=/nonexistent password=hush", "database_unreachable"),
        ("postgresql://abono:hush@hush@127.0.0.1:1/books", "database_url_invalid"),
        ("postgresql://abono:hush/hush@127.0.0.1:1/books", "database_url_invalid"),
        ("postgresql://abono:hush#hush@127.0.0.1:1/books", "database_url_invalid"),
        ("postgresql://abono:hush:hush", "database_url_invalid"),
        ("hush", "database_url_invalid"),
    ],
)
def test_an_unreachable_database_is_one_clear_line_without_its_password(address: str, code: str) -> None:
    with pytest.raises(PostgresError) as refused:
        connect(address)
    assert refused.value.code == code
    assert "\n" not in refused.value.message
    assert "hush" not in refused.value.message

"""``abono backup`` and ``abono restore``: what comes back is what was there, and nothing is ever written over."""

from __future__ import annotations

import json
import os
import subprocess
from contextlib import contextmanager
from typing import TYPE_CHECKING

import psycopg
import pytest

from abono.features.billing.orders import subscribe
from tests.doors.test_commands import ABONO, here, refused
from tests.features.worlds import START, account, operator

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.django_db(transaction=True)


def called(home: Path, address: str, *words: str) -> subprocess.CompletedProcess[str]:
    env = {name: value for name, value in os.environ.items() if name != "ABONO_SECRET_KEY"}
    env |= {"ABONO_HOME": str(home), "ABONO_DATABASE_URL": address}
    return subprocess.run([str(ABONO), *words], env=env, capture_output=True, text=True, check=False, timeout=120)


@contextmanager
def empty_database(address: str) -> Iterator[str]:
    name = f"test_abono_{os.getpid()}_restored"
    with psycopg.connect(address, autocommit=True) as at:
        at.execute(f'CREATE DATABASE "{name}"'.encode())
    yield here(name)
    with psycopg.connect(address, autocommit=True) as at:
        at.execute(f'DROP DATABASE "{name}" WITH (FORCE)'.encode())


def everything(address: str) -> dict[str, tuple[int, str]]:
    """Every table with the number of its rows and a digest of all that is in them."""
    with psycopg.connect(address) as at:
        names = [row[0] for row in at.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")]
        digest = "SELECT count(*), coalesce(md5(string_agg(t::text, '|' ORDER BY t::text)), '') FROM \"{}\" AS t"
        return {name: at.execute(digest.format(name).encode()).fetchone() or (0, "") for name in names}


def walls(address: str) -> list[tuple[str, ...]]:
    with psycopg.connect(address) as at:
        return at.execute(
            "SELECT tablename::text, policyname::text, roles::text FROM pg_policies ORDER BY 1, 2"
        ).fetchall()


def test_a_backup_comes_back_as_it_was(tmp_path: Path) -> None:
    subscribe(account(operator(), 5_000), "line", now=START)
    folder, home, other = tmp_path / "kept", tmp_path / "home", tmp_path / "other"
    before = everything(here())
    assert before["subscriptions_subscription"][0] == 1
    done = called(home, here(), "backup", str(folder))
    assert (done.returncode, done.stderr) == (0, "")
    assert folder.stat().st_mode & 0o077 == 0
    assert called(home, here(), "backup", str(folder)).stderr.endswith("(folder_exists)\n")
    assert refused(called(other, here(), "restore", str(folder))).endswith("(not_empty)")
    with empty_database(here()) as address:
        back = called(other, address, "restore", str(folder))
        assert (back.returncode, back.stderr) == (0, "")
        assert everything(address) == before
        assert walls(address) == walls(here()) != []
        assert (other / "secret_key").read_text() == (home / "secret_key").read_text()
        assert called(other, address, "audit").returncode == 0
        assert refused(called(other, address, "restore", str(folder))).endswith("(not_empty)")


def test_what_is_no_backup_or_too_new_is_refused(tmp_path: Path) -> None:
    with empty_database(here()) as address:
        assert refused(called(tmp_path / "home", address, "restore", str(tmp_path))).endswith("(no_backup)")
        newer = tmp_path / "newer"
        newer.mkdir()
        about = {"abono": "9.0.0", "at": "2026-01-31T00:00:00+00:00", "migrations": ["billing.9999_later"]}
        (newer / "abono.json").write_text(json.dumps(about))
        line = refused(called(tmp_path / "home", address, "restore", str(newer)))
        assert "The backup is of another build of Abono (9.0.0)" in line
        about["migrations"] = []
        (newer / "abono.json").write_text(json.dumps(about))
        assert refused(called(tmp_path / "home", address, "restore", str(newer))).endswith("(database_refused)")

"""A database of another build is refused by whatever opens it, in one line, and stays as it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg
import pytest

from tests.doors.test_commands import here, refused
from tests.doors.test_keeping import called, empty_database, everything

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.django_db(transaction=True)
BEFORE = """
CREATE TABLE django_migrations (id bigserial PRIMARY KEY, app text, name text, applied timestamptz);
INSERT INTO django_migrations (app, name, applied) VALUES
('base', '0001_initial', now()), ('base', '0002_functions', now()), ('billing', '0001_initial', now());
CREATE TABLE operators_operator (id bigserial PRIMARY KEY, code text);
INSERT INTO operators_operator (code) VALUES ('acme');
"""
COMMANDS = (
    "up --port 18999", "migrate", "advance", "forecast", "audit", "demo --once", "backup {folder}/kept",
    "admin create --email a@example.com", "restore {folder}", "bench rollover --subscriptions 1000",
)  # fmt: skip


def test_an_installation_made_before_is_refused_by_every_command(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / "secret_key").write_text("x" * 50)
    with empty_database(here()) as address:
        with psycopg.connect(address) as at:
            at.execute(BEFORE.encode())
        before = everything(address)
        for words in COMMANDS:
            line = refused(called(home, address, *words.format(folder=tmp_path).split()))
            assert "whose migration base.0002_functions this one does not know; nothing was changed." in line
            assert "there is no upgrade from builds before the first release" in line
            assert line.endswith("(incompatible_database)")
        assert everything(address) == before
    assert [path.name for path in (*tmp_path.iterdir(), *home.iterdir())] == ["home", "secret_key"]
    assert (home / "secret_key").read_text() == "x" * 50


def test_an_installation_of_this_build_and_what_others_keep_is_none_of_it(tmp_path: Path) -> None:
    """Migrations of libraries come and go with their releases; tables that are not there yet are made."""
    with empty_database(here()) as address:
        with psycopg.connect(address) as at:
            at.execute(BEFORE.encode())
            at.execute("UPDATE django_migrations SET app = 'mfa' WHERE name = '0002_functions'")
        line = refused(called(tmp_path / "home", address, "audit"))
        assert line.endswith("(not_migrated)")

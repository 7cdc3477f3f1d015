"""The suite's database, its random examples and its passwords.

Where ``ABONO_DATABASE_URL`` is not set, the suite has an embedded server of its own in ``.abono-test``: the process
that was called starts it, xdist's workers inherit its address, and it stops with the last run that uses it. Every run
makes databases of its own name, so that two at once do not meet.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import hypothesis
import psycopg
import pytest
from django.conf import settings
from django.db import connection
from psycopg import sql

from abono.base.database import django_database
from abono.base.embedded import ensure_running
from tests.emptying import Emptying

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_django import DjangoDbBlocker

pytest_plugins = ["tests.browser", "tests.hashing"]
HOME = Path(__file__).parents[1] / ".abono-test"
_ADDRESS = "ABONO_DATABASE_URL"
_RUN = "ABONO_TEST_RUN"
_PREFIX = "test_abono_"

# A busy machine is slow now and then: no example is wrong for that. CI shows the same failure to everybody.
hypothesis.settings.register_profile("abono", deadline=None, max_examples=100, derandomize=bool(os.environ.get("CI")))
hypothesis.settings.load_profile("abono")


def pytest_configure(config: pytest.Config) -> None:
    """Before any worker starts and any test is read: where the database is, and what this run's is called."""
    if config.getoption("help", default=False) or config.getoption("version", default=0):
        return
    if not os.environ.get(_ADDRESS):
        os.environ[_ADDRESS] = ensure_running(HOME)
        _clear_leftovers(os.environ[_ADDRESS])
    os.environ.setdefault(_RUN, str(os.getpid()))
    # Django read its settings before this file; what it made of them are references to this very mapping.
    database = settings.DATABASES["default"]
    database.update(django_database(os.environ[_ADDRESS]))
    database.setdefault("TEST", {})["NAME"] = _PREFIX + os.environ[_RUN]
    from tests.hashing import QUICK_HASHERS  # a plugin: pytest wants to be the first who imports it

    settings.PASSWORD_HASHERS = QUICK_HASHERS


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:  # noqa: ARG001 -- comes first
    """How tests that commit clean up. The database goes with the run, whatever thread of a test still holds it open."""
    with django_db_blocker.unblock(), pytest.MonkeyPatch.context() as patch:
        _outlive_no_power_cut()
        Emptying().take_over(patch)
        with django_db_blocker.block():
            yield
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid()"
        )


def _outlive_no_power_cut() -> None:
    """Commits need not wait for the disk: what survives a killed server is proved on servers of its own (embedded)."""
    with connection.cursor() as cursor:
        name = sql.Identifier(connection.settings_dict["NAME"])
        cursor.execute(sql.SQL("ALTER DATABASE {} SET synchronous_commit = off").format(name))
    connection.close()


def _clear_leftovers(address: str) -> None:
    """Drop the databases of runs that were killed."""
    with psycopg.connect(address, autocommit=True) as server:
        for (name,) in server.execute(
            "SELECT datname FROM pg_database WHERE starts_with(datname, %s)", [_PREFIX]
        ).fetchall():
            run = name.removeprefix(_PREFIX).partition("_")[0]
            if not (run.isdigit() and Path("/proc", run).exists()):
                server.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))

"""A database that is made for one use and dropped after it."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING
from uuid import uuid4

from django.core.management import call_command
from django.db import OperationalError, connection

if TYPE_CHECKING:
    from collections.abc import Iterator

OWN_APPS = (
    "base",
    "operators",
    "access",
    "webhooks",
    "notices",
    "ledger",
    "catalogue",
    "accounts",
    "subscriptions",
    "usage",
    "billing",
)


@contextmanager
def scratch_database(*, durable: bool = False) -> Iterator[None]:
    """Inside, the default connection leads to a new, empty database with our tables; afterwards it is gone.

    ``durable`` keeps the server's own durability, which a benchmark needs and a story does not.
    """
    home = connection.settings_dict["NAME"]
    name = f"abono_scratch_{os.getpid()}_{uuid4().hex[:8]}"
    with connection.cursor() as cursor:
        cursor.execute(f'CREATE DATABASE "{name}"')
    connection.close()
    connection.settings_dict["NAME"] = name
    try:
        migrate_own()
        if not durable:
            with connection.cursor() as cursor:
                cursor.execute("SET synchronous_commit = off")
        yield
    finally:
        connection.close()
        connection.settings_dict["NAME"] = home
        _drop(name)


def _drop(name: str) -> None:
    """Drop a database. The server itself ends an autovacuum there, which FORCE would need a superuser for."""
    with connection.cursor() as cursor:
        try:
            cursor.execute(f'DROP DATABASE IF EXISTS "{name}"')
        except OperationalError:  # somebody is still connected
            cursor.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def migrate_own() -> None:
    """Bring our own tables up to date, without those of the job queue."""
    for app in OWN_APPS:
        call_command("migrate", app, verbosity=0, interactive=False)

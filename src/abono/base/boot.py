"""Starting up: where the database is, and Django on top of it."""

from __future__ import annotations

import os
from contextlib import closing

import django

from abono.base.builds import require_compatible
from abono.base.environment import home
from abono.base.postgres import PostgresError, connect

_embedded: list[str] = []
"""The address of the embedded database, where this process brought it up."""


def bring_up_embedded() -> None:
    """Start the embedded database if it does not run. Raises EmbeddedPostgresError."""
    from abono.base.embedded import ensure_running

    os.environ["ABONO_DATABASE_URL"] = ensure_running(home())
    _embedded[:] = [os.environ["ABONO_DATABASE_URL"]]


def restart_embedded() -> bool:
    """Start the embedded database again if it is this process's and has died; answers whether it had."""
    if os.environ.get("ABONO_DATABASE_URL") not in _embedded:
        return False
    try:
        connect(os.environ["ABONO_DATABASE_URL"]).close()
    except PostgresError:
        bring_up_embedded()
        return True
    return False


def boot(*, any_build: bool = False) -> None:
    """Find the database (``ABONO_DATABASE_URL`` or the embedded one), judge it, and set Django up.

    ``any_build``: whoever made its tables. Raises PostgresError or IncompatibleDatabase with one clear sentence.
    """
    if not os.environ.get("ABONO_DATABASE_URL"):
        bring_up_embedded()
    with closing(connect(os.environ["ABONO_DATABASE_URL"])) as server:
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "abono.project.settings")
        django.setup()
        if not any_build:
            require_compatible(server)

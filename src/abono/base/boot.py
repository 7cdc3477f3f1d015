"""Starting up: where the database is, and Django on top of it."""

from __future__ import annotations

import os

import django

from abono.base.environment import home
from abono.base.postgres import connect


def boot() -> None:
    """Find the database (``ABONO_DATABASE_URL`` or the embedded one), judge it, and set Django up.

    Raises PostgresError with one clear sentence.
    """
    if not os.environ.get("ABONO_DATABASE_URL"):
        from abono.base.embedded import ensure_running

        os.environ["ABONO_DATABASE_URL"] = ensure_running(home())
    connect(os.environ["ABONO_DATABASE_URL"]).close()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "abono.project.settings")
    django.setup()

"""A demo has a home of its own, is never played into real books, and can be removed."""

from __future__ import annotations

import shutil
from contextlib import suppress
from typing import TYPE_CHECKING

from django.db import connection

from abono.base import embedded
from abono.base.environment import home
from abono.base.installation import mark_as_demo, unmark
from abono.base.refusal import Refusal
from abono.base.secret import SECRET
from abono.base.sql import statements

if TYPE_CHECKING:
    from collections.abc import Callable

_sql = statements("abono.interfaces.cli.demo", "demo")
_OURS = (
    "postgres",
    "postgres.json",
    "postgres.lock",
    "postgres.users",
    "postgres.keep",
    SECRET,
    "mail",
    "served",
)


def settle() -> None:
    """Mark the home as a demo's. Raises Refusal ``not_a_demo`` where there is an operator that no demo made."""
    _require_no_others()
    mark_as_demo(home())


def forget(write: Callable[[str], None]) -> None:
    """Remove a demo with all that was played. Raises Refusal ``not_a_demo``, EmbeddedPostgresError."""
    folder = home().resolve()
    _require_no_others()
    connection.close()
    embedded.remove(folder)
    for name in _OURS:
        shutil.rmtree(folder / name) if (folder / name).is_dir() else (folder / name).unlink(missing_ok=True)
    unmark(folder)
    with suppress(OSError):  # something of somebody's is in it
        folder.rmdir()
    write(f"The demo in {folder} is gone.")


def _require_no_others() -> None:
    there = "operators_operator" in connection.introspection.table_names()
    real = [row["code"] for row in _sql.rows("real_operators")] if there else []
    if real:
        message = (
            f"The books of {home().resolve()} are real ({', '.join(real)}); no demo is played into them."
            " Leave ABONO_HOME and ABONO_DATABASE_URL out, or name a home that is empty."
        )
        raise Refusal(message, code="not_a_demo")

"""``abono admin``: the first administrator, and a way back in."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from django.conf import settings

from abono.base.environment import home
from abono.base.installation import served_at
from abono.base.secret import require_kept
from abono.base.trail import acting
from abono.features.access.administrators import link_for, make_administrator
from abono.interfaces.cli.running import require_migrated

if TYPE_CHECKING:
    from collections.abc import Callable


def create_administrator(
    email: str, name: str, password: str | None, operator: str | None, write: Callable[[str], None]
) -> None:
    """Make an administrator and say how to sign in. Raises whatever refuses it."""
    require_migrated()
    require_kept(home())
    with acting("admin", "cli"):
        made = make_administrator(email, now=datetime.now(UTC), name=name, password=password, operator=operator)
    write(f"{made.email} administers {made.operator.name} ({made.operator.code}).")
    if made.link:
        write(f"Set the password within {_hours()} hours, once: {made.link}")
    if served_at() is None:
        write("Start it with `abono up`, where it does not run yet.")
    write(
        f"Then sign in at {settings.URL} and make services and plans,"
        f" or bring them from a file: abono import catalogue FILE --operator {made.operator.code}"
    )


def print_link(email: str, write: Callable[[str], None]) -> None:
    """Print a link that sets a new password. Raises UnknownPerson."""
    require_migrated()
    require_kept(home())
    write(link_for(email))


def _hours() -> int:
    return settings.PASSWORD_RESET_TIMEOUT // 3600

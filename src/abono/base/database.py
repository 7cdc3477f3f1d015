"""How Django reaches the database."""

from __future__ import annotations

from typing import Any

from django.db import InterfaceError, InternalError, OperationalError
from psycopg.conninfo import conninfo_to_dict

_SESSION = {"search_path": "public,pg_temp", "TimeZone": "UTC", "plan_cache_mode": "force_generic_plan"}
_AWAY = ("57P01", "57P02", "57P03", "53300", "57014", "55P03", "25P04")
"""It shuts down, crashed, starts, has no connection left, or gave up what took or waited too long."""
_LOCK_SECONDS = 5
UNJUDGED = "abono.unjudged"
"""In the environment of a request: its body was not read, because nobody could say who sends it."""
OPERATOR = "abono.operator"
"""In the environment of a request that was worked on: the id of the operator at which its person stands."""
_NAMED = {"dbname": "NAME", "user": "USER", "password": "PASSWORD", "host": "HOST", "port": "PORT"}


def django_database(url: str, *, statement_seconds: int = 0) -> dict[str, Any]:
    """Django's settings for a libpq address; what Django has no name for is passed on as an option.

    A statement that takes longer than ``statement_seconds`` is given up, one that waits longer than 5 seconds for a
    lock, and a transaction of more than twice as long, which keeps others waiting; 0: never.
    """
    parts = conninfo_to_dict(url)
    options: dict[str, Any] = {key: value for key, value in parts.items() if key not in _NAMED}
    options["server_side_binding"] = True
    # Statements are few and come again and again: they are planned once per connection, for any account and any slice.
    options["prepare_threshold"] = 1
    # Names are looked up in the public schema first; a forecast turns this round (billing.shadow).
    patience = {
        "statement_timeout": f"{statement_seconds}s",
        "lock_timeout": f"{min(statement_seconds, _LOCK_SECONDS)}s",
        "transaction_timeout": f"{2 * statement_seconds}s",
    }
    session = _SESSION | (patience if statement_seconds else {})
    given = [options["options"]] if options.get("options") else []
    options["options"] = " ".join([*given, *(f"-c {name}={value}" for name, value in session.items())])
    return {
        "ENGINE": "django.db.backends.postgresql",
        **{name: parts.get(key, "") for key, name in _NAMED.items()},
        "OPTIONS": options,
        # The web keeps its connections, and with them the plans of its statements.
        "CONN_MAX_AGE": 600,
        "CONN_HEALTH_CHECKS": True,
    }


def is_away(error: BaseException | None) -> bool:
    """Whether the database cannot be asked at this moment, or gave up what took too long: no bug, ask again later."""
    if not isinstance(error, OperationalError | InterfaceError | InternalError):
        return False
    state = getattr(error.__cause__, "sqlstate", None)
    return (state is None and not isinstance(error, InternalError)) or state in _AWAY or str(state).startswith("08")

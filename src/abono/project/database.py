"""How Django reaches the database."""

from __future__ import annotations

from typing import Any

from psycopg.conninfo import conninfo_to_dict

_NAMED = {"dbname": "NAME", "user": "USER", "password": "PASSWORD", "host": "HOST", "port": "PORT"}


def django_database(url: str) -> dict[str, Any]:
    """Django's settings for a libpq address; what Django has no name for is passed on as an option."""
    parts = conninfo_to_dict(url)
    options: dict[str, Any] = {key: value for key, value in parts.items() if key not in _NAMED}
    options["server_side_binding"] = True
    # Names are looked up in the public schema first; a forecast turns this round (billing.shadow).
    options["options"] = f"{options.get('options', '')} -c search_path=public,pg_temp -c TimeZone=UTC".strip()
    return {
        "ENGINE": "django.db.backends.postgresql",
        **{name: parts.get(key, "") for key, name in _NAMED.items()},
        "OPTIONS": options,
    }

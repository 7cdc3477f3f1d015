"""What Abono asks of any PostgreSQL server, its own or yours: that it answers, and that it is new enough."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

import psycopg
from psycopg.conninfo import conninfo_to_dict

from abono.base.refusal import Refusal

if TYPE_CHECKING:
    from collections.abc import Mapping

OLDEST_MAJOR = 18
_CONNECT_SECONDS = 10


class PostgresError(Refusal):
    """The database cannot be used; ``code`` is for programs, ``message`` is one sentence for a person."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message, code=code)


def connect(address: str) -> psycopg.Connection[Any]:
    """Opens a connection to a server that Abono can work with; the caller closes it.

    Raises PostgresError: ``database_url_invalid``, ``database_unreachable``, ``postgres_too_old``.
    No message ever holds a password, nor a piece of one that was not escaped.
    """
    parts = _parse(address)
    try:
        patience = int(parts.get("connect_timeout") or _CONNECT_SECONDS)
        connection = psycopg.connect(address, connect_timeout=patience)
    except psycopg.OperationalError as error:
        reason = _redact(_one_line(error), parts)
        raise PostgresError(
            "database_unreachable", f"The database {_describe(parts)} cannot be reached: {reason}."
        ) from None
    try:
        require_version_18(connection)
    except PostgresError:
        connection.close()
        raise
    return connection


def described(address: str) -> str:
    """A database in words, without its password. Raises PostgresError ``database_url_invalid``."""
    return _describe(_parse(address))


def require_version_18(connection: psycopg.Connection[Any]) -> None:
    """Refuses a server older than PostgreSQL 18 (``postgres_too_old``)."""
    version = connection.info.server_version
    if version < OLDEST_MAJOR * 10_000:
        found = f"{version // 10_000}.{version % 10_000}"
        raise PostgresError(
            "postgres_too_old", f"Abono needs PostgreSQL {OLDEST_MAJOR} or newer; this server is {found}."
        )


def _parse(address: str) -> Mapping[str, Any]:
    # A password with a bare @, / or : shifts the parts, and libpq then quotes a piece of it as a host or a
    # port.
    invalid = PostgresError(
        "database_url_invalid",
        "The database URL cannot be read; write it as postgresql://user:password@host:5432/name,"
        " with special characters in the password percent-encoded.",
    )
    try:
        parts = conninfo_to_dict(address)
        if "://" in address:
            url = urlsplit(address)
            if url.netloc.count("@") > 1 or "@" in url.path or "@" in url.fragment or url.fragment:
                raise invalid
        for number in (*str(parts.get("port") or 0).split(","), parts.get("connect_timeout") or 0):
            int(number)
    except (psycopg.ProgrammingError, ValueError):
        raise invalid from None
    return parts


def _describe(parts: Mapping[str, Any]) -> str:
    name = parts.get("dbname") or "(default)"
    where = parts.get("host") or parts.get("hostaddr") or "the local socket"
    port = parts.get("port")
    return f'"{name}" at {where}' + (f":{port}" if port else "")


def _one_line(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return "; ".join(lines).rstrip(".") or "no reason was given"


def _redact(text: str, parts: Mapping[str, Any]) -> str:
    password = str(parts.get("password") or "")
    for secret in {password, unquote(password)} - {""}:
        text = text.replace(secret, "***")
    return text

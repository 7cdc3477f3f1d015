"""The audit trail: who did what, when, from where, before and after."""

from __future__ import annotations

import json
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from abono.base.paging import Page, checked, page_of, plain
from abono.base.paging import after as place_after
from abono.base.sql import statements

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_sql = statements("abono.base", "trail")
_MOST = 100
"""Characters of a name that are kept; an e-mail address may be longer."""


@dataclass(frozen=True)
class Author:
    """Who acts, and through which door."""

    actor: str = "system"
    origin: str = "engine"


_author: ContextVar[Author] = ContextVar("author")


@contextmanager
def acting(actor: str, origin: str) -> Iterator[None]:
    """Everything done inside is done by ``actor`` through the door ``origin``."""
    token = _author.set(Author(actor, origin))
    try:
        yield
    finally:
        _author.reset(token)


def record(
    action: str,
    subject: str,
    *,
    operator: int,
    at: datetime,
    account: int = 0,
    before: Mapping[str, object] | None = None,
    after: Mapping[str, object] | None = None,
) -> None:
    """Write one line, in the transaction of what it tells of."""
    author = _author.get(Author())
    _sql.run(
        "add",
        account=account,
        operator=operator,
        at=at,
        actor=author.actor[:_MOST],
        origin=author.origin[:_MOST],
        action=action,
        subject=subject[:_MOST],
        before=None if before is None else json.dumps(before, default=str),
        after=None if after is None else json.dumps(after, default=str),
    )


def trail_of_account(account: int, most: int) -> list[dict[str, Any]]:
    """The latest lines that concern an account, the newest first; 0 tells of what concerns no account."""
    return _sql.rows("of_account", account=account, most=most)


@dataclass(frozen=True)
class TrailRow:
    """A line of the audit trail; ``account_id`` is 0 for what concerns no account."""

    account_id: int
    id: UUID
    operator_id: int
    at: datetime
    actor: str
    origin: str
    action: str
    subject: str
    before: dict[str, Any] | None
    after: dict[str, Any] | None


_EARLIEST = datetime.min.replace(tzinfo=UTC)
_LATEST = datetime.max.replace(tzinfo=UTC)
_LAST_ID = UUID(int=2**128 - 1)


def list_trail(  # noqa: PLR0913 -- how a list can be asked for
    scope: Mapping[str, Any],
    *,
    actor: str = "",
    action: str = "",
    subject: str = "",
    since: datetime | None = None,
    until: datetime | None = None,
    after: str | None = None,
    limit: int = 50,
) -> Page[TrailRow]:
    """The audit trail of a person's scope, the newest first; the door asks for the right "audit.view".

    ``actor`` and ``subject`` are exact, ``action`` is how it begins ("account."). Raises InvalidRequest.
    """
    place = place_after(after, datetime, UUID) or (_LATEST, _LAST_ID)
    rows = _sql.rows(
        "newest",
        operators=scope["operators"],
        accounts=scope["accounts"],
        membership=scope["manager"] or scope["agent"],
        actor=plain(actor),
        action=plain(action),
        subject=plain(subject),
        since=since or _EARLIEST,
        until=until or _LATEST,
        after_at=place[0],
        after_id=place[1],
        most=checked(limit) + 1,
    )
    lines = [TrailRow(**{**row, "before": _read(row["before"]), "after": _read(row["after"])}) for row in rows]
    return page_of(lines, limit, lambda row: (row.at, row.id))


def _read(document: Any) -> dict[str, Any] | None:
    """Django hands JSON columns of its own cursors over as text."""
    read: dict[str, Any] | None = json.loads(document) if isinstance(document, str) else document
    return read

"""The audit trail: who did what, when, from where, before and after."""

from __future__ import annotations

import json
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from abono.base.sql import statements

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

_sql = statements("abono.base", "trail")


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
        actor=author.actor,
        origin=author.origin,
        action=action,
        subject=subject,
        before=None if before is None else json.dumps(before, default=str),
        after=None if after is None else json.dumps(after, default=str),
    )


def trail_of_account(account: int, most: int) -> list[dict[str, Any]]:
    """The latest lines that concern an account, the newest first; 0 tells of what concerns no account."""
    return _sql.rows("of_account", account=account, most=most)

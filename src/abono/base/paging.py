"""Pages of long lists by keyset: a cursor names the last row that was seen, so that rows that come or go move nothing.

A cursor is opaque, fits into an address and holds nothing but the sorting key of a row. It gives no rights: whoever
makes one up sees other rows of what they may see anyway.
"""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Generic, TypeVar
from uuid import UUID

from abono.base.refusal import InvalidRequest
from abono.kernel.texts import spelled

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

T = TypeVar("T")
MOST = 200
"""How many rows a page has at most."""
_MOST_TEXT = 1_000
_MOST_SOUGHT = 100
_BIGINT = 2**63
LAST = "\U0010ffff"
"""Sorts after every character there is: what begins with a text lies between the text and the text with this."""


@dataclass(frozen=True)
class Page(Generic[T]):
    """Some rows of a list, and the cursor after which the next page begins (None: this was the last)."""

    items: list[T]
    next: str | None = None


def page_of(rows: Sequence[T], limit: int, key: Callable[[T], Sequence[object]]) -> Page[T]:
    """A page of at most ``limit`` rows out of up to one more; ``key`` answers the sorting key of a row."""
    items = list(rows[:limit])
    return Page(items, cursor(*key(items[-1])) if len(rows) > limit else None)


def cursor(*values: object) -> str:
    """The cursor of a row by its sorting key."""
    texts = [value.isoformat() if isinstance(value, date | datetime) else str(value) for value in values]
    return urlsafe_b64encode(json.dumps(texts, ensure_ascii=False).encode()).decode().rstrip("=")


def after(text: str | None, *kinds: type) -> tuple[Any, ...] | None:
    """The sorting key in a cursor, a value of each kind (str, int, UUID, date, datetime); None for the first page.

    Raises InvalidRequest if the cursor is damaged or belongs to another list.
    """
    if not text:
        return None
    try:
        return tuple(_read(value, kind) for value, kind in zip(_unpacked(text), kinds, strict=True))
    except (ValueError, RecursionError):
        message = "This page is not known; begin with the first page of the list."
        raise InvalidRequest(message, field="after") from None


def _unpacked(text: str) -> list[object]:
    if len(text) > _MOST_TEXT:
        raise ValueError
    texts = json.loads(urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4)).decode())
    if not isinstance(texts, list):
        raise ValueError  # noqa: TRY004 -- a damaged cursor like any other
    return texts


def _read(text: object, kind: type) -> object:
    if not isinstance(text, str) or "\0" in text or any("\ud800" <= each <= "\udfff" for each in text):
        raise ValueError
    if kind is str:
        return text
    if kind is UUID:
        return UUID(text)
    if kind is int:
        number = int(text)
        if not -_BIGINT <= number < _BIGINT:
            raise ValueError
        return number
    value = datetime.fromisoformat(text) if kind is datetime else date.fromisoformat(text)
    if isinstance(value, datetime) and value.tzinfo is None:
        raise ValueError
    return value


def checked(limit: int) -> int:
    """The length of a page. Raises InvalidRequest unless it is from 1 to ``MOST``."""
    if not 1 <= limit <= MOST:
        message = f"Ask for 1 to {MOST} rows a page."
        raise InvalidRequest(message, field="limit", code="out_of_range")
    return limit


def plain(text: str) -> str:
    """What somebody looks for, as a statement can take it: in its one spelling, without signs that are not seen."""
    return "".join(each for each in spelled(text) if each.isprintable())[:_MOST_SOUGHT].strip()

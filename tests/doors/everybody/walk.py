"""Asking a door as everybody, and seeing what it did: each call is undone, so that all meet the same town."""

from __future__ import annotations

import re
from contextlib import contextmanager
from datetime import date
from functools import cache
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

from django.db import connection

from tests.doors.everybody.houses import BESIDE, OF_ACCOUNTS, Town

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tests.doors.everybody.houses import House

_ID = re.compile(r"<(?:\w+:)?(\w+)>|{(\w+)}")
OTHERS = "every other right"
"""The key that may do everything but what an endpoint needs."""
_SELF = {"api_bucket", "django_session", "usersessions_usersession", "base_cache"}
_SEEN_LAST = ("last_used_at", "last_login")
"""What a call may always touch: how often somebody asked, and when somebody was here last."""


@contextmanager
def undone() -> Iterator[None]:
    """What is done inside never was."""
    connection.set_autocommit(False)
    try:
        yield
    finally:
        connection.rollback()
        connection.set_autocommit(True)


def picture() -> dict[str, str]:
    """A digest of every table."""
    with connection.cursor() as cursor:
        cursor.execute(_picturing())
        return dict(cursor.fetchall())


@cache
def _picturing() -> str:
    """The statement that answers it. A row is spelled out as JSON only where columns of it do not count.

    Rows of a partition are seen in the table that it is a part of.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.relname, EXISTS (SELECT 1 FROM pg_attribute AS a WHERE a.attrelid = c.oid"
            " AND a.attname = ANY(%s)) FROM pg_class AS c WHERE c.relnamespace = 'public'::regnamespace"
            " AND c.relkind IN ('r', 'p') AND NOT c.relispartition ORDER BY c.relname",
            [list(_SEEN_LAST)],
        )
        tables = [(name, touched) for name, touched in cursor.fetchall() if name not in _SELF]
    without = "to_jsonb(t) - '{" + ",".join(_SEEN_LAST) + "}'::text[]"
    return " UNION ALL ".join(
        f"SELECT '{table}', md5(coalesce(string_agg(r, '' ORDER BY r), ''))"
        f" FROM (SELECT ({without if touched else 't'})::text AS r FROM {table} AS t) AS rows"
        for table, touched in tables
    )


def names_in(address: str) -> list[str]:
    """The names of the ids in an address, in order: of a page (``<int:account>``) or an endpoint (``{account}``)."""
    return [one or other for one, other in _ID.findall(address)]


def filled(address: str, ids: Mapping[str, Any]) -> str:
    """An address with ids; an id that nobody named is a KeyError: put it into houses.py."""
    return _ID.sub(lambda found: str(ids[found[1] or found[2]]), address)


def strange(content: bytes, *, above: bool = True, beside: bool = False) -> list[str]:
    """What an answer tells of houses, or of an account, that are not one's own (see ``foreign``)."""
    marks = ["strania", *(["vestia"] if above else []), *([BESIDE] if beside else [])]
    return [mark for mark in marks if mark in content.decode().lower()]


def foreign(
    address: str, page: str, town: Town, *, above: bool = True, beside: bool = False
) -> dict[str, Mapping[str, Any]]:
    """The ids that are not one's own in South, by whose they are, as far as an address has any.

    ``above``: nor is what stands above South. ``beside``: nor are other accounts of South. "mixed": the first id is
    one's own, what stands below it is not. "absent": there is no such thing, asked for once, at the top.
    """
    names = names_in(address)
    if not names:
        return {}
    houses: dict[str, House] = {"stranger": town.stranger}
    if above:
        houses = {"sister": town.west, "above": town.north}
    found: dict[str, Mapping[str, Any]] = {whose: each.named(page) for whose, each in houses.items()}
    if len(names) > 1:
        other = next(iter(houses.values())).named(page)
        found["mixed"] = {**other, names[0]: town.south.named(page)[names[0]]}
    if not above:
        found["absent"] = {name: _absent(value) for name, value in town.south.named(page).items()}
    if beside and OF_ACCOUNTS & set(names):
        found["beside"] = town.beside.named(page)
    return found


def _absent(value: object) -> object:
    """An id of the kind of another that nothing has."""
    if isinstance(value, int):
        return 10**9
    if isinstance(value, date):
        return date(2999, 1, 1)
    return uuid4() if isinstance(value, UUID) else "absent"

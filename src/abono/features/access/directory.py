"""Questions about the people that somebody may see: those whom an operator of the own subtree lets in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from abono.base import paging
from abono.base.paging import Page, checked, page_of, plain
from abono.base.sql import statements
from abono.features.access import signins
from abono.features.access.people import NotFound, Person
from abono.features.access.rights import Kind, Role
from abono.features.access.sessions import has_second_factor, with_second_factor

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime
    from typing import Any

_sql = statements("abono.features.access", "people")
MOST = 50


@dataclass(frozen=True)
class Listed:
    """Somebody in the list: the current memberships that may be seen, as (kind, role, operator's name)."""

    id: int
    name: str
    email: str
    active: bool
    last_signed_in_at: datetime | None
    second_factor: bool
    memberships: Sequence[tuple[Kind, Role | None, str]]


@dataclass(frozen=True)
class Held:
    """A membership as the staff sees it."""

    id: int
    operator_id: int
    operator_name: str
    kind: Kind
    role: Role | None
    account_id: int | None
    since: datetime
    ended_at: datetime | None


@dataclass(frozen=True)
class Found:
    """Somebody by themselves. ``whole``: nobody outside the subtree lets them in, so that all of them may be judged."""

    id: int
    name: str
    email: str
    locale: str
    active: bool
    joined_at: datetime
    last_signed_in_at: datetime | None
    second_factor: bool
    whole: bool
    memberships: Sequence[Held]


def list_people(
    person: Person, *, search: str = "", kind: str = "", role: str = "", after: str | None = None, limit: int = MOST
) -> Page[Listed]:
    """The people of the subtree by e-mail address; ``search`` is a part of the name or the address.

    Raises Forbidden, InvalidRequest.
    """
    person.require("person.view")
    words = plain(search)
    key = paging.after(after, str)
    rows = _sql.rows(
        "people",
        operators=list(person.operators),
        search=words,
        pattern=f"%{_literal(words)}%",
        kind=kind if kind in set(Kind) else "",
        role=role if role in set(Role) else "",
        after=key[0] if key else "",
        most=checked(limit) + 1,
    )
    safe = with_second_factor([row["id"] for row in rows])
    return page_of([_listed(row, safe) for row in rows], limit, lambda each: [each.email])


def find_person(person: Person, user: int, *, right: str = "person.view") -> Found:
    """Somebody whom an operator of the subtree lets in, or let in once. Raises Forbidden, NotFound."""
    person.require(right)
    found = _sql.rows("person", user=user, operators=list(person.operators))
    if not found:
        raise NotFound("There is nobody here; look them up in the list of people.")
    held = _sql.rows("memberships_of_person", user=user, operators=list(person.operators))
    memberships = [
        Held(**{**row, "kind": Kind(row["kind"]), "role": Role(row["role"]) if row["role"] else None}) for row in held
    ]
    return Found(**found[0], second_factor=has_second_factor(user), memberships=memberships)


def emails_of(person: Person, users: Iterable[int]) -> dict[int, str]:
    """The addresses of those users whom an operator of the subtree lets in, or let in once."""
    rows = _sql.rows("emails", users=sorted(users), operators=list(person.operators))
    return {row["id"]: row["email"] for row in rows}


def history_of(user: int, most: int = 20) -> list[dict[str, Any]]:
    """A user's latest attempts to sign in, the newest first; the caller has found the user."""
    return signins.history(user, most)


def _listed(row: dict[str, Any], safe: set[int]) -> Listed:
    held = zip(row.pop("kinds"), row.pop("roles"), row.pop("operator_names"), strict=True)
    memberships = [(Kind(kind), Role(role) if role else None, name) for kind, role, name in held]
    return Listed(**row, second_factor=row["id"] in safe, memberships=memberships)


def _literal(words: str) -> str:
    """A part of a text in which nothing is a wildcard."""
    return words.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")

"""Questions about people and keys."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.utils.crypto import salted_hmac

from abono.base.paging import Page, checked, page_of
from abono.base.paging import after as place_after
from abono.base.sql import statements
from abono.features.access.people import Person
from abono.features.access.rights import OF_ROLE, Kind, Role, rights_of
from abono.features.operators.queries import subtree

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

_sql = statements("abono.features.access", "access")
KEY_PREFIX = "abono_"
"""How every key begins, so that people and scanners know one."""


@dataclass(frozen=True)
class Membership:
    """Why a user is let in; ``account_id`` of a subscriber; ``time_zone`` of the operator."""

    id: int
    operator_id: int
    kind: Kind
    role: Role | None
    account_id: int | None
    operator_code: str
    operator_name: str
    time_zone: str


def memberships_of(user: int) -> list[Membership]:
    """Why a user is let in, staff first; empty for somebody who no longer is."""
    return [
        Membership(**{**row, "kind": Kind(row["kind"]), "role": Role(row["role"]) if row["role"] else None})
        for row in _sql.rows("memberships", user=user)
    ]


def memberships_of_email(email: str) -> list[Membership]:
    """The same by e-mail address."""
    return [each for row in _sql.rows("user_by_email", email=email) for each in memberships_of(row["id"])]


def acting_by(memberships: Sequence[Membership], chosen: int | None) -> Membership:
    """The membership a user acts by: the one ``chosen``, or the first."""
    return next((each for each in memberships if each.id == chosen), memberships[0])


def person_of(
    user: int, name: str, email: str, locale: str, memberships: Sequence[Membership], chosen: int | None = None
) -> Person | None:
    """The person a user is by one of the memberships: the one ``chosen`` or the first. None without any.

    A subscriber is one person for all accounts of the same operator.
    """
    if not memberships:
        return None
    one = acting_by(memberships, chosen)
    same = [each for each in memberships if each.kind is one.kind and each.operator_id == one.operator_id]
    staff = one.kind is Kind.STAFF
    return Person(
        name=name or email,
        email=email,
        kind=one.kind,
        role=one.role,
        rights=rights_of(one.kind, one.role),
        operator=one.operator_id,
        operators=tuple(subtree(one.operator_id)) if staff else (one.operator_id,),
        accounts=tuple(each.account_id for each in same if each.account_id is not None)
        if one.kind is Kind.SUBSCRIBER
        else None,
        user=user,
        membership=one.id,
        locale=locale,
    )


def key_in(authorization: str) -> str:
    """The key in a header ``Authorization: Bearer abono_…``, as it was given out; empty if there is none."""
    scheme, _, secret = authorization.partition(" ")
    return secret.strip() if scheme.lower() == "bearer" and secret.startswith(KEY_PREFIX) else ""


def operator_of_key(secret: str, *, now: datetime) -> int:
    """The operator at which somebody's program has this key, if it works; else 0."""
    found = _sql.rows("key", digest=digest_of(secret), key=None, now=now)
    return int(found[0]["operator_id"]) if found and all(row["works"] for row in found) else 0


def person_of_key(secret: str, *, now: datetime) -> Person | None:
    """The program that a key belongs to, if it is valid; its use is noted."""
    found = _sql.rows("key", digest=digest_of(secret), key=None, now=now)
    if not found or not all(row["works"] for row in found):
        return None
    row, rights = found[0], _rights_of_line(found)
    if row["rights"] and not rights:  # nothing is left of them
        return None
    _sql.run("key_used", key=row["id"], now=now)
    return Person(
        name=row["name"],
        email="",
        kind=Kind.STAFF,
        role=None,
        rights=rights,
        operator=row["operator_id"],
        operators=tuple(subtree(row["operator_id"])),
        key=row["id"],
        until=row["expires_at"],
    )


def rights_of_key(key: int, *, now: datetime) -> frozenset[str]:
    """What a key may do now; nothing, if it does not work any more."""
    return _rights_of_line(_sql.rows("key", digest=b"", key=key, now=now))


def _rights_of_line(line: Sequence[dict[str, Any]]) -> frozenset[str]:
    """What a key may do: what all of its line may do, each with what its maker may do now."""
    rights = frozenset(line[0]["rights"] if line else ())
    for row in line:
        rights &= _left_of(row) if row["works"] else frozenset()
    return rights


def _left_of(row: dict[str, Any]) -> frozenset[str]:
    """What is left of a key's rights while its maker has these roles at its operator, or above it."""
    if not row["by_somebody"]:
        return frozenset(row["rights"])
    return frozenset(row["rights"]) & frozenset().union(*(OF_ROLE[Role(role)] for role in row["roles"]))


@dataclass(frozen=True)
class Servant:
    """A manager or an agent (``kind`` is staff or agent) to whom accounts can be given."""

    membership: int
    kind: Kind
    name: str
    email: str


def servants_of(operator: int, within: Sequence[int]) -> list[Servant]:
    """The managers and agents, of operators ``within``, who can serve accounts of an operator."""
    return [
        Servant(**{**row, "kind": Kind(row["kind"])})
        for row in _sql.rows("servants", operator=operator, operators=list(within))
    ]


def keys_of(person: Person) -> list[dict[str, Any]]:
    """The keys of the person's operators, the newest first."""
    return [_shown(row) for row in _sql.rows("keys", operators=list(person.operators), before=None, most=None)]


def keys_made_by(person: Person, user: int, *, now: datetime) -> list[str]:
    """What the keys are called that somebody made at the person's operators and that still work."""
    rows = _sql.rows("keys_made_by", user=user, operators=list(person.operators), now=now)
    return [row["name"] for row in rows]


def _shown(row: dict[str, Any]) -> dict[str, Any]:
    """A key as the staff sees it: ``rights`` are what is left of those that it was made with."""
    left = _left_of(row)
    del row["by_somebody"], row["roles"]
    return {**row, "rights": sorted(left), "lapsed": not left}


def list_keys(person: Person, *, after: str | None = None, limit: int = 50) -> Page[dict[str, Any]]:
    """The same, page by page. Raises InvalidRequest."""
    place = place_after(after, int) or (None,)
    rows = _sql.rows("keys", operators=list(person.operators), before=place[0], most=checked(limit) + 1)
    return page_of([_shown(row) for row in rows], limit, lambda row: (row["id"],))


def digest_of(secret: str) -> bytes:
    """What is kept of a key. It is long and random, so that a plain digest cannot be guessed."""
    return hashlib.sha256(secret.encode()).digest()


def secret_of(nonce: str) -> str:
    """An invitation's secret: signed by this installation, so that who reads the database cannot make it."""
    return salted_hmac("abono.invitation", nonce, algorithm="sha256").hexdigest()

"""Writes on people and keys."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from django.contrib.auth.hashers import make_password
from django.db import transaction

from abono.base.refusal import InvalidRequest, Refusal
from abono.base.sql import statements
from abono.base.texts import one_line
from abono.base.trail import record
from abono.features.access.fields import check_email, check_name
from abono.features.access.people import NotFound, Person
from abono.features.access.queries import KEY_PREFIX, digest_of
from abono.features.access.rights import RIGHTS, Kind, Role

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

_sql = statements("abono.features.access", "access")
_MOST_KEY_NAME = 100


class DuplicateMembership(Refusal):
    """The user is let in for this already."""

    code = "duplicate_membership"


def add_user(email: str, *, now: datetime, name: str = "", locale: str = "", password: str | None = None) -> int:
    """The user with an e-mail address, made if there is none; answers the id. Raises InvalidRequest.

    Without a password nobody can sign in with one until it is set. A user who exists is left as is.
    """
    address = check_email(email)
    added = _sql.rows(
        "add_user", email=address, name=check_name(name), locale=locale, password=make_password(password), now=now
    )
    return int((added or _sql.rows("user_by_email", email=address))[0]["id"])


def set_password(user: int, password: str) -> None:
    """Another password for a user; whoever calls has judged it."""
    _sql.run("set_password", user=user, password=make_password(password))


def add_membership(  # noqa: PLR0913 -- whom, where, as what, by whom
    user: int,
    operator: int,
    kind: Kind,
    *,
    now: datetime,
    role: Role | None = None,
    account: int | None = None,
    maker: int | None = None,
    key: int | None = None,
) -> int:
    """Let a user in, whom the user ``maker`` or a ``key`` asked in; answers the id.

    Raises InvalidRequest, DuplicateMembership.
    """
    if (kind is Kind.STAFF) != (role is not None):
        message = "Staff need a role, nobody else has one."
        raise InvalidRequest(message, field="role")
    if (kind is Kind.SUBSCRIBER) != (account is not None):
        message = "A subscriber needs an account, nobody else has one."
        raise InvalidRequest(message, field="account")
    with transaction.atomic():
        added = _sql.rows(
            "add_membership",
            user=user,
            operator=operator,
            kind=kind,
            role=role or "",
            account=account,
            maker=maker,
            key=key,
            now=now,
        )
        if not added:
            message = "This person is let in for that already."
            raise DuplicateMembership(message, field="email")
        after = {"kind": kind, "role": role}
        record("person.join", str(user), operator=operator, account=account or 0, at=now, after=after)
    return int(added[0]["id"])


def choose_locale(person: Person, locale: str, *, now: datetime) -> None:
    """What a person reads, wherever they sign in; ``locale`` is one that the door offers."""
    _sql.run("choose_locale", user=person.user, locale=locale)
    record("person.language", str(person.user), operator=person.operator, at=now, after={"locale": locale})


def add_key(
    person: Person,
    operator: int,
    name: str,
    rights: Collection[str],
    *,
    now: datetime,
    expires_at: datetime | None = None,
) -> str:
    """A new key for a program; answers the secret, which is shown once and kept nowhere.

    A key may not do more than who makes it, nor for longer; what its maker may do no more, it may not either. Raises
    Forbidden, NotFound, InvalidRequest.
    """
    person.require("key.change")
    person.require_operator(operator)
    called = one_line(name, "name", _MOST_KEY_NAME, least=1)
    if not rights or set(rights) - set(RIGHTS):
        raise InvalidRequest(f"Choose rights among: {', '.join(RIGHTS)}.", field="rights")
    person.require_gives_key(rights, expires_at)
    if expires_at is not None and expires_at <= now:
        message = "Let the key expire in the future, or never."
        raise InvalidRequest(message, field="expires_at", code="out_of_range")
    secret = f"{KEY_PREFIX}{secrets.token_urlsafe(32)}"
    with transaction.atomic():
        _sql.run(
            "add_key",
            operator=operator,
            name=called,
            prefix=secret[:12],
            digest=digest_of(secret),
            rights=sorted(rights),
            made_by=person.email or person.name,
            user=person.user,
            maker=person.key,
            now=now,
            expires_at=expires_at,
        )
        record("key.add", called, operator=operator, at=now, after={"rights": sorted(rights), "expires": expires_at})
    return secret


def revoke_key(person: Person, key: int, *, now: datetime) -> None:
    """A key stops working at once. Raises Forbidden, NotFound."""
    person.require("key.change")
    with transaction.atomic():
        revoked = _sql.rows("revoke_key", key=key, operators=list(person.operators), now=now)
        if not revoked:
            message = "There is no such key that still works."
            raise NotFound(message, field="key")
        record("key.revoke", revoked[0]["name"], operator=revoked[0]["operator_id"], at=now)

"""Invitations: people are asked in by mail; nobody signs up by themselves."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.db import transaction

from abono.base.paging import MOST, Page, checked, page_of
from abono.base.paging import after as place_after
from abono.base.refusal import InvalidRequest, Refusal
from abono.base.sql import statements
from abono.base.trail import acting, record
from abono.features.access.administrators import judge_password
from abono.features.access.fields import check_email, check_name
from abono.features.access.operations import DuplicateMembership, add_membership, add_user
from abono.features.access.people import NotFound, Person
from abono.features.access.queries import digest_of, rights_of_key, secret_of
from abono.features.access.rights import OF_ROLE, Kind, Role, rights_of
from abono.features.access.tasks import mail_invitation

if TYPE_CHECKING:
    from datetime import datetime

_BIGINT = 2**63
_sql = statements("abono.features.access", "invitations")
LASTS = timedelta(days=7)
"""How long a link holds."""
MOST_TO_RECEIVER = 5
"""So many invitations of one tenant in an hour get through to one address."""


class SignInFirst(Refusal):
    """Whoever has a password accepts an invitation signed in, as the person whom it was sent to."""

    code = "sign_in_first"


class TooManyInvitations(Refusal):
    """The operator's tenant has sent as many as it may for now, or as many to this address."""

    code = "too_many_invitations"


@dataclass(frozen=True)
class Invited:
    """What a link offers, and to whom; ``user`` if the address has one, ``knows_password`` if they can sign in."""

    id: int
    email: str
    operator: int
    operator_name: str
    kind: Kind
    role: Role | None
    account: int | None
    locale: str
    made_by: int | None
    made_by_key: int | None
    user: int | None
    knows_password: bool


def invite(  # noqa: PLR0913 -- whom, where, as what
    person: Person,
    email: str,
    *,
    operator: int,
    kind: Kind,
    now: datetime,
    role: Role | None = None,
    account: int | None = None,
    locale: str = "",
) -> int:
    """Ask somebody in by mail; answers the invitation's id. One to the same that still waits is void.

    ``account`` is one that the caller has found for this person at the operator. Nobody gives more than they have.
    Raises Forbidden, NotFound, InvalidRequest, DuplicateMembership, TooManyInvitations.
    """
    person.require("person.change")
    person.require_operator(operator)
    address = check_email(email)
    if (kind is Kind.STAFF) != (role is not None):
        raise InvalidRequest("Choose a role for staff; nobody else has one.", field="role")
    if (kind is Kind.SUBSCRIBER) != (account is not None):
        raise InvalidRequest("Name the account of a subscriber; nobody else has one.", field="account")
    person.require_gives(kind, role)
    nonce = secrets.token_hex(32)
    where = {"email": address, "operator": operator, "kind": kind, "account": account}
    with transaction.atomic():
        _sql.row("one_at_a_time", operator=operator)
        if _sql.row("already", **where)["already"]:
            raise DuplicateMembership(
                "This person is let in for that already; look them up in the list of people.", field="email"
            )
        before = _judge_number(operator, address, now)
        _sql.run("replace", now=now, **where)
        added = _sql.row(
            "add_invitation",
            role=role or "",
            locale=locale,
            nonce=nonce,
            digest=digest_of(secret_of(nonce)),
            made_by=person.user,
            key=person.key,
            now=now,
            expires_at=now + LASTS if person.until is None else min(now + LASTS, person.until),
            **where,
        )
        after = {"kind": kind, "role": role}
        record("person.invite", address, operator=operator, account=account or 0, at=now, after=after)
        mail_invitation.configure(priority=-before).defer(invitation=added["id"])
    return int(added["id"])


def revoke_invitation(person: Person, invitation: int, *, now: datetime) -> None:
    """A link stops working. Raises Forbidden, NotFound."""
    person.require("person.change")
    with transaction.atomic():
        gone = _sql.rows("revoke", invitation=invitation, operators=list(person.operators), now=now)
        if not gone:
            raise NotFound("There is no such invitation that waits; look it up in the list of people.")
        record("person.uninvite", gone[0]["email"], operator=gone[0]["operator_id"], at=now)


def waiting_invitations(person: Person, *, after: str | None = None, limit: int = MOST) -> Page[dict[str, Any]]:
    """The invitations of the person's operators that wait (also those that ran out), the newest first.

    Raises Forbidden, InvalidRequest.
    """
    person.require("person.view")
    place = place_after(after, int) or (_BIGINT - 1,)
    rows = _sql.rows("waiting", operators=list(person.operators), after=place[0], most=checked(limit) + 1)
    return page_of(rows, limit, lambda row: (row["id"],))


def invited_by(secret: str, *, now: datetime) -> Invited:
    """What a link offers. Raises NotFound: unknown, accepted, revoked and run out are answered alike.

    So is one whose sender may no longer let somebody in so: rights are judged when they are given, not when promised.
    """
    found = _sql.rows("valid", digest=digest_of(secret), now=now)
    if not found or not found[0]["is_active"] or not _sender_may(found[0], now):
        raise NotFound("This invitation is no longer valid; ask for a new one.")
    (row,) = found
    return Invited(
        id=row["id"],
        email=row["email"],
        operator=row["operator_id"],
        operator_name=row["operator_name"],
        kind=Kind(row["kind"]),
        role=Role(row["role"]) if row["role"] else None,
        account=row["account_id"],
        locale=row["locale"],
        made_by=row["made_by_id"],
        made_by_key=row["made_by_key_id"],
        user=row["user_id"],
        knows_password=row["has_password"],
    )


def accept(
    secret: str, *, now: datetime, user: int | None = None, name: str = "", password: str = "", locale: str = ""
) -> int:
    """Let the invited one in, once; answers the user's id. ``user`` is who is signed in, if somebody is.

    Who has no password yet writes a name and a password. Raises NotFound, SignInFirst, InvalidRequest,
    DuplicateMembership.
    """
    with transaction.atomic():
        invited = invited_by(secret, now=now)
        if invited.knows_password and user != invited.user:
            raise SignInFirst(f"Sign in as {invited.email} to accept this invitation.")
        if not _sql.run("accept", invitation=invited.id, now=now):
            raise NotFound("This invitation is no longer valid; ask for a new one.")
        with acting(invited.email, "web"):
            found = invited.user if invited.knows_password else _set_up(invited, name, password, locale, now)
            assert found is not None  # noqa: S101 -- who knows a password is a user
            add_membership(
                found,
                invited.operator,
                invited.kind,
                now=now,
                role=invited.role,
                account=invited.account,
                maker=invited.made_by,
                key=invited.made_by_key,
            )
    return found


def _judge_number(operator: int, email: str, now: datetime) -> int:
    """How many invitations the operator's tenant sent in a day, if it may send one more. Raises TooManyInvitations."""
    sent = _sql.row("sent", operator=operator, email=email, now=now)
    if sent["to_receiver"] >= MOST_TO_RECEIVER:
        message = f"{email} was sent {MOST_TO_RECEIVER} invitations within an hour; wait before you send another."
        raise TooManyInvitations(message, field="email")
    if sent["of_day"] >= settings.INVITATIONS_A_DAY:
        message = f"{sent['of_day']} invitations were sent within a day, as many as may be; send this one tomorrow."
        raise TooManyInvitations(message)
    if sent["waiting"] >= settings.INVITATIONS_WAITING:
        message = f"{sent['waiting']} invitations wait to be accepted, as many as may be; take some of them back."
        raise TooManyInvitations(message)
    return int(sent["of_day"])


def _sender_may(row: dict[str, Any], now: datetime) -> bool:
    """Whether who sent an invitation, a person or a program, may still do so."""
    needs = {"person.change", *rights_of(Kind(row["kind"]), Role(row["role"]) if row["role"] else None)}
    if row["made_by_key_id"] is not None:
        return needs <= rights_of_key(row["made_by_key_id"], now=now)
    return row["made_by_id"] is None or any(needs <= OF_ROLE[Role(role)] for role in row["sender_roles"])


def _set_up(invited: Invited, name: str, password: str, locale: str, now: datetime) -> int:
    """A new user, or one who never had a password."""
    called = check_name(name)
    if not called:
        raise InvalidRequest("Write your name.", field="name")
    judge_password(password, invited.email, called)
    user = add_user(invited.email, now=now)
    _sql.run("set_up", user=user, name=called, password=make_password(password), locale=locale or invited.locale)
    return user

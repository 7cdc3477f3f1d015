"""Changes of people: what they are let in for, their role, and whether they can sign in at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction

from abono.base.refusal import Refusal
from abono.base.sql import statements
from abono.base.trail import record
from abono.features.access.directory import Found, find_person
from abono.features.access.fields import check_name
from abono.features.access.people import Forbidden, NotFound, Person
from abono.features.access.rights import Kind, Role, rights_of
from abono.features.access.sessions import drop_second_factor, end_sessions

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime
    from typing import Any

_sql = statements("abono.features.access", "people")
_invitations = statements("abono.features.access", "invitations")


class LastAdministrator(Refusal):
    """The provider would have no administrator left."""

    code = "last_administrator"


class NotWhole(Refusal):
    """Somebody else lets this person in too: only what belongs to the own operators may be changed."""

    code = "not_whole"


def end_membership(person: Person, membership: int, *, now: datetime) -> None:
    """Somebody is no longer let in, from the next request on; who they asked in and who has not come, may not come.

    Raises Forbidden, NotFound, LastAdministrator.
    """
    with transaction.atomic():
        held = _held(person, membership)
        _sql.run("end_membership", membership=membership, now=now)
        if held["role"] == Role.ADMINISTRATOR:
            _keep_administrators([held["operator_id"]])
        _invitations.run("revoke_made_by", user=held["user_id"], operators=list(person.operators), now=now)
        before = {"kind": held["kind"], "role": held["role"]}
        account = held["account_id"] or 0
        operator = held["operator_id"]
        record("person.leave", str(held["user_id"]), operator=operator, account=account, at=now, before=before)


def change_role(person: Person, membership: int, role: Role, *, now: datetime) -> None:
    """A member of the staff does something else, from the next request on; who may do less, has asked nobody in.

    Raises Forbidden, NotFound, LastAdministrator.
    """
    person.require_gives(Kind.STAFF, role)
    with transaction.atomic():
        held = _held(person, membership)
        if held["kind"] != Kind.STAFF:
            raise NotFound("Only staff have a role.", field="role")
        if held["role"] == role:
            return
        _sql.run("change_role", membership=membership, role=role)
        if held["role"] == Role.ADMINISTRATOR:
            _keep_administrators([held["operator_id"]])
        if not rights_of(Kind.STAFF, Role(held["role"])) <= rights_of(Kind.STAFF, role):
            _invitations.run("revoke_made_by", user=held["user_id"], operators=list(person.operators), now=now)
        record(
            "person.change_role",
            str(held["user_id"]),
            operator=held["operator_id"],
            at=now,
            before={"role": held["role"]},
            after={"role": role},
        )


def set_active(person: Person, user: int, *, active: bool, now: datetime) -> None:
    """Whether somebody can sign in at all. Who cannot is signed out everywhere at once.

    Raises Forbidden, NotFound, NotWhole, LastAdministrator.
    """
    with transaction.atomic():
        found = _other(person, user)
        if not _sql.run("set_active", user=user, active=active):
            return
        if not active:
            _keep_administrators(each.operator_id for each in found.memberships if each.role is Role.ADMINISTRATOR)
            end_sessions(user)
            _invitations.run("revoke_made_by", user=user, operators=list(person.operators), now=now)
        action = "person.activate" if active else "person.deactivate"
        record(action, found.email, operator=person.operator, at=now)


def sign_out(person: Person, user: int, *, now: datetime, session: int | None = None) -> None:
    """End one session of somebody, or all. Raises Forbidden, NotFound, NotWhole."""
    with transaction.atomic():
        found = _other(person, user)
        end_sessions(user, session=session)
        record("person.sign_out", found.email, operator=person.operator, at=now)


def remove_second_factor(person: Person, user: int, *, now: datetime) -> None:
    """Somebody has lost the second factor: the password alone is enough, until they add one. All sessions end.

    Raises Forbidden, NotFound, NotWhole.
    """
    with transaction.atomic():
        found = _other(person, user)
        drop_second_factor(user)
        end_sessions(user)
        record("person.remove_second_factor", found.email, operator=person.operator, at=now)


def change_own(person: Person, name: str, locale: str, *, now: datetime) -> None:
    """What somebody is called and reads; ``locale`` is one that the door offers. Raises InvalidRequest."""
    called = check_name(name)
    with transaction.atomic():
        _sql.run("rename", user=person.user, name=called, locale=locale)
        after = {"name": called, "locale": locale}
        record("person.change", str(person.user), operator=person.operator, at=now, after=after)


def _held(person: Person, membership: int) -> dict[str, Any]:
    """A membership that the person may change. Raises Forbidden, NotFound."""
    person.require("person.change")
    _sql.rows("lock_administrators")
    found = _sql.rows("membership", membership=membership, operators=list(person.operators))
    if not found:
        raise NotFound("Nobody is let in by this membership; look the person up in the list.", field="membership")
    (held,) = found
    person.require_no_more(Kind(held["kind"]), Role(held["role"]) if held["role"] else None)
    return held


def _other(person: Person, user: int) -> Found:
    """Somebody else, all of whom the person may judge. Raises Forbidden, NotFound, NotWhole."""
    found = find_person(person, user, right="person.change")
    _sql.rows("lock_administrators")
    if user == person.user:
        raise Forbidden("This cannot be done to oneself; use your profile, or ask another administrator.")
    if not found.whole:
        raise NotWhole("Another operator lets this person in too; end the memberships of yours instead.")
    for each in found.memberships:
        if each.ended_at is None:
            person.require_no_more(each.kind, each.role)
    return found


def _keep_administrators(operators: Iterable[int]) -> None:
    """Raise LastAdministrator if one of these operators is the provider and nobody could administer it any more."""
    if _sql.rows("roots_without_administrator", operators=list(set(operators))):
        raise LastAdministrator("The provider needs an administrator; make somebody else one first.")

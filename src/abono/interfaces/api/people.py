"""People: who is let in, why, and who is asked in."""

from typing import Annotated, Any, Literal

from ninja import Query
from pydantic import Field

from abono.base.paging import Page
from abono.features.access import staffing
from abono.features.access.directory import Found, Listed, find_person, list_people
from abono.features.access.invitations import LASTS, invite, revoke_invitation, waiting_invitations
from abono.features.access.rights import Kind, Role
from abono.features.operators.queries import operator_by_id
from abono.interfaces.api.calls import Call, endpoint
from abono.interfaces.api.lists import Listed as ListOf
from abono.interfaces.api.reaching import reach
from abono.interfaces.api.replies import Reply, gone, made
from abono.interfaces.api.values import Answer, Body, Cursor, Flag, GivenId, Id, Instant, Locale, Paging, Search

TAG = "People"
KindName = Annotated[Literal["staff", "subscriber", "agent"], Field(examples=["staff"])]
RoleName = Annotated[Literal["administrator", "accountant", "manager", "auditor"], Field(examples=["manager"])]
Email = Annotated[
    str, Field(min_length=3, max_length=254, pattern=r"^[^\x00-\x20\x7f]+$", examples=["ben@example.com"])
]


class Person(Answer):
    """Somebody whom an operator in reach lets in."""

    id: Id
    name: Annotated[str, Field(examples=["Ben"])]
    email: Email
    active: Annotated[bool, Field(description="Whether they can sign in at all.", examples=[True])]
    second_factor: Annotated[bool, Field(examples=[True])]
    last_signed_in_at: Instant | None


class People(Answer):
    """A page of people, by e-mail address."""

    items: list[Person]
    next: Cursor | None


class PeopleFilter(Paging):
    """Which people."""

    search: Annotated[Search, Field(description="A part of the name or the address.", examples=["ben"])] = ""
    kind: KindName | None = None
    role: RoleName | None = None


class Membership(Answer):
    """Why somebody is let in."""

    id: Id
    operator: Id
    kind: KindName
    role: RoleName | None
    account: Annotated[Id | None, Field(description="Of a subscriber.", examples=[None])]
    since: Instant
    ended_at: Annotated[Instant | None, Field(examples=[None])]


class PersonDetail(Person):
    """Somebody with the memberships that are in reach."""

    locale: Annotated[str, Field(examples=["de"])]
    joined_at: Instant
    memberships: list[Membership]


class ChangedPerson(Body):
    """What is to change."""

    active: Flag


class ChangedMembership(Body):
    """What a member of the staff does from now on."""

    role: RoleName


class Invitation(Answer):
    """Somebody who was asked in and has not come yet."""

    id: Id
    email: Email
    operator: Id
    kind: KindName
    role: RoleName | None
    account: Annotated[Id | None, Field(examples=[None])]
    made_at: Instant
    expires_at: Instant


class Invitations(Answer):
    """A page of the invitations that wait, the newest first."""

    items: list[Invitation]
    next: Cursor | None


class NewInvitation(Body):
    """Somebody to ask in, by mail."""

    email: Email
    kind: KindName
    role: Annotated[RoleName | None, Field(description="Staff need one, nobody else has one.")] = None
    operator: Annotated[GivenId | None, Field(description="The key's own if not given; a subscriber's account's.")] = (
        None
    )
    account: Annotated[GivenId | None, Field(description="A subscriber needs one.", examples=[None])] = None
    locale: Locale | None = None


@endpoint("GET", "/people", right="person.view", tag=TAG, answer=People)
def list_of_people(request: Call, wanted: Query[PeopleFilter]) -> Reply:
    """List the people whom operators in reach let in.

    By e-mail address.
    """

    def ask(after: str | None, limit: int) -> Page[Listed]:
        return list_people(
            request.person,
            search=wanted.search,
            kind=wanted.kind or "",
            role=wanted.role or "",
            after=after,
            limit=limit,
        )

    return ListOf(ask, Person, Person.model_validate, People).page_reply(request, wanted)


@endpoint("GET", "/people/{person}", right="person.view", tag=TAG, answer=PersonDetail)
def get_person(request: Call, person: Id) -> PersonDetail:
    """Show somebody with the memberships that are in reach.

    Current ones and those that ended.
    """
    return _shown(find_person(request.person, person))


@endpoint(
    "PATCH", "/people/{person}", right="person.change", tag=TAG, answer=PersonDetail,
    refusals=("not_whole", "last_administrator"),
)  # fmt: skip
def change_person(request: Call, person: Id, body: ChangedPerson) -> PersonDetail:
    """Let somebody sign in, or no longer.

    Who cannot sign in is signed out everywhere at once.
    """
    staffing.set_active(request.person, person, active=body.active, now=request.now)
    return _shown(find_person(request.person, person, right="person.change"))


@endpoint(
    "PATCH", "/memberships/{membership}", right="person.change", tag=TAG, answer=None, status=204,
    refusals=("last_administrator",),
)  # fmt: skip
def change_membership(request: Call, membership: Id, body: ChangedMembership) -> Reply:
    """Give a member of the staff another role.

    No role may do more than the calling key, which must have no end. It counts from their next request on.
    """
    staffing.change_role(request.person, membership, Role(body.role), now=request.now)
    return gone()


@endpoint(
    "DELETE", "/memberships/{membership}", right="person.change", tag=TAG, answer=None, status=204,
    refusals=("last_administrator",),
)  # fmt: skip
def end_membership(request: Call, membership: Id) -> Reply:
    """End a membership.

    Somebody is no longer let in for it, from their next request on.
    """
    staffing.end_membership(request.person, membership, now=request.now)
    return gone()


@endpoint("GET", "/invitations", right="person.view", tag=TAG, answer=Invitations)
def list_invitations(request: Call, wanted: Query[Paging]) -> Reply:
    """List the invitations that wait.

    The newest first, those that ran out among them.
    """

    def ask(after: str | None, limit: int) -> Page[dict[str, Any]]:
        return waiting_invitations(request.person, after=after, limit=limit)

    return ListOf(ask, Invitation, _waiting, Invitations).page_reply(request, wanted)


@endpoint(
    "POST", "/invitations", right="person.change", tag=TAG, answer=Invitation, status=201,
    refusals=("duplicate_membership", "not_found", "too_many_invitations"),
)  # fmt: skip
def invite_somebody(request: Call, body: NewInvitation) -> Reply:
    """Ask somebody in by mail.

    The link holds for a week, at most as long as the calling key, and only while the key may still do it. Nobody may do
    more than the calling key; one that ends lets in no staff. A subscriber's account needs the right
    `account.view` as well. How many are sent in a day, wait, and go to one address within an hour is limited.
    """
    person = request.person
    operator = body.operator or person.operator
    if body.account is not None:
        operator = reach(request, body.account, "account.view").operator_id
    person.require_operator(operator)
    invitation = invite(
        person,
        body.email,
        operator=operator,
        kind=Kind(body.kind),
        role=None if body.role is None else Role(body.role),
        account=body.account,
        locale=body.locale or operator_by_id(operator).locale,
        now=request.now,
    )
    told = Invitation(
        id=invitation,
        email=body.email.lower(),
        operator=operator,
        kind=body.kind,
        role=body.role,
        account=body.account,
        made_at=request.now,
        expires_at=request.now + LASTS,
    )
    return made(told, "/invitations")


@endpoint("DELETE", "/invitations/{invitation}", right="person.change", tag=TAG, answer=None, status=204)
def revoke_an_invitation(request: Call, invitation: Id) -> Reply:
    """Revoke an invitation.

    Its link stops working.
    """
    revoke_invitation(request.person, invitation, now=request.now)
    return gone()


def _waiting(row: dict[str, Any]) -> Invitation:
    return Invitation(
        operator=row["operator_id"],
        role=row["role"] or None,
        account=row["account_id"],
        **{name: row[name] for name in ("id", "email", "kind", "made_at", "expires_at")},
    )


def _shown(found: Found) -> PersonDetail:
    same = ("id", "name", "email", "active", "second_factor", "last_signed_in_at", "locale", "joined_at")
    return PersonDetail(
        memberships=[
            Membership(
                id=each.id,
                operator=each.operator_id,
                kind=each.kind.value,
                role=None if each.role is None else each.role.value,
                account=each.account_id,
                since=each.since,
                ended_at=each.ended_at,
            )
            for each in found.memberships
        ],
        **{name: getattr(found, name) for name in same},
    )

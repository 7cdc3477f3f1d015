"""People through the API: asked in, listed, and never given more than the key itself may do."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.db import connection

from .conftest import Caller, key_of

if TYPE_CHECKING:
    from .conftest import World

pytestmark = pytest.mark.django_db(transaction=True)


def member(world: World, email: str, role: str = "auditor") -> tuple[int, int]:
    """Somebody of the staff and the membership."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO access_user (email, name, password, joined_at) VALUES (%s, 'Ben', '!', now()) RETURNING id",
            [email],
        )
        user = cursor.fetchone()[0]
        cursor.execute(
            "INSERT INTO access_membership (user_id, operator_id, kind, role, since)"
            " VALUES (%s, %s, 'staff', %s, now()) RETURNING id",
            [user, world.seller.id, role],
        )
        return user, cursor.fetchone()[0]


def test_somebody_is_asked_in_and_the_invitation_is_revoked(world: World) -> None:
    made = world.call("POST", "/invitations", {"email": "Ben@Example.com", "kind": "staff", "role": "manager"})
    assert (made.status, made.body["email"], made.body["operator"]) == (201, "ben@example.com", world.seller.id)
    (waiting,) = world.call("GET", "/invitations").body["items"]
    assert {name: waiting[name] for name in ("id", "email", "role")} == {
        "id": made.body["id"],
        "email": "ben@example.com",
        "role": "manager",
    }
    assert world.theirs("GET", "/invitations").body["items"] == []
    assert world.call("DELETE", f"/invitations/{made.body['id']}").status == 204
    assert world.call("GET", "/invitations").body["items"] == []


def test_a_subscriber_is_asked_in_to_an_account_in_reach(world: World) -> None:
    asked = {"email": "s@example.com", "kind": "subscriber", "account": world.account}
    assert world.call("POST", "/invitations", asked).body["account"] == world.account
    assert world.call("POST", "/invitations", {**asked, "account": world.foreign}).told == (404, "not_found")
    assert world.call("POST", "/invitations", {"email": "s@example.com", "kind": "subscriber"}).told == (422, "invalid")
    assert world.call("POST", "/invitations", {"email": "nobody", "kind": "agent"}).told == (422, "invalid")


def test_nobody_is_given_more_than_the_key_may_do(world: World) -> None:
    clerk = Caller(key_of(world.seller, ["person.change", "person.view"]))
    invited = {"email": "ben@example.com", "kind": "staff", "role": "administrator"}
    assert clerk("POST", "/invitations", invited).told == (403, "forbidden")
    _user, membership = member(world, "ben@example.com")
    assert clerk("PATCH", f"/memberships/{membership}", {"role": "administrator"}).told == (403, "forbidden")
    assert world.call("GET", "/invitations").body["items"] == []


def test_people_are_listed_changed_and_let_go(world: World) -> None:
    user, membership = member(world, "ben@example.com")
    member(world, "anna@example.com", "administrator")
    listed = world.call("GET", "/people?limit=1")
    assert [each["email"] for each in listed.body["items"]] == ["anna@example.com"]
    following = world.call("GET", f"/people?limit=1&after={listed.body['next']}").body
    assert ([each["id"] for each in following["items"]], following["next"]) == ([user], None)
    assert world.call("PATCH", f"/memberships/{membership}", {"role": "accountant"}).status == 204
    assert world.call("GET", f"/people/{user}").body["memberships"][0]["role"] == "accountant"
    assert world.call("PATCH", f"/people/{user}", {"active": False}).body["active"] is False
    assert world.call("DELETE", f"/memberships/{membership}").status == 204
    assert world.call("DELETE", f"/memberships/{membership}").told == (404, "not_found")
    assert world.theirs("GET", f"/people/{user}").told == (404, "not_found")
    assert world.theirs("GET", "/people").body["items"] == []


def test_the_last_administrator_stays(world: World) -> None:
    user, membership = member(world, "anna@example.com", "administrator")
    assert world.call("DELETE", f"/memberships/{membership}").told == (409, "last_administrator")
    assert world.call("PATCH", f"/memberships/{membership}", {"role": "auditor"}).told == (409, "last_administrator")
    assert world.call("PATCH", f"/people/{user}", {"active": False}).told == (409, "last_administrator")

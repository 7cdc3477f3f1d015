"""How people get in, in a real browser: who is invited, who forgot a password, and the first administrator.

A test's client sends neither an origin nor a referrer; whether a form that a browser sends is taken shows only here.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from tests.doors.web.journeys import ENGLISH_DAY, RUSSIAN_NIGHT, Eyes, Journey, eyes_of
from tests.doors.web.signing_world import (
    PASSWORD,
    PostOffice,
    Somebody,
    forget_jobs,
    forget_limits,
    link_in,
    rows,
    somebody,
)
from tests.features.worlds import START

from abono.features.access.administrators import make_administrator
from abono.features.access.invitations import invite
from abono.features.access.queries import memberships_of, person_of
from abono.features.access.rights import Kind, Role
from abono.features.accounts.operations import open_account

if TYPE_CHECKING:
    from tests.browser import Visits

pytestmark = pytest.mark.django_db(transaction=True)
NEW = "a ship in port is safe"


@pytest.fixture(autouse=True)
def _fresh() -> None:
    forget_limits()
    forget_jobs()


def asked_in(post: PostOffice, by: Somebody, email: str, kind: Kind, *, account: str) -> str:
    """The link that somebody gets by mail."""
    person = person_of(by.user, "Ada", by.email, "", memberships_of(by.user))
    assert person is not None
    invite(
        person,
        email,
        operator=by.operator.id,
        kind=kind,
        role=Role.MANAGER if kind is Kind.STAFF else None,
        account=open_account(by.operator, account, now=START) if kind is Kind.SUBSCRIBER else None,
        now=datetime.now(UTC),
    )
    return link_in(post.to(email)[-1])


def open_link(trip: Journey, link: str) -> None:
    """What a click in a mail program does."""
    trip.page.goto(link)


def submit(trip: Journey, **fields: str) -> None:
    """Fill in a page's form by the names of its fields, and send it."""
    for name, value in fields.items():
        trip.main.locator(f"[name={name}]").fill(value)
    with trip.page.expect_navigation():
        trip.main.locator("form button[type=submit]").first.click()


def is_let_in(trip: Journey, name: str) -> None:
    """Somebody's own pages are there."""
    trip.page.get_by_role("button", name=name).wait_for()
    trip.look("let-in")


@pytest.mark.parametrize("kind", list(Kind))
@pytest.mark.parametrize("eyes", eyes_of(ENGLISH_DAY, RUSSIAN_NIGHT), ids=str)
def test_who_is_invited_gets_in(visit: Visits, post: PostOffice, eyes: Eyes, kind: Kind) -> None:
    ada = somebody()
    trip = Journey(visit, eyes, f"invited-{kind}")
    open_link(trip, asked_in(post, ada, "grace@example.com", kind, account="1001"))
    trip.arrive(trip.say("You are invited"), "invitation")
    submit(trip, name="Grace", password=NEW, again="another one")
    trip.visit.expect("422")
    trip.sees(trip.say("Type the same password twice."))
    submit(trip, password=NEW, again=NEW)
    is_let_in(trip, "Grace")

    bob = somebody(name="Bob")  # signed in elsewhere already, and on this machine sits somebody else
    open_link(trip, asked_in(post, ada, bob.email, kind, account="1002"))
    trip.press("Sign out")
    trip.follow("Sign in")
    submit(trip, login=bob.email, password=PASSWORD)
    trip.arrive(trip.say("You are invited"), "accept")
    trip.press("Accept")
    trip.sees(trip.say("Welcome to %(operator)s.", operator=ada.operator.name))
    joined = rows("access_membership", operator_id=ada.operator.id, kind=kind)
    assert [each["user_id"] == bob.user for each in joined if each["user_id"] != ada.user] == [False, True]


@pytest.mark.parametrize("eyes", eyes_of(ENGLISH_DAY, RUSSIAN_NIGHT), ids=str)
def test_a_forgotten_password_is_set_anew(visit: Visits, post: PostOffice, eyes: Eyes) -> None:
    ada = somebody()
    trip = Journey(visit, eyes, "forgotten")
    trip.main.locator("a[href*='/password/reset/']").click()
    submit(trip, email=ada.email)
    open_link(trip, link_in(post.to(ada.email)[-1]))
    trip.look("new-password")
    submit(trip, password1=NEW, password2=NEW)
    trip.page.goto("/")
    submit(trip, login=ada.email, password=NEW)
    is_let_in(trip, "Ada")


@pytest.mark.parametrize("eyes", eyes_of(ENGLISH_DAY, RUSSIAN_NIGHT), ids=str)
def test_the_first_administrator_sets_a_password(visit: Visits, eyes: Eyes) -> None:
    made = make_administrator("root@example.com", now=datetime.now(UTC), name="Root")
    assert made.link is not None
    trip = Journey(visit, eyes, "first")
    open_link(trip, made.link.removeprefix("http://127.0.0.1:8000"))
    submit(trip, password1=NEW, password2=NEW)
    trip.page.goto("/")
    submit(trip, login="root@example.com", password=NEW)
    is_let_in(trip, "Root")

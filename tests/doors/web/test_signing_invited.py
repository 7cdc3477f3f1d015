"""Invitations by mail, the first administrator, and links to a new password: with a real mail server and worker."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from tests.doors.test_commands import here
from tests.doors.web.signing_world import (
    PASSWORD,
    PostOffice,
    Somebody,
    below,
    browser,
    counts,
    forget_jobs,
    forget_limits,
    is_in,
    link_in,
    provider,
    rows,
    sign_in,
    signed_in,
    somebody,
    text_of,
)

from abono.base.refusal import InvalidRequest
from abono.features.access.administrators import make_administrator
from abono.features.access.invitations import invite, revoke_invitation
from abono.features.access.operations import DuplicateMembership
from abono.features.access.people import Forbidden, NotFound, Person
from abono.features.access.queries import memberships_of, person_of
from abono.features.access.rights import Kind, Role
from abono.features.access.staffing import end_membership

pytestmark = pytest.mark.django_db(transaction=True)
NEW = {"name": "Grace Hopper", "password": "a ship in port is safe", "again": "a ship in port is safe"}


@pytest.fixture(autouse=True)
def _fresh() -> None:
    forget_limits()
    forget_jobs()


def person(of: Somebody) -> Person:
    found = person_of(of.user, "Ada", of.email, "", memberships_of(of.user))
    assert found is not None
    return found


def now() -> datetime:
    return datetime.now(UTC)


def test_somebody_new_is_asked_in_sets_a_password_and_is_in(post: PostOffice) -> None:
    ada = somebody()
    invite(person(ada), "Grace@Example.com", operator=ada.operator.id, kind=Kind.STAFF, role=Role.MANAGER, now=now())
    (mail,) = post.to("grace@example.com")
    assert mail["Subject"].strip() == "Abono: an invitation from “Northern Light”"
    assert "as manager" in text_of(mail)
    html = mail.get_body(("html",))
    assert html is not None
    link = link_in(mail)
    assert link in html.get_content()
    client = browser()
    page = client.get(link)
    assert page.status_code == 200
    assert page["Referrer-Policy"] == "same-origin"  # the link is told to no other site; the form has an origin
    assert rows("access_invitation")[0]["accepted_at"] is None  # a look uses nothing up
    assert client.post(link, {**NEW, "again": "other"}).status_code == 422
    assert client.post(link, {**NEW, "password": "short", "again": "short"}).status_code == 422
    kept = client.post(link, {**NEW, "password": "grace@example.com", "again": "grace@example.com"})
    assert kept.status_code == 422
    assert b"Grace Hopper" in kept.content
    answer = client.post(link, NEW)
    assert (answer.status_code, answer["Location"]) == (302, "/")
    assert is_in(client)
    assert sign_in(browser(), "grace@example.com", NEW["password"]).status_code == 302
    (membership,) = rows("access_membership", role="manager")
    assert (membership["operator_id"], membership["kind"]) == (ada.operator.id, "staff")
    before = counts()
    assert browser().get(link).status_code == 404
    assert (
        browser().post(link, {**NEW, "password": "quite another one", "again": "quite another one"}).status_code == 404
    )
    assert counts() == before
    assert sign_in(browser(), "grace@example.com", NEW["password"]).status_code == 302


def test_somebody_who_has_a_password_signs_in_to_accept(post: PostOffice) -> None:
    ada, bob, eve = somebody(), somebody(), somebody()
    invite(person(ada), bob.email, operator=ada.operator.id, kind=Kind.AGENT, now=now())
    link = link_in(post.to(bob.email)[0])
    anonymous = browser()
    assert b"password" not in anonymous.get(link).content.split(b"<main")[1]
    before = counts()
    assert anonymous.post(link, NEW).status_code == 422
    assert signed_in(eve).post(link).status_code == 422
    assert counts()["access_membership"] == before["access_membership"]
    theirs = browser()
    answer = sign_in(theirs, bob.email, next=link)
    assert answer["Location"] == link
    assert theirs.post(link).status_code == 303
    assert {row["kind"] for row in rows("access_membership", user_id=bob.user)} == {"staff", "agent"}
    assert theirs.post(link).status_code == 404


def test_a_real_worker_sends_it_by_the_mail_server_of_the_environment(post: PostOffice, settings: Any) -> None:
    ada = somebody()
    invite(person(ada), "grace@example.com", operator=ada.operator.id, kind=Kind.AGENT, now=now())
    worker = [sys.executable, "-W", "ignore", "-m", "django", "procrastinate", "worker", "--one-shot"]
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "abono.project.settings",
        "ABONO_DATABASE_URL": here(),
        "ABONO_SMTP_HOST": "127.0.0.1",
        "ABONO_SMTP_PORT": str(settings.EMAIL_PORT),
        "ABONO_MAIL_FROM": "billing@example.org",
        "ABONO_URL": "https://billing.example.org",
    }
    done = subprocess.run(worker, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    ((to, mail),) = post.mails
    assert (to, mail["From"]) == ("grace@example.com", "billing@example.org")
    assert "https://billing.example.org/sign/invitation/" in text_of(mail)
    assert [job["status"] for job in rows("procrastinate_jobs", task_name="access.mail_invitation")] == ["succeeded"]


def test_links_run_out_and_are_taken_back(post: PostOffice) -> None:
    ada = somebody()
    invite(person(ada), "a@example.com", operator=ada.operator.id, kind=Kind.AGENT, now=now() - timedelta(days=7))
    invite(person(ada), "b@example.com", operator=ada.operator.id, kind=Kind.AGENT, now=now())
    invite(person(ada), "c@example.com", operator=ada.operator.id, kind=Kind.AGENT, now=now())
    links = [link_in(post.to(f"{each}@example.com")[0]) for each in "abc"]
    revoke_invitation(person(ada), rows("access_invitation", email="b@example.com")[0]["id"], now=now())
    invite(person(ada), "c@example.com", operator=ada.operator.id, kind=Kind.AGENT, now=now())  # the newer one counts
    before = counts()
    for link in links:
        assert browser().get(link).status_code == 404
        assert browser().post(link, NEW).status_code == 404
    assert browser().get("/sign/invitation/" + "0" * 64 + "/").status_code == 404
    assert counts() == before
    assert browser().get(link_in(post.to("c@example.com")[1])).status_code == 200


def test_who_is_let_in_no_more_asks_nobody_in(post: PostOffice) -> None:
    root = provider()
    ada, bob = somebody(root), somebody(root)
    invite(person(bob), "a@example.com", operator=root.id, kind=Kind.STAFF, role=Role.ADMINISTRATOR, now=now())
    link = link_in(post.to("a@example.com")[0])
    end_membership(person(ada), bob.membership, now=now())
    assert browser().post(link, NEW).status_code == 404
    assert rows("access_user", email="a@example.com") == []


@pytest.mark.parametrize("role", [Role.ACCOUNTANT, Role.MANAGER, Role.AUDITOR])
def test_only_administrators_ask_in(role: Role) -> None:
    bob = somebody(role=role)
    before = counts()
    with pytest.raises(Forbidden):
        invite(person(bob), "a@example.com", operator=bob.operator.id, kind=Kind.AGENT, now=now())
    assert counts() == before


def test_nobody_gives_more_than_they_have_or_elsewhere() -> None:
    root = provider()
    child = below(root)
    ada, other = somebody(child), somebody()
    boss = person(ada)
    lesser = Person(**{**boss.__dict__, "rights": frozenset({"person.view", "person.change", "account.view"})})
    before = counts()
    for role in Role:
        with pytest.raises(Forbidden):
            invite(lesser, "a@example.com", operator=child.id, kind=Kind.STAFF, role=role, now=now())
    for operator in (root.id, other.operator.id):
        with pytest.raises(NotFound):
            invite(boss, "a@example.com", operator=operator, kind=Kind.STAFF, role=Role.AUDITOR, now=now())
    with pytest.raises(DuplicateMembership):
        invite(boss, ada.email, operator=child.id, kind=Kind.STAFF, role=Role.AUDITOR, now=now())
    assert counts() == before
    assert rows("procrastinate_jobs") == []


@pytest.mark.parametrize(
    "email", ["a@example.com\r\nBcc: all@example.com", "a\n@example.com", "a@example.com\0", "a b@example.com", "", "@"]
)
def test_no_header_gets_into_a_mail_by_an_address(email: str) -> None:
    ada = somebody()
    before = counts()
    with pytest.raises(InvalidRequest):
        invite(person(ada), email, operator=ada.operator.id, kind=Kind.AGENT, now=now())
    assert counts() == before


def test_no_header_gets_into_a_mail_by_a_name(post: PostOffice) -> None:
    ada = somebody()
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE operators_operator SET name = %s WHERE id = %s",
            ["Evil\r\nBcc: all@example.com <b>&", ada.operator.id],
        )
    invite(person(ada), "a@example.com", operator=ada.operator.id, kind=Kind.AGENT, now=now())
    (mail,) = post.to("a@example.com")
    assert mail["Bcc"] is None
    assert mail["Subject"].strip() == "Abono: an invitation from “Evil Bcc: all@example.com <b>&”"
    html = mail.get_body(("html",))
    assert html is not None
    assert "<b>" not in html.get_content()
    assert [to for to, _ in post.mails] == ["a@example.com"]
    client = signed_in(ada)
    assert client.post("/me/", {"name": "A\r\nB", "locale": "en"}).status_code == 422


def test_a_name_is_no_message_of_its_own(post: PostOffice) -> None:
    ada = somebody()
    name = "Your account was locked, confirm it at https://evil.example/login at once. " * 2
    with connection.cursor() as cursor:
        cursor.execute("UPDATE operators_operator SET name = %s WHERE id = %s", [name.strip(), ada.operator.id])
    invite(person(ada), "a@example.com", operator=ada.operator.id, kind=Kind.AGENT, now=now())
    (mail,) = post.to("a@example.com")
    assert mail["Subject"].strip() == f"Abono: an invitation from “{name[:59]}…”"
    assert f"“{name[:59]}…” invites you" in text_of(mail)
    html = mail.get_body(("html",))
    assert html is not None
    links = re.findall(r'href="([^"]*)"', html.get_content())
    assert [link.rsplit("/", 2)[0] for link in links] == [f"{settings.URL.rstrip('/')}/sign/invitation"]


def test_a_name_does_not_leave_its_quotation_marks(post: PostOffice) -> None:
    ada = somebody()
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE operators_operator SET name = %s WHERE id = %s", ['A” sends "money". „Click', ada.operator.id]
        )
    invite(person(ada), "a@example.com", operator=ada.operator.id, kind=Kind.AGENT, now=now())
    (mail,) = post.to("a@example.com")
    assert mail["Subject"].strip() == "Abono: an invitation from “A' sends 'money'. 'Click”"


def test_the_language_of_a_mail_is_the_receivers(post: PostOffice) -> None:
    ada = somebody()
    client = signed_in(ada)
    assert client.post("/me/", {"name": "Ada", "locale": "de"}).status_code == 303
    assert rows("access_user", id=ada.user)[0]["locale"] == "de"
    changed = {"oldpassword": PASSWORD, "password1": "another long secret", "password2": "another long secret"}
    client.post("/sign/password/change/", changed)
    (mail,) = post.to(ada.email)
    assert "Passwort" in mail["Subject"]


def test_a_new_password_by_mail_ends_every_session_and_every_wait(post: PostOffice) -> None:
    ada = somebody()
    open_session = signed_in(ada)
    for _ in range(5):
        sign_in(browser(), ada.email, "wrong")
    assert sign_in(browser(), ada.email).status_code == 429
    browser().post("/sign/password/reset/", {"email": ada.email})
    browser().post("/sign/password/reset/", {"email": "nobody@example.com"})
    (mail,) = post.to(ada.email)
    assert [to for to, _ in post.mails] == [ada.email]
    client = browser()
    form = client.get(link_in(mail))["Location"]
    assert "set-password" in form
    new = {"password1": "another long secret", "password2": "another long secret"}
    assert client.post(form, new).status_code == 302
    assert not is_in(open_session)
    assert sign_in(browser(), ada.email, "another long secret").status_code == 302
    used = browser().get(link_in(mail))
    assert used.status_code == 200  # allauth's page that says that the link is used up
    assert b"password1" not in used.content
    assert [row["action"] for row in rows("base_trail", action="person.reset_password")] == ["person.reset_password"]


def test_a_link_to_a_new_password_runs_out(post: PostOffice, settings: Any) -> None:
    ada = somebody()
    browser().post("/sign/password/reset/", {"email": ada.email})
    link = link_in(post.to(ada.email)[0])
    settings.PASSWORD_RESET_TIMEOUT = -1
    assert b"password1" not in browser().get(link).content


def test_the_first_administrator() -> None:
    made = make_administrator("Root@Example.com", now=now())
    assert (made.email, made.operator.code) == ("root@example.com", "provider")
    assert made.link is not None
    client = browser()
    path = made.link.removeprefix("http://127.0.0.1:8000")
    form = client.get(path)["Location"]
    new = {"password1": "another long secret", "password2": "another long secret"}
    assert client.post(form, new).status_code == 302
    assert sign_in(client, "root@example.com", "another long secret").status_code == 302
    assert is_in(client)
    with pytest.raises(DuplicateMembership):
        make_administrator("root@example.com", now=now())
    second = make_administrator("second@example.com", now=now(), password="another long secret")
    assert (second.operator.id, second.link) == (made.operator.id, None)
    with pytest.raises(InvalidRequest):
        make_administrator("third@example.com", now=now(), password="short")
    assert rows("access_user", email="third@example.com") == []

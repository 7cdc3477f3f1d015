"""``abono admin``: the first administrator, clear refusals, and a way back in."""

from __future__ import annotations

import re
from uuid import uuid4

import pytest

from abono.features.operators.operations import add_operator
from tests.doors.test_commands import abono, refused
from tests.doors.web.signing_world import browser, counts, forget_limits, rows, sign_in

pytestmark = pytest.mark.django_db(transaction=True)
LINK = re.compile(r"http://127\.0\.0\.1:8000(/sign/password/reset/key/\S+)")
NEW = {"password1": "a ship in port is safe", "password2": "a ship in port is safe"}


def set_password(link: str) -> None:
    """Follow a link and set the password that NEW names."""
    client = browser()
    form = client.get(link)["Location"]
    assert client.post(form, NEW).status_code == 302


def test_an_empty_database_gets_a_provider_and_a_link_that_works_once() -> None:
    forget_limits()
    done = abono("admin", "create", "--email", "Root@Example.com", "--name", "Root")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("root@example.com administers Provider (provider).\n")
    found = LINK.search(done.stdout)
    assert found is not None
    assert sign_in(browser(), "root@example.com", "").status_code == 200
    set_password(found[1])
    assert sign_in(browser(), "root@example.com", NEW["password1"]).status_code == 302
    assert b"password1" not in browser().get(found[1]).content
    assert [(row["code"], row["parent_id"]) for row in rows("operators_operator")] == [("provider", None)]
    assert [(row["kind"], row["role"]) for row in rows("access_membership")] == [("staff", "administrator")]
    assert [(row["actor"], row["origin"]) for row in rows("base_trail", action="person.join")] == [("admin", "cli")]


def test_a_password_may_be_given_and_is_judged() -> None:
    forget_limits()
    before = counts()
    line = refused(abono("admin", "create", "--email", "a@example.com", "--password-stdin", given="short\n"))
    assert "password" in line
    assert "(invalid)" in line
    assert rows("operators_operator") == []
    assert counts() == before
    done = abono("admin", "create", "--email", "a@example.com", "--password-stdin", given=f"{NEW['password1']}\n")
    assert done.returncode == 0, done.stderr
    assert LINK.search(done.stdout) is None
    assert NEW["password1"] not in done.stdout + done.stderr
    assert sign_in(browser(), "a@example.com", NEW["password1"]).status_code == 302


def test_refusals_are_one_line_and_change_nothing() -> None:
    code = f"op-{uuid4()}"
    add_operator(code, "One", {})
    assert abono("admin", "create", "--email", "a@example.com", "--operator", code).returncode == 0
    before = counts()
    assert "duplicate_membership" in refused(abono("admin", "create", "--email", "A@example.com", "--operator", code))
    assert "email" in refused(abono("admin", "create", "--email", "nobody"))
    assert "email" in refused(abono("admin", "create", "--email", "a@example.com\nBcc: b@example.com"))
    assert "unknown_operator" in refused(abono("admin", "create", "--email", "b@example.com", "--operator", "none"))
    assert "unknown_person" in refused(abono("admin", "link", "--email", "c@example.com"))
    add_operator(f"op-{uuid4()}", "Two", {})
    assert "several_providers" in refused(abono("admin", "create", "--email", "b@example.com"))
    assert counts() == before
    assert abono("admin", "create").returncode == 2


def test_who_is_locked_out_gets_a_link() -> None:
    forget_limits()
    abono("admin", "create", "--email", "a@example.com", "--password-stdin", given="another long secret\n")
    done = abono("admin", "link", "--email", "a@example.com")
    assert done.returncode == 0, done.stderr
    found = LINK.search(done.stdout)
    assert found is not None
    set_password(found[1])
    assert sign_in(browser(), "a@example.com", "another long secret").status_code == 200
    assert sign_in(browser(), "a@example.com", NEW["password1"]).status_code == 302

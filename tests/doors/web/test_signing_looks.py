"""The pages of people, keys and one's own, in a real browser: nothing grave, nothing too wide, no script needed."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
from tests.browser import wrong_in
from tests.doors.web.signing_world import PASSWORD, below, forget_jobs, forget_limits, provider, rows, somebody
from tests.doors.web.test_signing_in import code_of, with_totp
from tests.doors.web.test_signing_invited import now, person

from abono.features.access.invitations import invite
from abono.features.access.queries import secret_of
from abono.features.access.rights import Kind, Role

if TYPE_CHECKING:
    from playwright.sync_api import Page
    from tests.browser import Visits

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _fresh() -> None:
    forget_limits()
    forget_jobs()


def judge(page: Page, name: str) -> None:
    """A page that anybody can use, wide and narrow, by day and by night."""
    assert wrong_in(page, name) == []


def test_every_page_is_fit_to_be_used(visit: Visits) -> None:
    root = provider()
    child = below(root)
    ada = somebody(root, name="Ada Lovelace")
    bob = somebody(child, role=Role.MANAGER, name="Bob with a rather long name that goes on for a while")
    with_totp(bob.user)
    invite(person(ada), "grace@example.com", operator=child.id, kind=Kind.STAFF, role=Role.AUDITOR, now=now())
    link = f"/sign/invitation/{secret_of(rows('access_invitation')[0]['nonce'])}/"
    page = visit(link)
    judge(page, "signing-invitation")
    page = visit("/people/", user=ada.user)
    for name, address in {
        "people": "/people/",
        "nobody": "/people/?q=nobody+at+all",
        "roles": "/people/roles/",
        "invite": "/people/invite/",
        "person": f"/people/{bob.user}/",
        "end": f"/people/{bob.user}/memberships/{bob.membership}/end/",
        "deactivate": f"/people/{bob.user}/active/",
        "keys-none": "/keys/",
        "key-new": "/keys/new/",
        "profile": "/me/",
    }.items():
        page.goto(address)
        judge(page, f"signing-{name}")


def test_signing_in_with_a_code_inviting_and_making_a_key(visit: Visits) -> None:
    root = provider()
    ada = somebody(root, name="Ada Lovelace")
    secret = with_totp(ada.user)
    page = visit("/people/")
    page.get_by_label("Email").fill(ada.email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.get_by_label("Code").first.wait_for()
    judge(page, "signing-code")
    time.sleep(max(0, 3 - time.time() % 30))  # not at the very turn of a code
    page.get_by_label("Code").first.fill(code_of(secret))
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.get_by_role("heading", name="People", level=1).wait_for()
    page.get_by_role("link", name="Invite somebody").click()
    page.get_by_label("Email").fill("grace@example.com")
    page.get_by_label("As").first.select_option("accountant")
    page.get_by_role("button", name="Send the invitation").click()
    page.get_by_text("The invitation goes to grace@example.com by mail.").wait_for()
    judge(page, "signing-people-invited")
    page.get_by_role("button", name="Take back").click()
    page.get_by_text("The invitation is taken back").wait_for()
    page.goto("/keys/new/")
    page.get_by_label("Name", exact=False).last.fill("Shop")
    page.get_by_label("See accounts").check()
    page.get_by_role("button", name="Make the key").click()
    page.get_by_role("heading", name="The key is made").wait_for()
    judge(page, "signing-key-made")
    page.get_by_role("link", name="To the keys").click()
    judge(page, "signing-keys")
    page.get_by_role("link", name="Revoke").click()
    judge(page, "signing-key-revoke")
    page.get_by_role("button", name="Revoke").click()
    page.get_by_text("The key Shop is revoked.").wait_for()


def test_somebody_who_waits_is_told_how_long(visit: Visits) -> None:
    page = visit("/sign/login/")
    for _ in range(6):
        page.goto("/sign/login/")
        page.get_by_label("Email").fill("nobody@example.com")
        page.get_by_label("Password").fill("wrong")
        page.get_by_role("button", name="Sign in", exact=True).click()
        page.wait_for_load_state()
    page.get_by_text("Try again in 1 minute.").wait_for()
    judge(page, "signing-wait")
    visit.expect("429")

"""The pages of the sign-in look like all others, and what they do by script works under the content security policy."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from tests.browser import wrong_in
from tests.features.worlds import START, operator

from abono.features.access.operations import add_membership, add_user
from abono.features.access.rights import Kind, Role

if TYPE_CHECKING:
    from playwright.sync_api import Page
    from tests.browser import Visits

pytestmark = pytest.mark.django_db(transaction=True)
PASSWORD = "seven-quiet-herons"


def shot(page: Page, name: str) -> None:
    """Look at a page, wide and narrow, by day and by night."""
    assert wrong_in(page, name) == []


def staff() -> str:
    """The e-mail address of somebody on a staff."""
    email = f"{uuid4()}@example.com"
    user = add_user(email, now=START, name="Anna Example", password=PASSWORD)
    add_membership(user, operator().id, Kind.STAFF, now=START, role=Role.ADMINISTRATOR)
    return email


def sign_in(page: Page, email: str) -> None:
    """With the password, by the form."""
    page.get_by_label("Email").fill(email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.get_by_role("button", name="Anna Example").wait_for()


def confirm(page: Page) -> None:
    """That it is oneself, where that is asked."""
    if page.get_by_role("heading", name="Confirm that it is you").count():
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Confirm").click()
        page.get_by_role("heading", name="Confirm that it is you").wait_for(state="detached")


def test_all_pages_of_the_sign_in_are_clean(visit: Visits) -> None:
    email = staff()
    page = visit("/sign/login/")
    for name in ("login", "password/reset"):
        page.goto(f"/sign/{name}/")
        shot(page, f"sign-{name.replace('/', '-')}")
    page.goto("/sign/login/")
    sign_in(page, email)
    page.goto("/sign/reauthenticate/")
    shot(page, "sign-reauthenticate")
    confirm(page)
    for name in (
        "password/change",
        "2fa",
        "2fa/totp/activate",
        "2fa/webauthn",
        "2fa/webauthn/add",
        "sessions",
        "logout",
    ):
        page.goto(f"/sign/{name}/")
        shot(page, f"sign-{name.replace('/', '-')}")


def test_a_refused_sign_in_keeps_the_address_and_says_why(visit: Visits) -> None:
    page = visit("/sign/login/")
    page.get_by_label("Email").fill("nobody@example.com")
    page.get_by_label("Password").fill("wrong")
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.get_by_role("alert").wait_for()
    assert page.get_by_label("Email").input_value() == "nobody@example.com"
    shot(page, "sign-login-refused")


def test_a_passkey_is_added_and_signs_in(visit: Visits) -> None:
    email = staff()
    page = visit("/sign/login/")
    session = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    session.send(
        "WebAuthn.addVirtualAuthenticator",
        {
            "options": {
                "protocol": "ctap2",
                "transport": "internal",
                "hasResidentKey": True,
                "hasUserVerification": True,
                "isUserVerified": True,
            }
        },
    )
    sign_in(page, email)
    page.goto("/sign/2fa/webauthn/add/")
    confirm(page)
    page.get_by_role("textbox", name="Name optional").fill("Telephone")
    page.get_by_label("Passwordless").check()
    page.get_by_role("button", name="Add").click()
    page.wait_for_url(lambda url: "/add/" not in url)
    shot(page, "sign-recovery-codes")
    page.goto("/sign/2fa/webauthn/")
    assert page.get_by_role("row").filter(has_text="Telephone").count() == 1
    shot(page, "sign-keys")
    page.goto("/sign/logout/")
    page.locator("main").get_by_role("button", name="Sign Out").click()
    page.goto("/sign/login/")
    page.get_by_role("button", name="Sign in with a passkey").click()
    page.get_by_role("button", name="Anna Example").wait_for()

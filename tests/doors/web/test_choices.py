"""What people choose for themselves: membership, language, light or dark; and what is in their navigation."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from django.contrib.auth import get_user_model
from django.test import Client
from tests.browser import HAND
from tests.features.worlds import START, account, operator

from abono.features.access.operations import add_membership, add_user
from abono.features.access.queries import memberships_of
from abono.features.access.rights import Kind, Role

if TYPE_CHECKING:
    from tests.browser import Visits

pytestmark = pytest.mark.django_db(transaction=True)
BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


def staff(role: Role = Role.ADMINISTRATOR) -> int:
    user = add_user(f"{uuid4()}@example.com", now=START, name="Anna Example")
    add_membership(user, operator().id, Kind.STAFF, now=START, role=role)
    return user


def client_of(user: int) -> Client:
    client = Client()
    client.force_login(get_user_model().objects.get(pk=user), BACKEND)
    return client


def test_a_language_stays_chosen() -> None:
    user = staff()
    client = client_of(user)
    answer = client.post("/me/language/", {"language": "de", "next": "/styleguide/"})
    assert (answer.status_code, answer["Location"]) == (303, "/styleguide/")
    assert get_user_model().objects.get(pk=user).locale == "de"
    assert b'<html lang="de"' in client.get("/styleguide/").content
    assert b'<html lang="de"' in client_of(user).get("/styleguide/").content


def test_a_language_is_chosen_before_signing_in() -> None:
    client = Client()
    client.post("/me/language/", {"language": "tr"})
    assert b'<html lang="tr"' in client.get("/sign/login/").content


@pytest.mark.parametrize("language", ["xx", "", "../de", "de\r\nSet-Cookie: a=b"])
def test_a_language_that_is_not_offered_changes_nothing(language: str) -> None:
    user = staff()
    answer = client_of(user).post("/me/language/", {"language": language})
    assert answer.status_code == 303
    assert "django_language" not in answer.cookies
    assert get_user_model().objects.get(pk=user).locale == ""


@pytest.mark.parametrize(
    "there", ["https://evil.example/", "//evil.example", "javascript:alert(1)", "/\\evil.example", ""]
)
def test_nobody_is_sent_elsewhere(there: str) -> None:
    answer = client_of(staff()).post("/me/theme/", {"theme": "dark", "next": there})
    assert answer["Location"] == "/"
    assert answer.cookies["theme"].value == "dark"


def test_a_membership_of_ones_own_is_chosen_and_no_other() -> None:
    user, other = staff(), staff()
    seller = operator()
    add_membership(user, seller.id, Kind.SUBSCRIBER, now=START, account=account(seller))
    mine = next(each for each in memberships_of(user) if each.kind is Kind.SUBSCRIBER)
    (foreign,) = memberships_of(other)
    client = client_of(user)
    assert client.get("/styleguide/").status_code == 200
    assert client.post("/me/membership/", {"membership": str(foreign.id)}).status_code == 404
    assert client.get("/styleguide/").status_code == 200
    assert client.post("/me/membership/", {"membership": str(mine.id)}).status_code == 303
    assert client.get("/styleguide/").status_code == 404


def test_the_navigation_is_of_who_looks() -> None:
    shown = client_of(staff()).get("/styleguide/").context["navigation"]
    links = [link for group in shown for link in group.links]
    assert {"Home", "Styleguide"} <= {link.label for link in links}
    assert [link.label for link in links if link.current] == ["Styleguide"]


def test_dark_stays_dark_without_asking_the_server_again(visit: Visits) -> None:
    page = visit("/styleguide/", user=staff())
    page.get_by_role("button", name="Anna Example").click()
    page.get_by_role("button", name="Dark").click()
    assert page.locator("html").get_attribute("data-theme") == "dark"
    assert page.get_by_role("button", name="Dark").get_attribute("aria-pressed") == "true"
    page.reload()
    assert page.locator("html").get_attribute("data-theme") == "dark"


def test_the_menu_of_a_narrow_screen_opens_and_closes_by_keyboard(visit: Visits) -> None:
    page = visit("/styleguide/", user=staff(), width=HAND)
    menu = page.get_by_role("navigation", name="Main")
    assert not menu.is_visible()
    page.get_by_role("button", name="Menu").press("Enter")
    assert menu.get_by_role("link", name="Styleguide").is_visible()
    page.keyboard.press("Escape")
    assert not menu.is_visible()


def test_the_first_stop_of_the_keyboard_skips_to_the_content(visit: Visits) -> None:
    page = visit("/styleguide/", user=staff())
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the content"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "content"


def test_a_slash_goes_to_the_search_unless_somebody_is_writing(visit: Visits) -> None:
    page = visit("/styleguide/", user=staff())
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.id") == "search"
    assert page.locator("#search").input_value() == ""
    page.get_by_label("Account number").first.press("/")
    assert page.get_by_label("Account number").first.input_value() == "/"

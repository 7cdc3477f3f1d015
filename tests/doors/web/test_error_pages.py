"""When something is not found, not allowed, refused, too old or broken: a page of the design says what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from django.contrib.auth import get_user_model
from django.template.loader import render_to_string
from django.test import Client, RequestFactory
from tests.browser import DESK, HAND, grave, too_wide
from tests.features.worlds import START, operator

from abono.base.refusal import InvalidRequest, Refusal
from abono.features.access.operations import add_membership, add_user
from abono.features.access.people import Forbidden, NotFound
from abono.features.access.rights import Kind, Role
from abono.interfaces.web.middleware import PersonMiddleware

if TYPE_CHECKING:
    from tests.browser import Visits

pytestmark = pytest.mark.django_db(transaction=True)
BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


def staff() -> int:
    user = add_user(f"{uuid4()}@example.com", now=START, name="Anna Example")
    add_membership(user, operator().id, Kind.STAFF, now=START, role=Role.AUDITOR)
    return user


@pytest.mark.parametrize("width", [DESK, HAND])
def test_what_is_not_there_is_said_in_the_design(visit: Visits, width: int) -> None:
    page = visit("/there/is/no/such/page/", user=staff(), width=width)
    assert page.get_by_role("heading", level=1).inner_text() == "Nothing is here"
    assert (too_wide(page), grave(page)) == (0, [])
    page.get_by_role("link", name="To the first page").click()
    assert page.url.endswith("/")
    visit.expect("404")


@pytest.mark.parametrize(
    ("refusal", "status", "title", "sentence"),
    [
        (NotFound("-"), 404, "Nothing is here", "There is nothing here. Look it up in the list."),
        (Forbidden("-"), 403, "You may not do this", "You may not do this. Ask an administrator for the right to."),
        (InvalidRequest("Pay 12.30 first."), 422, "Nothing was changed", "Pay 12.30 first."),
    ],
)
def test_a_refusal_says_what_to_do(refusal: Refusal, status: int, title: str, sentence: str) -> None:
    request = RequestFactory().get("/")
    request.user = get_user_model().objects.get(pk=staff())
    answer = PersonMiddleware(lambda _: pytest.fail("not asked")).process_exception(request, refusal)
    assert answer is not None
    text = answer.getvalue().decode()
    assert answer.status_code == status
    assert f"<h1>{title}</h1>" in text
    assert f"<p>{sentence}</p>" in text


def test_a_form_without_its_token_changes_nothing_and_says_so() -> None:
    user = staff()
    client = Client(enforce_csrf_checks=True)
    client.force_login(get_user_model().objects.get(pk=user), BACKEND)
    answer = client.post("/me/language/", {"language": "de"})
    assert answer.status_code == 403
    assert "This form is too old" in answer.content.decode()
    assert get_user_model().objects.get(pk=user).locale == ""


def test_the_page_of_a_fault_needs_nothing() -> None:
    text = render_to_string("500.html")
    assert "Something is broken here" in text
    assert "/static/abono/abono.css" in text

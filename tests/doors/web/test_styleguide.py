"""The styleguide: for staff only, complete, and clean in a real browser by day and night, wide and narrow."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from django.contrib.auth import get_user_model
from django.test import Client
from tests.browser import wrong_in
from tests.features.worlds import START, account, operator

from abono.features.access.operations import add_membership, add_user
from abono.features.access.rights import Kind, Role

if TYPE_CHECKING:
    from tests.browser import Visits

    from abono.features.operators.queries import Operator

pytestmark = pytest.mark.django_db(transaction=True)
BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


def person(seller: Operator, kind: Kind, *, role: Role | None = None, account_id: int | None = None) -> int:
    """A user who is let in."""
    user = add_user(f"{uuid4()}@example.com", now=START, name="Anna Example")
    add_membership(user, seller.id, kind, now=START, role=role, account=account_id)
    return user


def test_the_styleguide_is_clean(visit: Visits) -> None:
    user = person(operator(), Kind.STAFF, role=Role.ADMINISTRATOR)
    page = visit("/styleguide/", user=user)
    assert page.title() == "Styleguide · Test"
    assert wrong_in(page, "styleguide") == []


def test_the_styleguide_is_for_staff_only() -> None:
    seller = operator()
    subscriber = person(seller, Kind.SUBSCRIBER, account_id=account(seller))
    client = Client()
    assert client.get("/styleguide/").status_code == 302
    client.force_login(get_user_model().objects.get(pk=subscriber), BACKEND)
    assert client.get("/styleguide/").status_code == 404

"""What subscribers may do by themselves is set by whoever may change the operator, and by nobody else."""

from __future__ import annotations

import pytest
from django.urls import reverse
from tests.doors.web.portal_world import Portal, now, picture, send, signed_in, text

from abono.base.trail import trail_of_account
from abono.features.access.operations import add_membership
from abono.features.access.rights import Kind, Role
from abono.features.operators.self_service import SelfService, self_service_of, set_self_service

pytestmark = pytest.mark.django_db(transaction=True)
FORM = {"payment_text": "<b>Desk 5</b>", "promise_limit": "20", "promise_days": "5", "promise_fee": "0.50"}


def test_staff_set_what_subscribers_may_do() -> None:
    portal = Portal()
    staff, address = portal.staff(), reverse("operator_self_service", args=[portal.seller.id])
    assert address in staff.get(f"/operators/{portal.seller.id}/").content.decode()
    assert staff.get(address).status_code == 200
    assert send(staff, address, **FORM).status_code == 303
    assert self_service_of(portal.seller.id) == SelfService("<b>Desk 5</b>", 2_000, 5, 50)
    assert [line["origin"] for line in trail_of_account(0, 9) if line["action"] == "operator.self_service"] == ["web"]
    assert 'value="20.00"' in staff.get(address).content.decode()
    home = portal.subscriber(portal.account()).get("/").content.decode()
    assert "&lt;b&gt;Desk 5&lt;/b&gt;" in home


@pytest.mark.parametrize(
    "wrong",
    [{"promise_days": "0"}, {"promise_limit": "-1"}, {"promise_fee": "x"}, {"payment_text": "x" * 2_001}],
)
def test_terms_that_cannot_be_kept_come_back_as_typed(wrong: dict[str, str]) -> None:
    portal = Portal()
    set_self_service(portal.seller.id, SelfService("Old"), now=now())
    staff, address = portal.staff(), reverse("operator_self_service", args=[portal.seller.id])
    before = picture()
    refused = send(staff, address, **{**FORM, **wrong})
    assert refused.status_code == 422
    assert "Correct what is marked" in text(refused)
    assert next(iter(wrong.values())) in refused.content.decode()
    assert self_service_of(portal.seller.id) == SelfService("Old")
    assert picture() == before


def test_nobody_else_sets_it() -> None:
    portal, other = Portal(), Portal()
    address = reverse("operator_self_service", args=[portal.seller.id])
    for role in (Role.ACCOUNTANT, Role.MANAGER, Role.AUDITOR):
        user = portal.user("en")
        add_membership(user, portal.seller.id, Kind.STAFF, now=now(), role=role)
        assert signed_in(user).get(address).status_code == 403
        assert send(signed_in(user), address, **FORM).status_code == 403
    for client in (other.staff(), portal.agent(), portal.subscriber(portal.account())):
        assert client.get(address).status_code == 404
        assert send(client, address, **FORM).status_code == 404
    assert self_service_of(portal.seller.id) == SelfService()

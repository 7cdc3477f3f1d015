"""Choosing an operator: a list where there are few; where there are many, a field that searches and is typed into."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from playwright.sync_api import expect
from tests.browser import wrong_in
from tests.doors.confirming import looked_at
from tests.doors.web.staff_world import signed_in, text
from tests.features.worlds import START

from abono.features.access.rights import Role
from abono.features.accounts.operations import open_account
from abono.features.operators import tree
from abono.features.operators.operations import add_operator
from abono.features.operators.queries import operator_by_id, subtree

if TYPE_CHECKING:
    from django.test import Client
    from tests.browser import Visits

    from abono.features.operators.queries import Operator

pytestmark = pytest.mark.django_db(transaction=True)
FORMS = {
    "/accounts/new/": "operator",
    "/keys/new/": "operator",
    "/people/invite/": "operator",
    "/operators/new/": "parent",
    "/forecast/": "operator",
    "/webhooks/new/": "operator",
}


class House:
    """A provider with so many operators below it, two of which share a name, and a stranger."""

    def __init__(self, count: int) -> None:
        mark = uuid4().hex[:6]
        self.top = add_operator(f"top-{mark}", "Top", {"currency": "EUR", "time_zone": "UTC"})
        self.stranger = add_operator(f"far-{mark}", "Far Office", {"currency": "EUR", "time_zone": "UTC"})
        self.low = [self.add(f"o{number:02}-{mark}", f"Office {number:02}") for number in range(count)]
        self.twins = [self.add(f"t{number}-{mark}", "Twin", self.low[number]) for number in range(2)]
        self.boss: Client = signed_in(self.top, role=Role.ADMINISTRATOR)

    def add(self, code: str, name: str, above: Operator | None = None) -> Operator:
        return operator_by_id(tree.add_below((above or self.top).id, code, name, {}, now=START).id)


def test_few_are_a_list(transactional_db: None) -> None:  # noqa: ARG001 -- a database that pages read
    house = House(3)
    for address, name in FORMS.items():
        page = text(house.boss.get(address))
        assert f'<select name="{name}"' in page, address
        assert "Office 02" in page
        assert "Far Office" not in page


def test_many_are_searched(transactional_db: None) -> None:  # noqa: ARG001 -- a database that pages read
    house = House(40)
    for address, name in FORMS.items():
        page = text(house.boss.get(address))
        assert f'<select name="{name}"' not in page, address
        assert 'list="operators-found"' in page
        assert f'value="Top ({house.top.code})"' in page
        assert "Office 02" not in page
    low = house.low[7]
    found = text(house.boss.get("/operators/find/?operator=ice+07"))
    assert found.strip() == f'<option value="Office 07 ({low.code})">Top</option>'
    assert text(house.boss.get("/operators/find/")).count("<option") == 20
    assert text(house.boss.get(f"/operators/find/?parent={house.stranger.code}")).strip() == ""
    assert text(house.boss.get("/operators/find/?q=%25")).strip() == ""


def test_what_is_typed_is_the_operator_that_is_meant(transactional_db: None) -> None:  # noqa: ARG001 -- as above
    house = House(40)
    low, twin = house.low[7], house.twins[1]

    def opened(typed: str) -> tuple[int, str]:
        form = {"operator": typed, "number": "", "name": "New", "locale": "en", "credit_limit": "0"}
        answer = house.boss.post("/accounts/new/", {**form, "key": str(uuid4())})
        return answer.status_code, text(answer)

    for number, typed in enumerate((f"Office 07 ({low.code})", low.code, "office 07", f"  {low.code} ")):
        assert opened(typed)[0] == 303
        listed = text(house.boss.get("/accounts/", {"operator": typed}))
        assert listed.count('data-label="Name"') == number + 1, typed
    assert opened(f"Twin ({twin.code})")[0] == 303
    status, page = opened("Twin")
    assert (status, f"write the code, such as {house.twins[0].code}, {twin.code}." in page) == (422, True)
    assert 'value="Twin"' in page
    for nobody in ("Office", house.stranger.code, "Far Office", "()", "%", str(house.stranger.id)):
        status, page = opened(nobody)
        assert status in {404, 422}, nobody
        none = house.boss.get("/accounts/", {"operator": nobody})
        assert text(none).count('data-label="Name"') == 0, nobody
    assert text(house.boss.get("/accounts/")).count('data-label="Name"') == 5
    assert text(house.boss.get("/accounts/", {"operator": low.id})).count('data-label="Name"') == 4


def test_a_move_is_confirmed_by_what_was_typed(transactional_db: None) -> None:  # noqa: ARG001 -- as above
    house = House(40)
    moved, place = house.low[3], house.low[9]
    address = f"/operators/{moved.id}/move/"
    typed = {"parent": f"Office 09 ({place.code})", "valid_from": ""}
    asked = text(house.boss.post(address, typed))
    assert f'name="parent" value="Office 09 ({place.code})"' in asked
    assert house.boss.post(address, looked_at(house.boss, address, {**typed, "confirm": "yes"})).status_code == 303
    assert tree.node(moved.id).parent_id == place.id
    assert house.boss.post(f"/operators/{place.id}/move/", {"parent": moved.code, "confirm": "yes"}).status_code == 422
    assert tree.node(place.id).parent_id == house.top.id


def test_an_operator_is_found_by_keyboard(visit: Visits) -> None:
    house = House(40)
    open_account(house.low[7], "7001", now=START, name="Ivanov")
    user = int(house.boss.session["_auth_user_id"])
    page = visit("/operators/new/", user=user)
    field = page.get_by_label("Below")
    field.focus()
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.type("office 07")
    expect(page.locator("datalist option")).to_have_count(1)
    # Without a window of its own the browser offers no list to choose from: the name is enough.
    page.keyboard.press("Tab")
    page.keyboard.type("North")
    page.keyboard.press("Tab")
    page.keyboard.type(f"north-{uuid4().hex[:6]}")
    wrong = wrong_in(page, "operator-new-many")
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="North").wait_for()
    (north,) = tree.matching(subtree(house.top.id), "North", most=9)
    assert north.above == "Office 07"
    page.goto("/accounts/")
    wrong += wrong_in(page, "accounts-many")
    page.get_by_label("Operator").fill("Office 07")
    page.keyboard.press("Enter")
    page.get_by_role("link", name="7001").wait_for()
    assert wrong == []

"""The form of a service: how its events add up, what stays once it is in a plan, and what follows a change."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from django.db import connection
from tests.doors.web.composing import PLAN, error, house_of, use, value
from tests.features.worlds import START

from abono.features.catalogue.composing import known_services
from abono.features.catalogue.queries import plan_by_code, rate_on
from abono.features.catalogue.settling import settle

if TYPE_CHECKING:
    from django.test import Client

    from abono.features.operators.queries import Operator

pytestmark = pytest.mark.django_db(transaction=True)

SERVICES: dict[str, Any] = {"storage": {"kind": "usage", "unit": "GB", "aggregation": "max"}}
SERVICE = {"code": "visitors", "kind": "usage", "unit": "visitor", "tax": "standard", "price": ""}


@pytest.fixture
def house() -> Operator:
    return house_of(SERVICES)


@pytest.mark.parametrize(
    ("typed", "wanted"),
    [
        ({}, ("usage", "sum", "")),
        ({"aggregation": "sum", "property": "left there"}, ("usage", "sum", "")),
        ({"aggregation": "latest"}, ("usage", "latest", "")),
        ({"aggregation": "unique", "property": "visitor"}, ("usage", "unique", "visitor")),
        ({"kind": "seats", "aggregation": "unique", "property": "visitor"}, ("seats", "sum", "")),
    ],
)
def test_a_service_says_how_its_events_add_up(
    boss: Client, house: Operator, typed: dict[str, str], wanted: tuple[str, str, str]
) -> None:
    assert boss.post(f"/services/new/{house.id}/", SERVICE | typed).status_code == 303
    made = known_services(house)["visitors"]
    assert (made.kind, made.aggregation, made.property) == wanted
    page = boss.get(f"/services/{house.id}/visitors/").content.decode()
    assert f'<option value="{wanted[1]}" selected>' in page
    assert value(page, "property") == wanted[2]
    # What is not sent stays, and so it does where only the unit is changed.
    assert boss.post(f"/services/{house.id}/visitors/", {"unit": "guest", "tax": "standard"}).status_code == 303
    made = known_services(house)["visitors"]
    assert (made.unit, made.kind, made.aggregation, made.property) == ("guest", *wanted)


def test_different_values_need_their_property(boss: Client, house: Operator) -> None:
    answer = boss.post(f"/services/new/{house.id}/", SERVICE | {"aggregation": "unique", "property": " "})
    assert answer.status_code == 422
    assert error(answer.content.decode(), "property") == "Give a value for `property`."
    assert "visitors" not in known_services(house)


def test_how_a_service_of_a_plan_adds_up_stays(boss: Client, house: Operator) -> None:
    address = f"/services/{house.id}/storage/"
    assert boss.post(address, {"tax": "standard", "aggregation": "latest"}).status_code == 303
    assert known_services(house)["storage"].aggregation == "latest"
    assert boss.post(f"/plans/new/{house.id}/", PLAN | use("storage")).status_code == 303
    page = boss.get(address).content.decode()
    tag = next(each for each in re.findall(r"<select[^>]*>", page) if 'name="aggregation"' in each)
    assert " disabled" in tag
    assert "Make another service for another way." in page
    # A form that was open before the plan was made sends what is not possible any more.
    for typed in ({"aggregation": "max"}, {"aggregation": "unique", "property": "owner"}):
        answer = boss.post(address, {"tax": "reduced", "unit": "TB", **typed})
        assert answer.status_code == 422
        page = answer.content.decode()
        assert "Make another service for another way." in error(page, "aggregation")
        assert '<option value="latest" selected>' in page
        assert value(page, "unit") == "TB"
        made = known_services(house)["storage"]
        assert (made.aggregation, made.tax, made.unit) == ("latest", "standard", "")
    # A browser sends nothing of what is shown as fixed.
    assert boss.post(address, {"tax": "reduced", "unit": "TB"}).status_code == 303
    made = known_services(house)["storage"]
    assert (made.aggregation, made.tax, made.unit) == ("latest", "reduced", "TB")
    assert "The latest quantity" in boss.get("/services/").content.decode()


def test_a_changed_service_is_in_the_audit_trail(boss: Client, house: Operator) -> None:
    assert boss.post(f"/services/new/{house.id}/", SERVICE | {"aggregation": "count"}).status_code == 303
    assert boss.post(f"/services/{house.id}/visitors/", {"tax": "exempt", "unit": ""}).status_code == 303
    with connection.cursor() as cursor:
        cursor.execute("SELECT before, after FROM base_trail WHERE action = 'service.save' ORDER BY at, id")
        rows = [[json.loads(each) if isinstance(each, str) else each for each in row] for row in cursor.fetchall()]
    assert [(before and before["tax"], after["tax"], after["aggregation"]) for before, after in rows] == [
        (None, "standard", "count"),
        ("standard", "exempt", "count"),
    ]


def test_what_a_plan_costs_follows_the_price_of_its_service(boss: Client, house: Operator) -> None:
    priced = {"tax": "exempt", "unit": "visitor", "price": "5"}
    assert boss.post(f"/services/new/{house.id}/", SERVICE | priced).status_code == 303
    assert boss.post(f"/plans/new/{house.id}/", PLAN | {"price": ""} | use("visitors")).status_code == 303
    plan, day = plan_by_code(house.id, "office"), house.day(START)
    settle(house, plan.id, Decimal(1))
    assert rate_on(plan.id, Decimal(1), day).full.gross == 500
    assert boss.post(f"/services/{house.id}/visitors/", priced | {"price": "7"}).status_code == 303
    assert rate_on(plan.id, Decimal(1), day).full.gross == 700
    refused = boss.post(f"/services/{house.id}/visitors/", priced | {"price": "-8"})
    assert refused.status_code == 422
    assert error(refused.content.decode(), "price") == "Write a number that is 0 or more."
    assert rate_on(plan.id, Decimal(1), day).full.gross == 700

"""Pages of operators: who has which, whose rows they show, what they change, and what they refuse."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from django.contrib.auth import get_user_model
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from tests.browser import wrong_in
from tests.doors.confirming import looked_at
from tests.features.people import staff
from tests.features.test_brands import PNG
from tests.features.test_operator_blocks import NOW, rows, seller, stands
from tests.features.worlds import account

from abono.features.access.operations import add_key, add_membership, add_user
from abono.features.access.rights import Kind, Role
from abono.features.billing import orders, parents
from abono.features.billing.audit import audit
from abono.features.catalogue.queries import plan_codes
from abono.features.operators import brands, tree
from abono.features.operators.domains import domain_of
from abono.features.operators.queries import operator_by_id, subtree

if TYPE_CHECKING:
    from tests.browser import Visits

    from abono.features.operators.queries import Operator

pytestmark = pytest.mark.django_db(transaction=True)
BACKEND = "allauth.account.auth_backends.AuthenticationBackend"
HOSTILE = "<script>alert(1)</script>\"'&"


def signed_in(
    operator: Operator, role: Role | None = Role.ADMINISTRATOR, kind: Kind = Kind.STAFF, account: int | None = None
) -> Client:
    user = add_user(f"{uuid4()}@example.com", now=NOW, name="Anna Example")
    add_membership(user, operator.id, kind, now=NOW, role=role, account=account)
    client = Client()
    client.force_login(get_user_model().objects.get(pk=user), BACKEND)
    return client


def person_of_staff(operator: Operator) -> int:
    user = add_user(f"{uuid4()}@example.com", now=NOW, name="Anna Example")
    add_membership(user, operator.id, Kind.STAFF, now=NOW, role=Role.ADMINISTRATOR)
    return user


class House:
    """A provider with two operators below, one of which has another below; and a stranger."""

    def __init__(self) -> None:
        self.top, self.stranger = seller(), seller()
        self.west, self.east = seller(self.top), seller(self.top)
        self.low = seller(self.west)
        self.boss = signed_in(self.top)


@pytest.fixture
def house() -> House:
    return House()


def confirmed(house: House, address: str, **typed: Any) -> Any:
    """Look at what a form would do, and confirm it."""
    return house.boss.post(address, looked_at(house.boss, address, {**typed, "confirm": "yes"}))


def everything() -> list[Any]:
    tables = ("operators_operator", "operators_move", "operators_logo", "catalogue_offer", "catalogue_plan",
              "subscriptions_subscription", "base_trail")  # fmt: skip
    return [rows(f"SELECT md5(coalesce(string_agg(t::text, '|' ORDER BY t::text), '')) FROM {t} AS t") for t in tables]


def test_staff_of_an_operator_see_their_own_subtree_only(house: House) -> None:
    client = signed_in(house.west)
    text = client.get("/operators/").content.decode()
    assert house.west.name in text
    assert house.low.name in text
    for hidden in (house.top, house.east, house.stranger):
        assert hidden.name not in text
    assert client.get(f"/operators/{house.top.id}/").status_code == 404
    before = everything()
    for end in ("block/", "unblock/", "move/", "offers/"):
        assert client.post(f"/operators/{house.west.id}/{end}", {"confirm": "yes"}).status_code == 422
    move = {"parent": house.east.id, "confirm": "yes"}
    assert client.post(f"/operators/{house.low.id}/move/", move).status_code == 422
    assert everything() == before


def test_creating_keeps_what_was_typed(house: House) -> None:
    form = {"parent": house.west.id, "name": HOSTILE, "code": "Not A Code"}
    answer = house.boss.post("/operators/new/", form)
    assert answer.status_code == 422
    assert "Not A Code" in answer.content.decode()
    assert "<script>alert(1)" not in answer.content.decode()
    answer = house.boss.post("/operators/new/", {**form, "code": "south"})
    made = subtree(house.west.id)[-1]
    assert (answer.status_code, answer["Location"]) == (303, f"/operators/{made}/")
    assert tree.node(made).parent_id == house.west.id
    page = house.boss.get(f"/operators/{made}/").content.decode()
    assert "<script>alert(1)" not in page
    again = house.boss.post("/operators/new/", {**form, "code": "south"})
    assert again.status_code == 422
    assert "already" in again.content.decode()
    foreign = house.boss.post("/operators/new/", {**form, "parent": house.stranger.id, "code": "other"})
    assert foreign.status_code == 422


def test_blocking_says_what_stops_and_lifting_brings_it_back(house: House) -> None:
    mine = account(house.low, 5_000)
    orders.subscribe(mine, "line", now=datetime.now(UTC))
    page = house.boss.get(f"/operators/{house.west.id}/block/").content.decode()
    assert "1 subscription stops." in page
    assert stands([mine]) == [("active", [])]
    assert confirmed(house, f"/operators/{house.west.id}/block/").status_code == 303
    assert stands([mine]) == [("suspended", ["parent"])]
    assert "Blocked from above" in house.boss.get(f"/operators/{house.low.id}/").content.decode()
    assert "Blocked" in house.boss.get("/operators/").content.decode()
    assert confirmed(house, f"/operators/{house.west.id}/unblock/").status_code == 303
    assert stands([mine]) == [("active", [])]
    told = rows("SELECT actor, origin FROM base_trail WHERE action LIKE 'operator.%%block'")
    assert {origin for _, origin in told} == {"web"}
    assert audit() == []


def test_a_block_from_above_is_not_for_who_stands_between(house: House) -> None:
    parents.block_operator(house.low, by=house.top.id, now=NOW)
    between = signed_in(house.west)
    page = between.get(f"/operators/{house.low.id}/").content.decode()
    assert "alone lifts it" in page
    assert "unblock/" not in page
    address = f"/operators/{house.low.id}/unblock/"
    answer = between.post(address, looked_at(between, address, {"confirm": "yes"}))
    assert answer.status_code == 422
    assert tree.node(house.low.id).stopped
    assert confirmed(house, f"/operators/{house.low.id}/unblock/").status_code == 303
    assert not tree.node(house.low.id).stopped


def test_moving_shows_what_changes_and_then_does_it(house: House) -> None:
    mine = account(house.low, 5_000)
    orders.subscribe(mine, "line", now=datetime.now(UTC))
    confirmed(house, f"/operators/{house.east.id}/block/")
    before = everything()
    address = f"/operators/{house.low.id}/move/"
    page = house.boss.post(address, {"parent": house.east.id, "valid_from": ""}).content.decode()
    assert f"{house.east.name} is blocked: 1 subscription stops." in page
    assert everything() == before
    assert confirmed(house, address, parent=house.east.id, valid_from="").status_code == 303
    assert tree.node(house.low.id).parent_id == house.east.id
    assert stands([mine]) == [("suspended", ["parent"])]
    assert confirmed(house, address, parent=house.west.id, valid_from="2999-01-01").status_code == 303
    page = house.boss.get(f"/operators/{house.low.id}/").content.decode()
    assert "Waits" in page
    (waiting,) = rows("SELECT id FROM operators_move WHERE state = 'waiting'")
    assert house.boss.post(f"/operators/{house.low.id}/moves/{waiting[0]}/withdraw/").status_code == 303
    assert rows("SELECT 1 FROM operators_move WHERE state = 'waiting'") == []
    # A circle is refused with what was chosen kept.
    refused = house.boss.post(f"/operators/{house.east.id}/move/", {"parent": house.low.id})
    assert refused.status_code == 422
    past = house.boss.post(address, {"parent": house.west.id, "valid_from": "2020-01-01"})
    assert past.status_code == 422
    assert "2020-01-01" in past.content.decode()


def test_a_move_names_whose_access_it_ends(house: House) -> None:
    for maker, name in ((house.west, "Till of the west"), (house.top, "Till of the top")):
        add_key(staff(maker), house.low.id, name, ["account.view"], now=NOW)
    own = seller(house.low)
    (maker,) = rows("SELECT made_by_user_id FROM access_apikey WHERE name = 'Till of the west'")[0]
    parents.move_operator(
        own, house.west.id, valid_from=date(2999, 1, 1), made_by="West", user=maker, now=datetime.now(UTC)
    )
    wests, boss = staff(house.west, Role.AUDITOR), staff(house.west)
    for somebody in (wests.user, add_user("own@example.com", now=NOW)):
        add_membership(somebody or 0, house.low.id, Kind.STAFF, role=Role.AUDITOR, maker=boss.user, now=NOW)
    address = f"/operators/{house.low.id}/move/"
    page = house.boss.post(address, {"parent": house.east.id}).content.decode()
    (mail,) = rows("SELECT email FROM access_user WHERE id = %s", wests.user)[0]
    assert f"These people are no longer let in there: {mail}." in page
    assert "These people stay, though who let them in has no place there any more: own@example.com." in page
    assert "These API keys stop: Till of the west." in page
    assert f"These moves, which wait, are withdrawn: {own.name} → {house.west.name}." in page
    assert rows("SELECT state FROM operators_move") == [("waiting",)]
    assert rows("SELECT 1 FROM access_apikey WHERE revoked_at IS NOT NULL") == []
    assert confirmed(house, address, parent=house.east.id, valid_from="").status_code == 303
    assert rows("SELECT user_id FROM access_membership WHERE ended_at IS NOT NULL") == [(wests.user,)]


def test_brand_and_logo(house: House) -> None:
    address = f"/operators/{house.west.id}/brand/"
    refused = house.boss.post(address, {"colour": "#ffcc00", "logo": SimpleUploadedFile("l.png", PNG)})
    assert refused.status_code == 422
    assert ":1 only" in refused.content.decode()
    assert "#ffcc00" in refused.content.decode()
    assert brands.logo_of(house.west.id) is None
    svg = SimpleUploadedFile("l.svg", b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>")
    assert house.boss.post(address, {"logo": svg}).status_code == 422
    good = {"colour": "#1d4f91", "brand_name": "North", "domain": "pay.north.example", "support": "help@north.example"}
    assert house.boss.post(address, {**good, "logo": SimpleUploadedFile("l.png", PNG)}).status_code == 303
    staff = signed_in(house.west)
    page = staff.get("/").content.decode()
    assert "North" in page
    assert "--brand: #1d4f91" in page
    assert "mailto:help@north.example" in page
    logo = brands.brand_of(house.low.id)
    picture = Client().get(f"/brand/{house.west.id}/{logo.logo_digest[:16]}")
    assert (picture.status_code, picture.content, picture["Content-Type"]) == (200, PNG, "image/png")
    assert picture["X-Content-Type-Options"] == "nosniff"
    assert picture["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert (
        Client().get(f"/brand/{house.west.id}/{logo.logo_digest[:16]}", HTTP_IF_NONE_MATCH=picture["ETag"]).status_code
        == 304
    )
    assert Client().get(f"/brand/{house.west.id}/0000").status_code == 404
    assert house.boss.post(address, {**good, "no_logo": "on"}).status_code == 303
    assert brands.logo_of(house.west.id) is None


def test_a_domain_shows_its_brand_at_the_sign_in_and_no_other_host_is_let_in(house: House) -> None:
    own = brands.OwnBrand("Westlight", "", "", "pay.west.example", "")
    brands.save_brand(house.west, own, taken=(), now=NOW)
    assert Client().get("/sign/login/", HTTP_HOST="Pay.West.example").status_code == 400  # named, and not proved
    address = f"/operators/{house.west.id}/domain/"
    west = signed_in(house.west)
    proof = domain_of(house.west.id)
    assert proof is not None
    shown = west.get(f"/operators/{house.west.id}/brand/").content.decode()
    assert proof.record in shown
    assert proof.value in shown
    assert "Confirm it without a record" not in shown
    assert west.post(address, {"confirm": "yes"}).status_code == 422
    assert west.post(address).status_code == 303
    assert brands.operator_by_domain("pay.west.example") is None
    assert house.boss.post(address, {"confirm": "yes"}).status_code == 303
    page = Client().get("/sign/login/", HTTP_HOST="Pay.West.example")
    assert page.status_code == 200
    assert "Westlight" in page.content.decode()
    assert "Westlight" not in Client().get("/sign/login/").content.decode()
    for host in ("pay.west.example.evil.example", "evil.example", "x.pay.west.example", "pay.west.example:99",
                 "pay.west.example@evil.example", "west.example", "pay.west.example/.."):  # fmt: skip
        assert Client().get("/sign/login/", HTTP_HOST=host).status_code == 400, host
    strict = Client(enforce_csrf_checks=True)
    form = strict.get("/sign/login/", HTTP_HOST="pay.west.example")
    token = form.cookies["csrftoken"].value
    sent = {"login": "a@example.com", "password": "wrong", "csrfmiddlewaretoken": token}
    answer = strict.post("/sign/login/", sent, HTTP_HOST="pay.west.example", HTTP_ORIGIN="http://pay.west.example")
    assert answer.status_code != 403
    evil = strict.post("/sign/login/", sent, HTTP_HOST="pay.west.example", HTTP_ORIGIN="http://evil.example")
    assert evil.status_code == 403


def test_settings(house: House) -> None:
    shown = house.boss.get("/settings/").content.decode()
    assert house.top.name in shown
    form = {
        "name": "Top",
        "currency": "eur",
        "time_zone": "Europe/Berlin",
        "locale": "de",
        "tax": "19",
        "tax_reduced": "7",
    }
    assert house.boss.post("/settings/", form).status_code == 303
    now = operator_by_id(house.top.id)
    assert (now.name, now.currency, now.time_zone, now.prices_include_tax, str(now.tax)) == (
        "Top", "EUR", "Europe/Berlin", False, "19.0000",
    )  # fmt: skip
    account(house.low)
    refused = house.boss.post(f"/operators/{house.low.id}/settings/", {**form, "tax": "20.5"})
    assert refused.status_code == 422
    assert "20.5" in refused.content.decode()
    assert operator_by_id(house.low.id).time_zone == "UTC"
    mine = {**form, "time_zone": "UTC", "require_mfa": "on", "name": HOSTILE}
    assert house.boss.post(f"/operators/{house.low.id}/settings/", mine).status_code == 303
    assert tree.node(house.low.id).require_mfa
    auditor = signed_in(house.top, Role.AUDITOR)
    assert "disabled" in auditor.get("/settings/").content.decode()
    before = everything()
    assert auditor.post("/settings/", form).status_code == 403
    assert everything() == before


def test_offers(house: House) -> None:
    rows("UPDATE catalogue_plan SET code = code || '-own' WHERE operator_id = %s RETURNING id", house.west.id)
    address = f"/operators/{house.west.id}/offers/"
    assert house.boss.post(address, {"plan": "line", "price": "8.5", "price_from": ""}).status_code == 303
    assert "line" in plan_codes(house.west.id)
    mine = account(house.west, 5_000)
    orders.subscribe(mine, "line", now=NOW.replace(year=2099))
    assert rows("SELECT balance FROM ledger_account WHERE account_id = %s", mine) == [(4_150,)]
    assert house.boss.post(address, {"plan": "line"}).status_code == 422
    (offer,) = [row[0] for row in rows("SELECT id FROM catalogue_offer")]
    assert "€8.50 from" in house.boss.get(address).content.decode()
    assert house.boss.get(f"{address}{offer}/price/").status_code == 200
    assert house.boss.post(f"{address}{offer}/price/", {"price": "x"}).status_code == 422
    assert house.boss.post(f"{address}{offer}/price/", {"price": "7.00"}).status_code == 303
    assert signed_in(house.west).post(f"{address}{offer}/withdraw/").status_code == 422
    assert house.boss.post(f"/operators/{house.east.id}/offers/{offer}/withdraw/").status_code == 404
    move = house.boss.post(f"/operators/{house.west.id}/move/", {"parent": house.east.id, "valid_from": ""})
    assert "line: €7.00 (1)" in move.content.decode()
    assert house.boss.post(f"{address}{offer}/withdraw/").status_code == 303
    assert "line" not in plan_codes(house.west.id)
    # Whoever sells it now sets what those pay who go on with it.
    plan = f"/plans/{house.west.id}/line/"
    page = signed_in(house.west).get(plan).content.decode()
    assert "no more" in page
    assert f"{plan}edit/" not in page
    assert house.boss.get(f"{plan}edit/").status_code == 404
    priced = {"price": "9.00", "valid_from": "2999-01-01", "step": "confirm"}
    assert house.boss.post(f"{plan}price/", looked_at(house.boss, f"{plan}price/", priced)).status_code == 303
    assert "€9.00" in house.boss.get(plan).content.decode()
    assert house.boss.post(f"{plan}prices/2999-01-01/withdraw/").status_code == 303
    assert "€9.00" not in house.boss.get(plan).content.decode()


def test_an_operator_may_ask_its_staff_for_a_second_factor(house: House) -> None:
    staff, above = signed_in(house.west), signed_in(house.top)
    mine = signed_in(house.west, None, Kind.SUBSCRIBER, account(house.west))
    assert staff.get("/operators/").status_code == 200
    rows("UPDATE operators_operator SET require_mfa = TRUE WHERE id = %s RETURNING id", house.west.id)
    answer = staff.get("/operators/")
    assert (answer.status_code, answer["Location"]) == (303, "/sign/2fa/")
    assert above.get("/operators/").status_code == 200
    assert mine.get("/").status_code == 200


def test_the_pages_are_clean_in_a_browser(house: House, visit: Visits) -> None:
    mine = account(house.low, 5_000)
    orders.subscribe(mine, "line", now=NOW)
    own = brands.OwnBrand("Northern Light", "#0b5345", "", "pay.north.example", "help@north.example")
    brands.save_brand(house.top, own, taken=(), now=NOW)
    parents.block_operator(house.west, by=house.west.id, now=NOW)
    parents.move_operator(house.low, house.east.id, valid_from=date(2999, 1, 1), made_by="anna", now=NOW)
    parents.carry(NOW)
    user = person_of_staff(house.top)
    low = f"/operators/{house.low.id}/"
    addresses = {
        "operators": "/operators/",
        "operator": low,
        "new": "/operators/new/",
        "brand": f"{low}brand/",
        "move": f"{low}move/",
        "block": f"{low}block/",
        "offers": f"{low}offers/",
        "settings": "/settings/",
    }
    page = visit("/", user=user)
    for name, address in addresses.items():
        page.goto(address)
        assert wrong_in(page, f"operators-{name}") == []

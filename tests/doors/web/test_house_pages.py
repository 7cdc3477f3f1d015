"""Catalogue, prices, runs, forecasts, audit trail and webhooks on the web, asked for by real requests."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from html import unescape
from typing import TYPE_CHECKING, Any

import pytest
from django.contrib.auth import get_user_model
from django.db import connection
from django.test import Client
from tests.doors.confirming import mark_of
from tests.doors.test_commands import here
from tests.doors.web.composing import TERMS
from tests.features import people
from tests.features.worlds import account, operator

from abono.base.trail import acting, record
from abono.features.access.rights import Role
from abono.features.accounts.operations import open_account
from abono.features.billing import money, orders
from abono.features.billing.forecasts import make_waiting
from abono.features.billing.prices import change_price
from abono.features.billing.runs import advance
from abono.features.catalogue.queries import plan_by_code, rate_on
from abono.features.catalogue.settling import settle

if TYPE_CHECKING:
    from abono.features.access.people import Person
    from abono.features.operators.queries import Operator

pytestmark = pytest.mark.django_db(transaction=True)

PLAN = {"code": "home", "price": "11.90", **TERMS, "service-line": "2"}
SETTINGS = {
    "name": "Test", "currency": "EUR", "time_zone": "UTC", "locale": "en", "prices_include_tax": "on",
    "tax_reduced": "0",
}  # fmt: skip


def browser(person: Person) -> Client:
    client = Client(raise_request_exception=True)
    assert person.user is not None
    client.force_login(get_user_model().objects.get(pk=person.user))
    return client


@pytest.fixture
def seller() -> Operator:
    return operator(tax="19")


@pytest.fixture
def boss(seller: Operator) -> Client:
    return browser(people.staff(seller))


def words(answer: Any) -> str:
    """What an answer says to somebody who reads it."""
    return re.sub("[ \n]+", " ", unescape(re.sub("<[^>]*>", " ", answer.content.decode())))


def count(table: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {table}")
        found = cursor.fetchone()
        assert found is not None
        return int(found[0])


def work_off() -> None:
    """A real worker does the jobs that wait, and ends."""
    command = [sys.executable, "-m", "django", "procrastinate", "worker", "--one-shot"]
    env = {**os.environ, "ABONO_DATABASE_URL": here(), "DJANGO_SETTINGS_MODULE": "abono.project.settings"}
    subprocess.run(command, env=env, check=True, timeout=60, capture_output=True)


def test_a_plan_is_composed_priced_and_sold(boss: Client, seller: Operator) -> None:
    address = f"/plans/new/{seller.id}/"
    assert b"Work out the price" in boss.get(address).content
    priced = boss.post(address, {**PLAN, "step": "price"})
    # 11.90 with 19 % in it: 10.00 and 1.90.
    assert priced.status_code == 200
    assert "€1.90" in priced.content.decode()
    assert count("catalogue_plan") == 1
    part = boss.post(address, {**PLAN, "price": "23.80"}, headers={"hx-request": "true"})
    assert "€3.80" in part.content.decode()
    assert "<html" not in part.content.decode()
    saved = boss.post(address, {**PLAN, "step": "save"})
    assert (saved.status_code, saved.headers["location"]) == (303, f"/plans/{seller.id}/home/")
    plan = plan_by_code(seller.id, "home")
    settle(seller, plan.id, Decimal(1))
    rate = rate_on(plan.id, Decimal(1), datetime.now(UTC).date())
    assert (rate.full.gross, rate.full.tax) == (1190, 190)
    shown = boss.get(f"/plans/{seller.id}/home/").content.decode()
    assert "€11.90" in shown
    assert "In advance, at the beginning of each period" in shown


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"price": "1.234,5.6"}, "Write"),
        ({"price": "-1"}, "Write"),
        ({"price": "", "service-line": ""}, "Give the plan a price"),
        ({"code": "Home Sweet"}, "Write a code of up to 60 letters"),
        ({"code": "line"}, "There is a plan with this code already"),
        ({"period": "other", "period_text": "5 fortnights"}, "period"),
        ({"anchor": "day", "anchor_day": ""}, "anchor"),
        ({"early_block": "on"}, "An early block needs a look_ahead"),
        ({"trial": "-3"}, "greater than or equal to 0"),
        ({"service-line": "0"}, "above 0"),
    ],
)
def test_a_bad_plan_comes_back_with_what_was_typed(
    boss: Client, seller: Operator, typed: dict[str, str], said: str
) -> None:
    answer = boss.post(f"/plans/new/{seller.id}/", {**PLAN, "setup_fee": "7.77", **typed, "step": "save"})
    assert answer.status_code == 422
    shown = answer.content.decode()
    assert said.lower() in shown.lower()
    assert "7.77" in shown
    assert count("catalogue_plan") == 1


def test_a_new_version_leaves_the_old_to_who_has_it(boss: Client, seller: Operator) -> None:
    buyer = account(seller, 5000)
    orders.subscribe(buyer, "line", now=datetime.now(UTC))
    address = f"/plans/{seller.id}/line/edit/"
    first = boss.get(address).content.decode()
    assert 'value="10"' in first
    assert boss.post(address, {**PLAN, "price": "99", "step": "save"}).status_code == 303
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT p.version FROM subscriptions_subscription AS s JOIN catalogue_plan AS p ON s.plan_id = p.id"
        )
        assert cursor.fetchall() == [(1,)]
    assert b"Version 2" in boss.get(f"/plans/{seller.id}/line/").content


def test_a_price_shows_whom_it_reaches_before_it_is_set(boss: Client, seller: Operator) -> None:
    orders.subscribe(account(seller, 5000), "line", now=datetime.now(UTC))
    begins = seller.day(datetime.now(UTC)) + timedelta(days=40)
    address, typed = f"/plans/{seller.id}/line/price/", {"price": "12.50", "valid_from": str(begins)}
    shown = boss.post(address, {**typed, "step": "show"})
    assert (shown.status_code, count("catalogue_planprice")) == (200, 1)
    assert "1 subscription has this plan" in shown.content.decode()
    confirmed = {**typed, "step": "confirm", "shown": mark_of(shown)}
    change_price(seller, "line", Decimal(11), begins, now=datetime.now(UTC))
    again = boss.post(address, confirmed)
    assert (again.status_code, "€11.00 from" in again.content.decode()) == (409, True)
    assert boss.post(address, {**confirmed, "shown": mark_of(again)}).status_code == 303
    rate = rate_on(plan_by_code(seller.id, "line").id, Decimal(1), begins)
    assert rate.full.gross == 1250
    assert "€12.50 from" in boss.get("/prices/").content.decode()
    past = {"price": "1", "valid_from": "2020-01-01", "step": "confirm"}
    refused = boss.post(address, past)
    assert (refused.status_code, count("catalogue_planprice")) == (422, 2)


def test_a_coming_price_is_shown_for_every_version_and_withdrawn(boss: Client, seller: Operator) -> None:
    now = datetime.now(UTC)
    orders.subscribe(account(seller, 5000), "line", now=now)
    begins = seller.day(now) + timedelta(days=40)
    change_price(seller, "line", Decimal("12.50"), begins, now=now)
    assert "It costs €10.00 a period now." in boss.get(f"/plans/{seller.id}/line/price/").content.decode()
    boss.post(f"/plans/{seller.id}/line/edit/", {**PLAN, "price": "99", "step": "save"})
    assert "Prices that are still to come" in boss.get(f"/plans/{seller.id}/line/edit/").content.decode()
    page = boss.get(f"/plans/{seller.id}/line/").content.decode()
    assert all(part in page for part in ("Version 1: 1 subscription has it", "Version 2: 0 subscriptions have it"))
    assert page.count("€12.50") == 2
    away = f"/plans/{seller.id}/line/prices/{begins}/withdraw/"
    assert page.count(away) == 2
    assert boss.post(away).status_code == 303
    page = boss.get(f"/plans/{seller.id}/line/").content.decode()
    assert ("The price was withdrawn." in page, "€12.50" in page, count("catalogue_planprice")) == (True, False, 2)
    boss.post(away)
    assert "No price of the plan begins on this day." in boss.get("/plans/").content.decode()


MEANWHILE = "Somebody else has saved this since you opened it."


@pytest.mark.parametrize(
    ("where", "mine", "theirs"),
    [
        ("plans/{0}/line/edit/", {**PLAN, "price": "11", "step": "save"}, {**PLAN, "price": "12", "step": "save"}),
        ("services/{0}/line/", {"tax": "exempt", "unit": "", "price": ""}, {"tax": "reduced", "unit": "", "price": ""}),
        ("operators/{0}/settings/", {**SETTINGS, "tax": "0"}, {**SETTINGS, "tax": "7"}),
    ],
    ids=["plan", "service", "settings"],
)
def test_two_who_save_the_same_are_told_of_each_other(
    boss: Client, seller: Operator, where: str, mine: dict[str, str], theirs: dict[str, str]
) -> None:
    address = "/" + where.format(seller.id)
    opened = mark_of(boss.get(address))
    assert opened
    assert boss.post(address, {**theirs, "shown": opened}).status_code == 303
    before = [count(table) for table in ("catalogue_plan", "base_trail")]
    wrong = {**mine, "shown": opened}
    second = boss.post(address, wrong)
    assert (second.status_code, MEANWHILE in unescape(second.content.decode())) == (422, True)
    assert [count(table) for table in ("catalogue_plan", "base_trail")] == before
    assert mark_of(second) not in {"", opened}
    # What is refused for something else was still opened when it was opened.
    broken = boss.post(address, {**mine, "name": "", "tax": "many", "price": "many", "shown": opened})
    assert (broken.status_code, mark_of(broken)) == (422, opened)
    assert boss.post(address, {**mine, "shown": mark_of(second)}).status_code == 303


def test_services_are_made_and_changed(boss: Client, seller: Operator) -> None:
    made = boss.post(
        f"/services/new/{seller.id}/", {"code": "tv", "kind": "onoff", "tax": "reduced", "unit": "", "price": "3,5"}
    )
    assert made.status_code == 303
    again = boss.post(f"/services/new/{seller.id}/", {"code": "tv", "kind": "seats", "tax": "reduced"})
    assert (again.status_code, count("catalogue_service")) == (422, 2)
    assert boss.post(f"/services/{seller.id}/tv/", {"tax": "exempt", "unit": "box"}).status_code == 303
    with connection.cursor() as cursor:
        cursor.execute("SELECT kind, tax, unit, price FROM catalogue_service WHERE code = 'tv'")
        assert cursor.fetchone() == ("onoff", "exempt", "box", None)
    assert boss.get(f"/services/{seller.id}/radio/").status_code == 404


AWKWARD = "TV.plus_1-ж"


def test_whatever_a_plan_may_be_called_it_has_a_page(boss: Client, seller: Operator) -> None:
    service = {"code": AWKWARD, "kind": "onoff", "tax": "standard", "unit": "", "price": ""}
    assert boss.post(f"/services/new/{seller.id}/", service).status_code == 303
    assert boss.get(f"/services/{seller.id}/{AWKWARD}/").status_code == 200
    made = boss.post(f"/plans/new/{seller.id}/", {**PLAN, "code": AWKWARD, f"service-{AWKWARD}": "1", "step": "save"})
    assert made.status_code == 303
    assert made.headers["location"] == f"/plans/{seller.id}/TV.plus_1-%D0%B6/"
    for page in ("", "edit/", "price/"):
        assert boss.get(made.headers["location"] + page).status_code == 200
    buyer = account(seller, 5000)
    orders.subscribe(buyer, AWKWARD, now=datetime.now(UTC))
    assert boss.get(f"/accounts/{buyer}/").status_code == 200
    assert (
        boss.get("/plans/").status_code == boss.get("/services/").status_code == boss.get("/prices/").status_code == 200
    )
    subscriber = browser(people.subscriber(seller, buyer))
    assert AWKWARD in subscriber.get("/my/catalogue/").content.decode()
    assert subscriber.get(f"/my/catalogue/{buyer}/{AWKWARD}/order/").status_code == 200


@pytest.mark.parametrize("code", ["a/b", "..", "a b", "a?b", "<b>", "a" * 61])
def test_a_code_that_would_break_an_address_is_refused(boss: Client, seller: Operator, code: str) -> None:
    plan = {**PLAN, "code": code, "step": "save"}
    service = {"code": code, "kind": "onoff", "tax": "standard", "unit": "", "price": ""}
    for page, typed, table in (("plans", plan, "catalogue_plan"), ("services", service, "catalogue_service")):
        before = count(table)
        refused = boss.post(f"/{page}/new/{seller.id}/", typed)
        assert (refused.status_code, count(table)) == (422, before)


def test_a_run_is_started_watched_and_told(boss: Client, seller: Operator) -> None:
    start = datetime(2026, 1, 1, 8, tzinfo=UTC)
    buyer = account(seller, 5000)
    orders.subscribe(buyer, "line", now=start)
    assert boss.post("/runs/start/").status_code == 303
    with connection.cursor() as cursor:
        cursor.execute("SELECT task_name FROM procrastinate_jobs WHERE status = 'todo'")
        assert ("billing.advance_asked",) in cursor.fetchall()
    work_off()
    listed = boss.get("/runs/").content.decode()
    assert "Done" in listed
    with connection.cursor() as cursor:
        cursor.execute("SELECT max(id) FROM billing_run")
        (run,) = cursor.fetchone() or (0,)
    shown = boss.get(f"/runs/{run}/").content.decode()
    assert "Charges made" in shown
    assert "hx-trigger" not in shown
    part = boss.get(f"/runs/{run}/", headers={"hx-request": "true"}).content.decode()
    assert "<html" not in part
    assert boss.get("/runs/999999/").status_code == 404


def test_a_forecast_is_asked_for_made_and_found_again(boss: Client, seller: Operator) -> None:
    now = datetime.now(UTC)
    poor, rich = account(seller, 1000), account(seller, 9000)
    for each in (poor, rich):
        orders.subscribe(each, "line", now=now)
    asked = boss.post("/forecast/", {"operator": str(seller.id), "days": "35"})
    assert asked.status_code == 303
    waiting = boss.get(asked.headers["location"]).content.decode()
    assert "is being made" in waiting
    assert 'hx-trigger="every 2s"' in waiting
    assert make_waiting(now) == 1
    assert make_waiting(now) == 0
    shown = boss.get(asked.headers["location"]).content.decode()
    assert "€10.00" in shown
    assert "Who will not be able to pay" in shown
    assert "hx-trigger" not in shown
    assert count("ledger_entry") == 4
    for days in ("0", "400", "x"):
        refused = boss.post("/forecast/", {"operator": str(seller.id), "days": days})
        assert (refused.status_code, count("billing_forecast")) == (422, 1)


def test_the_trail_tells_who_did_what_and_can_be_narrowed(boss: Client, seller: Operator) -> None:
    with acting("<script>alert(1)</script>", "web"):
        entry = money.pay(account(seller), 1234, now=datetime.now(UTC), text="<b>x</b>")
    shown = boss.get("/trail/").content.decode()
    paid = '<td data-label="What">Payment entered</td>'
    assert paid in shown
    assert "Entry its entry Amount €12.34" in words(boss.get("/trail/"))
    assert f"/entries/{entry}/" in shown
    assert "<script>alert" not in shown
    record(
        "key.create", "Shop", operator=seller.id, at=datetime.now(UTC), after={"rights": ["account.view", "plan.view"]}
    )
    assert "<ins>See accounts, See the catalogue</ins>" in boss.get("/trail/").content.decode()
    assert paid in boss.get("/trail/", {"action": "account."}).content.decode()
    assert paid not in boss.get("/trail/", {"action": "plan."}).content.decode()
    assert paid not in boss.get("/trail/", {"until": "2020-01-01"}).content.decode()


def test_the_trail_speaks_the_language_of_who_reads(boss: Client, seller: Operator) -> None:
    now = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
    one = open_account(seller, "A-17", now=now, credit_limit=5_000)
    money.promise(one, 490, 4, now=now, fee=100)
    record("operator.change", seller.code, operator=seller.id, at=now, before={"tax": "19"}, after={"tax": "20.5"})
    record("plan.price", "line", operator=seller.id, at=now, after={"price": "12.345", "from": "2027-01-01"})
    record("webhook.switch", "3", operator=seller.id, at=now, after={"enabled": False, "shape": "odd"})
    person = int(boss.session["_auth_user_id"])
    record("person.join", str(person), operator=seller.id, at=now, after={"kind": "staff", "role": "auditor"})
    record("person.join", "999999", operator=seller.id, at=now, after={"kind": "subscriber", "role": None})

    said = words(boss.get("/trail/", headers={"Accept-Language": "de"}))
    for line in (
        "A-17 Gebühr 1,00\N{NO-BREAK SPACE}€ Bis 26.11.2026, 00:00 Betrag 4,90\N{NO-BREAK SPACE}€",
        "A-17 Kreditrahmen 50,00\N{NO-BREAK SPACE}€",
        f"{seller.code} Steuersatz 19 20,5",
        "line Ab 01.01.2027 Preis 12,345\N{NO-BREAK SPACE}EUR",
        "3 shape odd Eingeschaltet nein",
        f"{get_user_model().objects.get(pk=person).email} Art Personal Rolle Prüfer",
        "999999 Art",
    ):
        assert line in said, (line, said)
    with_account = words(boss.get("/trail/", {"subject": "A-17"}))
    assert with_account.count("A-17") == 2
    assert "12.345" not in with_account
    assert words(boss.get("/trail/", {"subject": "A-17", "action": "account.promise"})).count("€4.90") == 1


def test_an_endpoint_is_added_rotated_and_switched(
    boss: Client, seller: Operator, monkeypatch: pytest.MonkeyPatch
) -> None:
    private = boss.post("/webhooks/new/", {"operator": str(seller.id), "url": "https://127.0.0.1/x"})
    assert (private.status_code, count("webhooks_endpoint")) == (422, 0)
    assert "https://127.0.0.1/x" in private.content.decode()
    monkeypatch.setenv("ABONO_WEBHOOK_PRIVATE", "1")
    made = boss.post(
        "/webhooks/new/",
        {"operator": str(seller.id), "url": "https://127.0.0.1/x", "types": ["charge.made", "run.failed"]},
    )
    page = made.headers["location"]
    assert "whsec_" in boss.get(page).content.decode()
    for deed, said in (("rotate", "There is a new secret"), ("off", "told no more"), ("on", "told again")):
        assert said in boss.post(page, {"deed": deed}, follow=True).content.decode()
    assert "A test is on its way" in boss.post(page, {"deed": "test"}, follow=True).content.decode()
    assert (count("webhooks_event WHERE type = 'webhook.test'"), count("webhooks_delivery")) == (1, 1)
    assert "webhook.test" in boss.get(page).content.decode()
    boss.post(page, {"deed": "off"})
    assert "Send a test" not in boss.get(page).content.decode()
    assert (boss.post(page, {"deed": "test"}).status_code, count("webhooks_delivery")) == (422, 1)
    assert boss.post(page, {"deed": "explode"}).status_code == 422
    auditor = browser(people.staff(seller, Role.AUDITOR))
    assert auditor.get(page).status_code == 403


READS = ["/plans/", "/services/", "/prices/", "/plans/{o}/line/"]
WRITES = ["/plans/new/{o}/", "/plans/{o}/line/edit/", "/services/new/{o}/", "/services/{o}/line/"]


@pytest.mark.parametrize(
    ("role", "seen", "refused"),
    [
        (Role.ADMINISTRATOR, [*READS, *WRITES, "/plans/{o}/line/price/", "/runs/", "/forecast/", "/trail/"], []),
        (Role.ACCOUNTANT, [*READS, "/plans/{o}/line/price/", "/runs/", "/forecast/", "/trail/"], WRITES),
        (Role.MANAGER, READS, [*WRITES, "/plans/{o}/line/price/", "/runs/", "/forecast/", "/trail/", "/webhooks/"]),
        (Role.AUDITOR, [*READS, "/runs/", "/forecast/", "/trail/"], [*WRITES, "/plans/{o}/line/price/", "/webhooks/"]),
    ],
)
def test_roles_see_what_is_theirs(seller: Operator, role: Role, seen: list[str], refused: list[str]) -> None:
    client = browser(people.staff(seller, role))
    for address in seen:
        assert client.get(address.format(o=seller.id)).status_code == 200, address
    for address in refused:
        assert client.get(address.format(o=seller.id)).status_code == 403, address


def test_a_foreign_operator_is_not_there(seller: Operator) -> None:
    stranger = browser(people.staff(operator()))
    for address in (*READS[3:], *WRITES, "/plans/{o}/line/price/"):
        for ask in (stranger.get, stranger.post):
            answer: Any = ask(address.format(o=seller.id))
            assert answer.status_code in {404, 405}, address
    asked = stranger.post("/forecast/", {"operator": str(seller.id), "days": "3"})
    assert (asked.status_code, count("billing_forecast")) == (422, 0)


def test_a_run_of_others_is_not_there(seller: Operator) -> None:
    orders.subscribe(account(seller, 5000), "line", now=datetime(2026, 1, 1, tzinfo=UTC))
    run = advance(datetime(2026, 3, 1, tzinfo=UTC)).runs[0]
    assert browser(people.staff(seller)).get(f"/runs/{run}/").status_code == 200
    assert browser(people.staff(operator())).get(f"/runs/{run}/").status_code == 404

"""Operators, catalogue, offers, runs, forecast and the audit trail."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest
from django.db import connection

from abono.features.billing.queries import accounts_now
from abono.features.billing.tasks import advance_all, advance_asked, follow_tree, make_forecasts

from .conftest import Caller, key_of
from .houses import fingerprint

if TYPE_CHECKING:
    from .conftest import World

pytestmark = pytest.mark.django_db(transaction=True)
TODAY = datetime.now(UTC).date()


def test_an_operator_is_added_changed_blocked_and_moved(world: World) -> None:
    made = world.call("POST", "/operators", {"code": "north-1", "name": "North", "tax": "19"})
    north = made.body["id"]
    assert (made.status, made.headers["Location"]) == (201, f"/api/v1/operators/{north}")
    assert (made.body["parent"], made.body["currency"], made.body["tax"]) == (world.seller.id, "EUR", "19")
    south = world.call("POST", "/operators", {"code": "south-1", "name": "South", "parent": north}).body["id"]
    assert [each["id"] for each in world.call("GET", "/operators").body["items"]] == [world.seller.id, north, south]
    assert world.call("GET", f"/operators/{world.seller.id}").body["parent"] is None
    changed = world.call("PATCH", f"/operators/{north}", {"name": "Norden", "tax_reduced": "7", "locale": "de"}).body
    assert (changed["name"], changed["tax"], changed["tax_reduced"], changed["locale"]) == ("Norden", "19", "7", "de")
    blocked = world.call("POST", f"/operators/{north}/block", {}).body
    assert (blocked["stopped"], world.call("GET", f"/operators/{south}").body["stopped"]) == (True, True)
    follow_tree(0)
    assert world.call("POST", f"/operators/{north}/unblock", {}).body["stopped"] is False
    assert world.call("POST", f"/operators/{north}/moves", {"parent": south}).told == (409, "tree_cycle")
    moved = world.call("POST", f"/operators/{south}/moves", {"parent": world.seller.id})
    assert (moved.status, [each["state"] for each in moved.body["items"]]) == (201, ["done"])
    later = (TODAY + timedelta(days=9)).isoformat()
    (waiting, _done) = world.call("POST", f"/operators/{south}/moves", {"parent": north, "valid_from": later}).body[
        "items"
    ]
    assert (waiting["state"], waiting["valid_from"], waiting["parent"]) == ("waiting", later, north)
    assert world.call("DELETE", f"/operators/{south}/moves/{waiting['id']}").status == 204
    assert world.call("DELETE", f"/operators/{south}/moves/{waiting['id']}").told == (404, "unknown_move")


def test_a_call_saves_so_many_plans(world: World) -> None:
    plan = {"price": "1.00", "period": "month"}
    address = f"/operators/{world.seller.id}/catalogue"
    refused = world.call("PUT", address, {"plans": {f"p-{n}": plan for n in range(1_001)}})
    assert (*refused.told, refused.body["field"]) == (422, "out_of_range", "plans")
    assert refused.body["detail"] == "Send at most 1000 of them."
    assert world.call("PUT", f"{address}?dry_run=true", {"plans": {f"p-{n}": plan for n in range(1_000)}}).status == 200


def test_what_stands_above_or_beside_is_out_of_reach(world: World) -> None:
    child = world.call("POST", "/operators", {"code": "child-1", "name": "Child"}).body["id"]
    own = Caller(
        world.call(
            "POST",
            "/keys",
            {"name": "Child", "operator": child, "rights": ["operator.view", "operator.block", "operator.change"]},
        ).body["secret"]
    )
    assert [each["id"] for each in own("GET", "/operators").body["items"]] == [child]
    assert own("GET", f"/operators/{child}").body["parent"] is None
    assert own("GET", f"/operators/{world.seller.id}").told == (404, "not_found")
    assert own("POST", f"/operators/{child}/block", {}).told == (409, "not_above")
    assert own("POST", f"/operators/{child}/moves", {"parent": child}).told == (409, "not_above")
    grandchild = world.call("POST", "/operators", {"code": "child-2", "name": "Child", "parent": child}).body["id"]
    assert world.call("POST", f"/operators/{grandchild}/block", {}).status == 200
    assert own("POST", f"/operators/{grandchild}/unblock", {}).told == (409, "blocked_from_above")
    assert world.call("POST", f"/operators/{grandchild}/unblock", {}).status == 200
    assert world.call("GET", f"/operators/{world.sister.id}").told == (404, "not_found")
    assert world.call("POST", "/operators", {"code": "x-1", "name": "X", "parent": world.sister.id}).told == (
        404,
        "not_found",
    )
    assert world.call("POST", f"/operators/{child}/moves", {"parent": world.sister.id}).told == (404, "not_found")


def test_currency_and_zone_stay_once_there_are_accounts(world: World) -> None:
    answer = world.call("PATCH", f"/operators/{world.seller.id}", {"name": "New", "currency": "USD"})
    assert (answer.told, answer.body["field"]) == ((409, "operator_in_use"), "currency")
    assert world.call("GET", f"/operators/{world.seller.id}").body["name"] == "Test"


def test_a_catalogue_is_saved_as_it_is_described(world: World) -> None:
    path = f"/operators/{world.seller.id}/catalogue"
    described = {
        "services": {"tv": {"kind": "onoff", "price": "3.00"}},
        "plans": {"tv": {"period": "month", "setup_fee": "1.50", "services": {"tv": {"quantity": "2"}, "line": {}}}},
    }
    dry = world.call("PUT", f"{path}?dry_run=true", described).body
    assert (dry["written"], [each["change"] for each in dry["changes"]]) == (False, ["made", "made"])
    assert [each["code"] for each in world.call("GET", "/plans").body["items"]] == ["line"]
    assert world.call("PUT", path, described).body["written"] is True
    again = world.call("PUT", path, described).body
    assert [each["change"] for each in again["changes"]] == ["unchanged", "unchanged"]
    plan = world.call("GET", f"/operators/{world.seller.id}/plans/tv").body
    assert (plan["price"], plan["setup_fee"], plan["services"], plan["versions"]) == ("6", "1.50", ["tv", "line"], [1])
    assert plan["service_terms"][0] == {"code": "tv", "quantity": "2", "terms": {}}
    assert [(each["code"], each["plans"]) for each in world.call("GET", "/services").body["items"]] == [
        ("line", 2),
        ("tv", 1),
    ]
    made = world.call("POST", f"/accounts/{world.account}/subscriptions", {"plan": "tv"})
    assert made.status == 201
    assert accounts_now([world.account], datetime.now(UTC))[world.account]["balance"] == 10_000 - 750


def test_a_catalogue_with_errors_is_not_written_at_all(world: World) -> None:
    described = {
        "services": {"tv": {"kind": "maybe"}},
        "plans": {"tv": {"period": "month", "price": "1", "services": {"tv": {}}}, "x": {"price": "1,00"}},
    }
    answer = world.call("PUT", f"/operators/{world.seller.id}/catalogue", described)
    assert answer.told == (422, "invalid")
    assert [each["field"] for each in answer.body["errors"]] == ["services.tv.kind", "plans.x.period"]
    assert [each["code"] for each in world.call("GET", "/plans").body["items"]] == ["line"]


@pytest.mark.parametrize("code", ["a/b", "..", "", " tv", "tv?", "t v", "a" * 61])
def test_a_code_that_would_break_an_address_is_refused(world: World, code: str) -> None:
    path = f"/operators/{world.seller.id}/catalogue"
    before = fingerprint()
    for described, field in (
        ({"services": {code: {"kind": "onoff"}}}, f"services.{code}"),
        ({"plans": {code: {"price": "1", "period": "month"}}}, f"plans.{code}"),
    ):
        answer = world.call("PUT", path, described)
        assert (answer.told, answer.body["field"]) == ((422, "invalid"), field)
        assert "letters, digits, . _ and -" in answer.body["detail"]
    assert fingerprint() == before


def test_whatever_a_plan_may_be_called_it_has_an_address(world: World) -> None:
    code, path = "TV.plus_1-ж", f"/operators/{world.seller.id}"
    described = {"services": {code: {"kind": "onoff"}}, "plans": {code: {"price": "1", "period": "month"}}}
    assert world.call("PUT", f"{path}/catalogue", described).status == 200
    assert world.call("GET", f"{path}/plans/{quote(code)}").body["code"] == code
    priced = world.call("POST", f"{path}/plans/{quote(code)}/prices", {"price": "2"})
    assert (priced.status, priced.headers["Location"]) == (201, f"/api/v1{path}/plans/TV.plus_1-%D0%B6/prices")
    assert world.call("GET", priced.headers["Location"].removeprefix("/api/v1")).body == priced.body


def test_a_price_counts_from_a_day_on(world: World) -> None:
    path = f"/operators/{world.seller.id}/plans/line/prices"
    later = (TODAY + timedelta(days=40)).isoformat()
    set_later = world.call("POST", path, {"price": "12.50", "valid_from": later})
    assert (set_later.status, set_later.body["items"][0]) == (201, {"valid_from": later, "price": "12.5"})
    assert world.call("GET", path).body == set_later.body
    assert world.call("POST", path, {"price": "1", "valid_from": "2020-01-01"}).told == (409, "period_closed")
    assert world.call("POST", path.replace("line", "gold"), {"price": "1"}).told == (404, "unknown_plan")


def test_a_coming_price_is_withdrawn(world: World) -> None:
    path = f"/operators/{world.seller.id}/plans/line/prices"
    later = (TODAY + timedelta(days=40)).isoformat()
    assert world.call("POST", path, {"price": "12", "valid_from": later}).status == 201
    assert world.call("DELETE", f"{path}/2999-01-01").told == (404, "unknown_price")
    assert world.call("POST", path, {"price": "11"}).status == 201
    assert world.call("DELETE", f"{path}/{TODAY.isoformat()}").told == (409, "period_closed")
    left = world.call("DELETE", f"{path}/{later}")
    assert (left.status, [each["valid_from"] for each in left.body["items"]]) == (
        200,
        [TODAY.isoformat(), "0001-01-01"],
    )
    assert world.call("DELETE", f"{path}/{later}").told == (404, "unknown_price")
    assert world.call("GET", f"{path}?version=1").body == left.body
    assert world.call("GET", f"{path}?version=2").status == 404


def test_a_plan_is_offered_below_with_the_taxes_of_whoever_sells_it(world: World) -> None:
    child = world.call(
        "POST", "/operators", {"code": "child-2", "name": "Child", "tax": "25", "prices_include_tax": False}
    )
    seller = child.body["id"]
    path = f"/operators/{seller}/offers"
    (offer,) = world.call("POST", path, {"plan": "line"}).body["items"]
    assert (offer["plan"], offer["giver"], offer["price"]) == ("line", world.seller.id, None)
    account = world.call("POST", "/accounts", {"operator": seller, "credit_limit": "100.00"}).body["id"]
    world.call("POST", f"/accounts/{account}/subscriptions", {"plan": "line"})
    assert world.call("GET", f"/accounts/{account}/balance").body["balance"] == "-12.50"
    # The service gets another tax: the seller's own rate is settled for what the seller sells.
    described = {"services": {"line": {"kind": "onoff", "tax": "exempt"}}}
    assert world.call("PUT", f"/operators/{world.seller.id}/catalogue", described).status == 200
    second = world.call("POST", "/accounts", {"operator": seller, "credit_limit": "100.00"}).body["id"]
    world.call("POST", f"/accounts/{second}/subscriptions", {"plan": "line"})
    assert world.call("GET", f"/accounts/{second}/balance").body["balance"] == "-10.00"
    priced = world.call("POST", f"{path}/{offer['id']}/prices", {"price": "8"}).body["items"][0]
    assert (priced["price"], priced["price_from"]) == ("8", TODAY.isoformat())
    assert world.call("POST", f"/operators/{seller}/plans/line/prices", {"price": "1"}).told == (409, "offered_plan")
    assert world.call("DELETE", f"{path}/{offer['id']}").status == 204
    assert world.call("POST", f"/accounts/{second}/subscriptions", {"plan": "line"}).told == (422, "unknown_plan")
    # What was ordered goes on under it: its prices are still seen, and set by whoever sells it.
    own = f"/operators/{seller}/plans/line"
    coming = (TODAY + timedelta(days=9)).isoformat()
    assert world.call("GET", own).body["price"] == "8"
    said = world.call("POST", f"{own}/prices", {"price": "9", "valid_from": coming})
    assert (said.status, [each["price"] for each in said.body["items"]]) == (201, ["9", "8", "10"])
    assert world.call("GET", f"{own}/prices").body == said.body
    left = world.call("DELETE", f"{own}/prices/{coming}")
    assert (left.status, [each["price"] for each in left.body["items"]]) == (200, ["8", "10"])


def test_the_engine_is_started_and_its_run_is_listed(world: World) -> None:
    answer = world.call("POST", "/runs", {})
    assert answer.status == 202
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT task_name, (args ->> 'operator')::bigint FROM procrastinate_jobs "
            " WHERE status = 'todo' AND queue_name = 'default'"
        )
        assert cursor.fetchall() == [("billing.advance_asked", world.seller.id)]
    assert world.call("POST", "/runs", {}).status == 202
    world.call("POST", f"/accounts/{world.account}/subscriptions", {"plan": "line"})
    with connection.cursor() as cursor:
        cursor.execute("UPDATE ledger_account SET due_at = now() WHERE account_id = %s", [world.account])
    advance_all(0)
    (run,) = world.call("GET", "/runs").body["items"]
    assert (run["operator"], run["accounts"], run["done"], run["failed"]) == (None, 1, 1, 0)
    assert world.call("GET", f"/runs/{run['id']}/failures").body["items"] == []
    assert world.call("POST", f"/runs/{run['id']}/retry", {}).told == (409, "run_not_failed")
    assert world.theirs("GET", "/runs").body["items"] == []
    assert world.theirs("GET", f"/runs/{run['id']}").told == (404, "not_found")


def test_the_forecast_tells_charges_and_who_stops(world: World) -> None:
    world.call("POST", f"/accounts/{world.account}/subscriptions", {"plan": "line", "quantity": "4"})
    seen = world.call("GET", "/forecast?days=100").body
    assert (seen["charges"], seen["charged"], seen["stopping"]) == (1, "40.00", 1)
    (stop,) = seen["stops"]
    assert (stop["account"], stop["number"], stop["short_by"]) == (world.account, "100200", "20.00")
    outlook = world.call("GET", f"/accounts/{world.account}/outlook?days=100").body
    assert (outlook["due"], outlook["short_by"]) == ("120.00", "60.00")
    asked = world.call("POST", "/forecasts", {"days": 100})
    assert (asked.status, asked.body["finished_at"], asked.body["forecast"]) == (202, None, None)
    make_forecasts()
    address = asked.headers["Location"].removeprefix("/api/v1")
    assert world.call("GET", address).body["forecast"] == seen
    assert world.theirs("GET", address).told == (404, "not_found")
    assert [each["id"] for each in world.call("GET", "/forecasts").body["items"]] == [asked.body["id"]]
    assert world.call("GET", f"/forecast?operator={world.sister.id}").told == (404, "not_found")


def test_the_trail_tells_the_program_and_what_it_did(world: World) -> None:
    world.call("POST", f"/accounts/{world.account}/payments", {"amount": "1.00"})
    (line,) = world.call("GET", "/audit?action=account.pay").body["items"]
    assert (line["actor"], line["origin"], line["account"], line["after"]["amount"]) == (
        "Shop",
        "api",
        world.account,
        100,
    )
    assert world.theirs("GET", f"/audit?subject={world.account}").body["items"] == []
    assert world.call("GET", "/audit?since=2999-01-01T00:00:00Z").body["items"] == []
    assert world.call("GET", "/audit", Accept="text/csv").content.startswith(
        b"at,id,operator,account,actor,origin,action"
    )


def test_a_key_makes_keys_that_can_do_no_more_than_itself(world: World) -> None:
    clerk = Caller(key_of(world.seller, ["key.change", "account.view"]))
    assert clerk("POST", "/keys", {"name": "More", "rights": ["payment.create"]}).told == (403, "forbidden")
    made = clerk("POST", "/keys", {"name": "Same", "rights": ["account.view"]}, Idempotency_Key="k1")
    assert (made.status, made.body["secret"][:6]) == (201, "abono_")
    assert Caller(made.body["secret"])("GET", "/accounts").status == 200
    again = clerk("POST", "/keys", {"name": "Same", "rights": ["account.view"]}, Idempotency_Key="k1")
    assert (again.status, again.body["secret"], again.headers["Idempotent-Replayed"]) == (201, None, "true")
    listed = world.call("GET", "/keys").body["items"]
    assert ([each["name"] for each in listed].count("Same"), "secret" in listed[0]) == (1, False)
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM api_reply WHERE body LIKE %s", [f"%{made.body['secret']}%"])
        assert cursor.fetchone() == (0,)


def test_the_engine_is_woken_for_the_operators_in_reach_alone(world: World) -> None:
    child = world.call("POST", "/operators", {"code": "child-9", "name": "Child"}).body["id"]
    world.call("POST", f"/operators/{child}/offers", {"plan": "line"})
    below = world.call("POST", "/accounts", {"operator": child, "credit_limit": "100.00"}).body["id"]
    for call, account in ((world.call, world.account), (world.call, below), (world.theirs, world.foreign)):
        assert call("POST", f"/accounts/{account}/subscriptions", {"plan": "line"}).status == 201

    def due(*accounts: int) -> None:
        with connection.cursor() as cursor:
            cursor.execute("UPDATE ledger_account SET due_at = now() WHERE account_id = ANY (%s)", [list(accounts)])

    def still_due() -> set[int]:
        with connection.cursor() as cursor:
            cursor.execute("SELECT account_id FROM ledger_account WHERE due_at <= now()")
            return {account for (account,) in cursor.fetchall()}

    due(world.account, below, world.foreign)
    assert world.call("POST", "/runs", {}).status == 202
    work_off()
    assert still_due() == {world.foreign}
    assert [run["operator"] for run in world.call("GET", "/runs").body["items"]] == [child, world.seller.id]
    assert world.theirs("GET", "/runs").body["items"] == []
    assert world.theirs("POST", "/runs", {}).status == 202
    due(world.account)
    work_off()
    assert still_due() == {world.account}


def work_off() -> None:
    """Do what the worker was asked to do; what it does by itself every minute stays undone."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE procrastinate_jobs SET status = 'succeeded'"
            " WHERE task_name = 'billing.advance_asked' AND status = 'todo' RETURNING (args ->> 'operator')::bigint"
        )
        asked = [operator for (operator,) in cursor.fetchall()]
    assert asked
    for operator in asked:
        advance_asked(operator)

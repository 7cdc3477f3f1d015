"""Subscriptions through the API: ordered, previewed, changed, paused, blocked; what is previewed is what happens."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from .conftest import Caller, key_of

if TYPE_CHECKING:
    from .conftest import World

pytestmark = pytest.mark.django_db(transaction=True)


def ordered(world: World, **order: object) -> dict[str, Any]:
    """A subscription to the line, ordered now."""
    answer = world.call("POST", f"/accounts/{world.account}/subscriptions", {"plan": "line", **order})
    assert answer.status == 201, answer.content
    found: dict[str, Any] = answer.body
    return found


def balance(world: World) -> str:
    """What the account has."""
    told: str = world.call("GET", f"/accounts/{world.account}/balance").body["balance"]
    return told


def test_an_order_is_charged_and_shown(world: World) -> None:
    path = f"/accounts/{world.account}/subscriptions"
    answer = world.call("POST", path, {"plan": "line", "quantity": "2.5", "unit": "Camera 7"})
    made = answer.body
    today = datetime.now(UTC).date().isoformat()
    assert (answer.status, answer.headers["Location"]) == (201, f"/api/v1{path}/{made['id']}")
    assert (made["state"], made["reasons"], made["quantity"], made["unit"]) == ("active", [], "2.5", "Camera 7")
    assert (made["period_starts_on"], made["starts_on"]) == (today, today)
    assert balance(world) == "75.00"
    assert world.call("GET", f"{path}/{made['id']}").body == made
    assert world.call("GET", path).body == {"items": [made], "next": None}
    assert world.call("GET", "/subscriptions?plan=line&state=active&search=Camera").body["items"] == [made]
    assert world.call("GET", "/subscriptions?state=ended").body["items"] == []
    (upcoming,) = world.call("GET", f"/accounts/{world.account}/upcoming").body["items"]
    assert (upcoming["subscription"], upcoming["on"], upcoming["amount"]) == (
        made["id"],
        made["period_ends_on"],
        "25.00",
    )


def test_an_order_that_does_not_fit_changes_nothing(world: World) -> None:
    path = f"/accounts/{world.account}/subscriptions"
    refused = world.call("POST", path, {"plan": "line", "quantity": "11"})
    assert (refused.told, refused.body["short_by"]) == ((402, "insufficient_funds"), "10.00")
    assert "short by 10.00 EUR;" in refused.body["detail"]
    assert (balance(world), world.call("GET", path).body["items"]) == ("100.00", [])
    assert world.call("POST", path, {"plan": "gold"}).told == (422, "unknown_plan")
    for body, field in (
        ({"plan": "line", "quantity": "0"}, "quantity"),
        ({"plan": "line", "quantity": "0.0000001"}, "quantity"),
        ({"plan": "line", "quantity": "1000000001"}, "quantity"),
        ({"plan": "line", "starts_on": "2020-01-01"}, "starts_on"),
        ({"plan": "line", "starts_on": 20_000}, "starts_on"),
        ({"plan": "line", "starts_on": "2026-02-30"}, "starts_on"),
        ({"plan": "line", "starts_on": "0001-01-01"}, "starts_on"),
    ):
        answer = world.call("POST", path, body)
        assert (answer.status, answer.body["field"]) == (422, field), body
    assert world.call("GET", path).body["items"] == []


def test_a_preview_is_what_happens_and_writes_nothing(world: World) -> None:
    path = f"/accounts/{world.account}"
    asked = world.call("POST", f"{path}/previews", {"action": "subscribe", "plan": "line", "quantity": "3"})
    seen = asked.body
    assert (asked.status, seen["at_once"], seen["balance"], seen["refusal"]) == (200, "-30.00", "70.00", None)
    assert balance(world) == "100.00"
    made = ordered(world, quantity="3")
    assert balance(world) == seen["balance"]
    (charge,) = seen["charges"]
    assert (charge["starts_on"], charge["ends_on"], charge["amount"]) == (
        made["period_starts_on"],
        made["period_ends_on"],
        "30.00",
    )
    assert seen["next"] == {"on": made["period_ends_on"], "amount": "30.00"}


def test_a_preview_tells_a_refusal(world: World) -> None:
    path = f"/accounts/{world.account}/previews"
    seen = world.call("POST", path, {"action": "subscribe", "plan": "line", "quantity": "20"}).body
    assert (seen["refusal"]["code"], seen["short_by"]) == ("insufficient_funds", "100.00")
    assert "short by 100.00 EUR;" in seen["refusal"]["detail"]
    assert world.call("POST", path, {"action": "dance"}).told == (422, "invalid")
    assert world.call("POST", path, {"plan": "line"}).told == (422, "required")
    viewer = Caller(key_of(world.seller, ["account.view"]))
    assert viewer("POST", path, {"action": "payment", "amount": "1.00"}).told == (403, "forbidden")


@pytest.mark.parametrize(
    "body",
    [
        {"action": "payment", "amount": "1.00"},
        {"action": "refund", "amount": "1.00"},
        {"action": "adjustment", "amount": "-1.00"},
        {"action": "credit_limit", "amount": "1.00"},
        {"action": "promise", "amount": "1.00", "days": 1},
        {"action": "block_account"},
        {"action": "unblock_account"},
        {"action": "change", "quantity": "2", "when": "now"},
        {"action": "cancel", "when": "now", "refund": "prorated"},
        {"action": "keep"},
        {"action": "pause"},
        {"action": "resume"},
        {"action": "block"},
        {"action": "unblock"},
    ],
)
def test_everything_can_be_previewed(world: World, body: dict[str, str]) -> None:
    made = ordered(world)
    if body["action"] in {"change", "cancel", "keep", "pause", "resume", "block", "unblock"}:
        body = {**body, "subscription": made["id"]}
    answer = world.call("POST", f"/accounts/{world.account}/previews", body)
    assert answer.status == 200, answer.content
    assert (answer.body["refusal"] or {"code": ""})["code"] == ("not_paused" if body["action"] == "resume" else "")
    assert balance(world) == "90.00"
    assert world.call("GET", f"/accounts/{world.account}/subscriptions/{made['id']}").body == made


def test_a_subscription_is_changed_cancelled_and_kept(world: World) -> None:
    path = f"/accounts/{world.account}/subscriptions/{ordered(world)['id']}"
    waiting = world.call("POST", f"{path}/change", {"quantity": "2"}).body
    assert (waiting["quantity"], waiting["next_plan"], waiting["next_quantity"]) == ("1", "line", "2")
    now = world.call("POST", f"{path}/change", {"quantity": "2", "when": "now"}).body
    assert (now["quantity"], now["next_quantity"], balance(world)) == ("2", None, "80.00")
    assert world.call("POST", f"{path}/cancel", {}).body["cancels"] is True
    assert world.call("POST", f"{path}/keep", {}).body["cancels"] is False
    ended = world.call("POST", f"{path}/cancel", {"when": "now", "refund": "prorated"}).body
    assert (ended["state"], ended["ended_on"], balance(world)) == (
        "ended",
        datetime.now(UTC).date().isoformat(),
        "100.00",
    )
    for act in ("change", "cancel", "keep", "pause", "resume", "block"):
        assert world.call("POST", f"{path}/{act}", {}).told == (409, "subscription_ended"), act


def test_a_subscription_is_paused_and_blocked(world: World) -> None:
    path = f"/accounts/{world.account}/subscriptions/{ordered(world)['id']}"
    until = (datetime.now(UTC).date() + timedelta(days=3)).isoformat()
    paused = world.call("POST", f"{path}/pause", {"until": until}).body
    assert (paused["state"], paused["reasons"], paused["paused_until"]) == ("suspended", ["customer"], until)
    assert world.call("POST", f"{path}/pause", {}).told == (409, "pause_not_allowed")
    assert world.call("POST", f"{path}/block", {}).body["reasons"] == ["customer", "staff"]
    assert world.call("POST", f"{path}/resume", {}).body["reasons"] == ["staff"]
    assert world.call("POST", f"{path}/unblock", {}).body["state"] == "active"
    assert world.call("POST", f"{path}/resume", {}).told == (409, "not_paused")
    account = f"/accounts/{world.account}"
    assert [each["state"] for each in world.call("POST", f"{account}/block", {}).body["items"]] == ["suspended"]
    assert [each["state"] for each in world.call("POST", f"{account}/unblock", {}).body["items"]] == ["active"]
    causes = [each["kind"] for each in world.call("GET", f"{account}/timeline?limit=200").body["items"]]
    assert {"paused", "blocked_by_staff", "unblocked_by_staff"} <= set(causes)


def test_a_foreign_subscription_is_not_there(world: World) -> None:
    made = ordered(world)
    for path in (
        f"/accounts/{world.account}/subscriptions/{made['id']}",
        f"/accounts/{world.foreign}/subscriptions/{made['id']}",
    ):
        assert world.theirs("GET", path).told == (404, "not_found")
        for act in ("change", "cancel", "keep", "pause", "resume", "block", "unblock"):
            assert world.theirs("POST", f"{path}/{act}", {}).told == (404, "not_found")
    assert world.call("GET", f"/accounts/{world.account}/subscriptions/{uuid4()}").told == (404, "not_found")
    assert world.call("GET", f"/accounts/{world.account}/subscriptions/x").told == (422, "invalid")
    assert world.theirs("GET", "/subscriptions").body["items"] == []

"""What a call may take at most, or has to bring at least: exceeded, nothing changes and the key is free."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from abono.features.billing.prices import change_price
from abono.interfaces.api import urls  # noqa: F401 -- declares the endpoints
from abono.interfaces.api.amounts import AtMost
from abono.interfaces.api.calls import ENDPOINTS

from .conftest import Caller, key_of
from .houses import fingerprint
from .test_subscriptions import balance, ordered

if TYPE_CHECKING:
    from .conftest import World

pytestmark = pytest.mark.django_db(transaction=True)


def test_every_deed_that_moves_money_by_a_decision_takes_bounds() -> None:
    bounded = {each.name for each in ENDPOINTS if _bounded(each.view.__annotations__.get("body"))}
    assert bounded == {
        "subscribe", "change_subscription", "cancel_subscription", "pause_subscription", "resume_subscription",
        "unblock_subscription", "unblock_account", "promise",
    }  # fmt: skip


def _bounded(body: Any) -> bool:
    return isinstance(body, type) and issubclass(body, AtMost)


def test_an_order_at_another_price_than_was_shown_is_refused(world: World) -> None:
    path = f"/accounts/{world.account}/subscriptions"
    seen = world.call("POST", f"/accounts/{world.account}/previews", {"action": "subscribe", "plan": "line"}).body
    asked = {"plan": "line", "at_most": seen["at_once"].removeprefix("-")}
    now = datetime.now(UTC)
    change_price(world.seller, "line", Decimal("10.01"), world.seller.day(now), now=now)
    before = fingerprint()
    refused = world.call("POST", path, asked, Idempotency_Key="k")
    assert refused.told == (409, "amount_changed")
    told = {name: refused.body[name] for name in ("field", "amount", "limit", "currency")}
    assert told == {"field": "at_most", "amount": "10.01", "limit": "10.00", "currency": "EUR"}
    assert refused.body["detail"] == "It takes 10.01 EUR now, more than 10.00; ask for a preview and decide anew."
    assert fingerprint() == before
    preview = world.call("POST", f"/accounts/{world.account}/previews", {**asked, "action": "subscribe"}).body
    assert preview["refusal"]["code"] == "amount_changed"
    made = world.call("POST", path, {"plan": "line", "at_most": "10.01"}, Idempotency_Key="k")
    assert (made.status, balance(world)) == (201, "89.99")
    again = world.call("POST", path, {"plan": "line", "at_most": "10.01"}, Idempotency_Key="k")
    assert (again.status, again.body["id"], balance(world)) == (201, made.body["id"], "89.99")


def test_a_cancellation_brings_at_least_what_was_asked_for(world: World) -> None:
    line = ordered(world, quantity="2")
    path = f"/accounts/{world.account}/subscriptions/{line['id']}/cancel"
    asked = {"when": "now", "refund": "prorated"}
    before = fingerprint()
    refused = world.call("POST", path, {**asked, "at_least": "20.01"}, Idempotency_Key="k")
    assert refused.told == (409, "amount_changed")
    assert [refused.body[name] for name in ("field", "amount", "limit")] == ["at_least", "20.00", "20.01"]
    assert fingerprint() == before
    assert world.call("POST", path, {**asked, "at_least": "20"}, Idempotency_Key="k").status == 200
    assert world.call("POST", path, {**asked, "at_least": "20"}, Idempotency_Key="k").status == 200
    # Another program with the same key: the account knows that it is done, and it brings nothing a second time.
    other = Caller(key_of(world.seller))
    assert other("POST", path, {**asked, "at_least": "20"}, Idempotency_Key="k").status == 200
    assert balance(world) == "100.00"


def test_a_change_is_bounded_both_ways(world: World) -> None:
    line = ordered(world, quantity="2")
    path = f"/accounts/{world.account}/subscriptions/{line['id']}/change"
    before = fingerprint()
    for asked, field, amount in (
        ({"quantity": "3", "at_most": "9.99"}, "at_most", "10.00"),
        ({"quantity": "1", "at_least": "10.01"}, "at_least", "10.00"),
        ({"quantity": "3", "at_least": "0"}, "at_least", "-10.00"),
    ):
        refused = world.call("POST", path, {"when": "now", **asked})
        assert refused.told == (409, "amount_changed")
        assert (refused.body["field"], refused.body["amount"]) == (field, amount)
    assert fingerprint() == before
    assert world.call("POST", path, {"when": "now", "quantity": "3", "at_most": "10"}).status == 200
    assert world.call("POST", path, {"when": "now", "quantity": "1", "at_least": "20", "at_most": "0"}).status == 200
    assert balance(world) == "90.00"


def test_what_follows_at_once_counts(world: World) -> None:
    """A return is charged with the deed that brings it."""
    line = ordered(world)
    path = f"/accounts/{world.account}"
    promised = {"amount": "10", "days": 3, "fee": "2.50"}
    assert world.call("POST", f"{path}/promises", {**promised, "at_most": "2.49"}).told == (409, "amount_changed")
    assert world.call("POST", f"{path}/promises", {**promised, "at_most": "2.50"}).status == 201
    assert world.call("POST", f"{path}/subscriptions/{line['id']}/pause", {"at_most": "0"}).status == 200
    assert world.call("POST", f"{path}/subscriptions/{line['id']}/resume", {"at_most": "0.00"}).status == 200
    world.call("POST", f"{path}/block", {})
    assert world.call("POST", f"{path}/unblock", {"at_most": "0"}).status == 200


@pytest.mark.parametrize("wrong", ["-1", "1.234", "ten", 5])
def test_a_bound_is_an_amount(world: World, wrong: object) -> None:
    path = f"/accounts/{world.account}/subscriptions"
    refused = world.call("POST", path, {"plan": "line", "at_most": wrong})
    assert (refused.status, refused.body["field"], balance(world)) == (422, "at_most", "100.00")

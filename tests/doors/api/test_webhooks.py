"""Endpoints of webhooks: made, changed, tried out, switched off; what they were told, and telling it again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest
from django.db import connection

from abono.features.billing import money
from abono.features.webhooks.delivering import deliver
from tests.features.test_webhooks import listener  # noqa: F401 -- a fixture

from .conftest import Caller, key_of
from .houses import fingerprint
from .test_lists import HOSTILE, walked

if TYPE_CHECKING:
    from tests.features.test_webhooks import Listener

    from .conftest import World

pytestmark = pytest.mark.django_db(transaction=True)
URL = "https://93.184.215.14/hook"
OTHER = "https://93.184.215.15/"


def made(world: World, **more: Any) -> Any:
    """A new endpoint, as it is answered."""
    answer = world.call("POST", "/webhooks", {"url": URL, **more})
    assert answer.status == 201, answer.content
    return answer.body


def waiting() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM webhooks_delivery WHERE state = 'waiting'")
        return int(cursor.fetchone()[0])


def test_an_endpoint_is_made_and_its_secret_told_once(world: World) -> None:
    asked = {"url": URL, "types": ["payment.received", "charge.made"]}
    answer = world.call("POST", "/webhooks", asked, Idempotency_Key="hook-1")
    first = answer.body
    path = f"/webhooks/{first['id']}"
    assert (answer.status, answer.headers["Location"]) == (201, f"/api/v1{path}")
    secret = first.pop("secret")
    assert secret.startswith("whsec_")
    again = world.call("POST", "/webhooks", asked, Idempotency_Key="hook-1")
    assert (again.status, again.body, again.headers["Idempotent-Replayed"]) == (
        201,
        {**first, "secret": None},
        "true",
    )
    shown = world.call("GET", path).body
    assert shown == first == world.call("GET", "/webhooks").body["items"][0]
    assert {name: shown[name] for name in ("operator", "url", "types", "enabled", "made_by", "disabled_at")} == {
        "operator": world.seller.id,
        "url": URL,
        "types": ["charge.made", "payment.received"],
        "enabled": True,
        "made_by": "Shop",
        "disabled_at": None,
    }
    assert len(world.call("GET", "/webhooks").body["items"]) == 1
    with connection.cursor() as cursor:
        cursor.execute("SELECT secret FROM webhooks_endpoint")
        assert cursor.fetchall() == [(secret,)]
        cursor.execute("SELECT count(*) FROM api_reply WHERE body LIKE '%whsec_%'")
        assert cursor.fetchone() == (0,)


def test_only_what_is_given_is_changed(world: World) -> None:
    path = f"/webhooks/{made(world, types=['run.failed'])['id']}"
    assert world.call("PATCH", path, {"url": OTHER}).body["types"] == ["run.failed"]
    both = world.call("PATCH", path, {"types": []}).body
    assert (both["url"], both["types"], both["enabled"]) == (OTHER, [], True)
    off = world.call("PATCH", path, {"enabled": False}).body
    assert (off["url"], off["enabled"], off["disabled_at"] is None) == (OTHER, False, False)
    assert world.call("PATCH", path, {"enabled": False}).body == off
    on = world.call("PATCH", path, {"enabled": True}).body
    assert (on["enabled"], on["disabled_at"]) == (True, None)
    lines = world.call("GET", "/audit?action=webhook").body["items"]
    assert [each["action"] for each in reversed(lines)] == [
        "webhook.add",
        "webhook.change",
        "webhook.change",
        "webhook.switch",
        "webhook.switch",
    ]
    assert b"whsec_" not in world.call("GET", "/audit").content


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ({"url": "http://127.0.0.1/"}, (422, "private_address")),
        ({"url": "http://169.254.169.254/latest/meta-data/"}, (422, "private_address")),
        ({"url": "https://no-such-host.invalid/"}, (422, "private_address")),
        ({"url": "ftp://93.184.215.14/"}, (422, "invalid")),
        ({"url": "https://a:b@93.184.215.14/"}, (422, "invalid")),
        ({"url": "https://93.184.215.14/\r\nX: y"}, (422, "invalid")),
        ({"url": ""}, (422, "out_of_range")),
        ({"url": "https://93.184.215.14/" + "x" * 2000}, (422, "out_of_range")),
        ({"url": URL, "types": ["account.vanished"]}, (422, "invalid")),
        ({"url": URL, "types": ["webhook.test"]}, (422, "invalid")),
        ({"url": URL, "secret": "whsec_mine"}, (422, "unknown_field")),
    ],
)
def test_what_cannot_be_told_is_refused(world: World, body: dict[str, Any], told: tuple[int, str]) -> None:
    path = f"/webhooks/{made(world)['id']}"
    before = fingerprint()
    assert world.call("POST", "/webhooks", body).told == told
    assert world.call("PATCH", path, body).told == told
    assert fingerprint() == before
    assert world.call("POST", "/webhooks", {"types": []}).told == (422, "required")


def test_it_hears_of_the_operator_that_is_named_and_of_no_foreign_one(world: World) -> None:
    child = world.call("POST", "/operators", {"code": "child-7", "name": "Child"}).body["id"]
    assert made(world, operator=child)["operator"] == child
    before = fingerprint()
    assert world.call("POST", "/webhooks", {"url": URL, "operator": world.sister.id}).told == (404, "not_found")
    assert fingerprint() == before


def test_a_secret_is_changed_and_told_once(world: World) -> None:
    first = made(world)
    path = f"/webhooks/{first['id']}"
    answer = world.call("POST", f"{path}/secret", {}, Idempotency_Key="turn")
    assert answer.status == 200
    assert answer.body["secret"].startswith("whsec_")
    assert answer.body["secret"] != first["secret"]
    until = datetime.fromisoformat(answer.body["old_secret_until"])
    assert timedelta(hours=23) < until - datetime.now(UTC) <= timedelta(days=1)
    again = world.call("POST", f"{path}/secret", {}, Idempotency_Key="turn").body
    assert again == {"secret": None, "old_secret_until": answer.body["old_secret_until"]}
    assert world.call("GET", path).body["old_secret_until"] == answer.body["old_secret_until"]
    with connection.cursor() as cursor:
        cursor.execute("SELECT secret, old_secret FROM webhooks_endpoint")
        assert cursor.fetchall() == [(answer.body["secret"], first["secret"])]


def test_a_test_is_told_whatever_types_are_wanted(world: World, listener: Listener) -> None:  # noqa: F811 -- the fixture
    path = f"/webhooks/{made(world, url=listener.url, types=['run.failed'])['id']}"
    other = made(world, url=listener.url + "&other=1")["id"]
    sent = world.call("POST", f"{path}/test", {})
    assert (sent.status, sent.body["type"], sent.body["state"], sent.body["account"]) == (
        202,
        "webhook.test",
        "waiting",
        None,
    )
    assert sent.body["data"] == {"endpoint": int(path.rpartition("/")[2])}
    address = sent.headers["Location"].removeprefix("/api/v1")
    assert world.call("GET", address).body == sent.body
    assert deliver(datetime.now(UTC)) == 1
    ((headers, _body),) = listener.heard
    heard = world.call("GET", address).body
    assert (heard["state"], heard["status"], heard["attempts"], heard["due_at"]) == ("heard", 204, 1, None)
    assert (headers["webhook-id"], listener.types) == (heard["event"], ["webhook.test"])
    assert world.call("GET", f"/webhooks/{other}/deliveries").body["items"] == []


def test_what_was_told_is_listed_and_told_again(world: World, listener: Listener) -> None:  # noqa: F811 -- the fixture
    path = f"/webhooks/{made(world, url=listener.url, types=['payment.received'])['id']}"
    listener.status = 500
    for number in range(7):
        money.pay(world.account, 100 + number, now=datetime.now(UTC))
    for hours in range(3):  # five at once, then one at a time until it answers again
        deliver(datetime.now(UTC) + timedelta(hours=hours))
    with connection.cursor() as cursor:
        cursor.execute("UPDATE webhooks_delivery SET state = 'given_up', due_at = NULL WHERE attempts = 1")
        assert cursor.rowcount == 7

    def pay(_page: int) -> None:
        money.pay(world.account, 50, now=datetime.now(UTC))

    rows = walked(world, f"{path}/deliveries?state=given_up", between=pay)
    assert (len({row["id"] for row in rows}), len(rows)) == (7, 7)
    assert {(row["status"], row["error"], row["account"]) for row in rows} == {(500, "answered 500", world.account)}
    assert world.call("GET", f"{path}/deliveries?type=run.failed").body["items"] == []
    one = f"{path}/deliveries/{rows[0]['id']}"
    assert world.call("GET", one).body["data"]["amount_minor"] == 106
    replayed = world.call("POST", f"{one}/replay", {})
    assert (replayed.status, replayed.body["state"], replayed.body["attempts"]) == (202, "waiting", 0)
    assert replayed.body["event"] == rows[0]["event"]
    assert world.call("POST", f"{one}/replay", {}).told == (404, "not_found")
    since = {"since": (datetime.now(UTC) - timedelta(hours=1)).isoformat()}
    assert world.call("POST", f"{path}/replays", since).body == {"count": 6}
    assert world.call("POST", f"{path}/replays", since).body == {"count": 0}
    assert world.call("POST", f"{path}/replays", {"since": "2026-01-01T00:00:00"}).told == (422, "invalid")
    assert world.call("GET", f"{path}/deliveries?state=given_up").body == {"items": [], "next": None}


def test_what_is_switched_off_is_told_nothing(world: World) -> None:
    path = f"/webhooks/{made(world)['id']}"
    told = world.call("POST", f"{path}/test", {}).body["id"]
    assert world.call("DELETE", path).status == 204
    off = world.call("GET", path).body
    assert off["enabled"] is False
    before = fingerprint()
    assert world.call("DELETE", path).status == 204
    for deed, body in (("test", {}), (f"deliveries/{told}/replay", {}), ("replays", {"since": "2026-01-01T00:00:00Z"})):
        assert world.call("POST", f"{path}/{deed}", body).told == (409, "endpoint_disabled")
    assert fingerprint() == before
    money.pay(world.account, 100, now=datetime.now(UTC))
    assert waiting() == 1
    assert world.call("PATCH", path, {"enabled": True}).body["enabled"] is True
    money.pay(world.account, 100, now=datetime.now(UTC))
    assert waiting() == 2


def test_foreign_endpoints_and_deliveries_are_not_found(world: World) -> None:
    path = f"/webhooks/{made(world)['id']}"
    theirs = world.theirs("POST", "/webhooks", {"url": URL}).body["id"]
    told = world.call("POST", f"{path}/test", {}).body["id"]
    before = fingerprint()
    for method, address, body in (
        ("GET", path, None),
        ("PATCH", path, {"url": OTHER}),
        ("DELETE", path, None),
        ("POST", f"{path}/secret", {}),
        ("POST", f"{path}/test", {}),
        ("GET", f"{path}/deliveries", None),
        ("GET", f"{path}/deliveries/{told}", None),
        ("POST", f"{path}/deliveries/{told}/replay", {}),
        ("GET", f"/webhooks/{theirs}/deliveries/{told}", None),
        ("POST", f"/webhooks/{theirs}/deliveries/{told}/replay", {}),
        ("POST", f"{path}/replays", {"since": "2026-01-01T00:00:00Z"}),
    ):
        assert world.theirs(method, address, body).told == (404, "not_found"), address
    assert fingerprint() == before
    reader = Caller(key_of(world.seller, ["webhook.view"]))
    assert reader("GET", path).status == 200
    assert reader("PATCH", path, {"enabled": False}).told == (403, "forbidden")


def test_endpoints_come_once_while_others_are_made(world: World) -> None:
    there = {made(world)["id"] for _each in range(7)}
    rows = walked(world, "/webhooks", between=lambda _page: made(world))
    assert (len(rows), {row["id"] for row in rows}) == (7, there)


@pytest.mark.parametrize("name", ["state", "type", "limit", "after"])
def test_no_filter_of_deliveries_is_part_of_a_statement(world: World, name: str) -> None:
    path = f"/webhooks/{made(world)['id']}/deliveries"
    world.call("POST", path.replace("deliveries", "test"), {})
    before = fingerprint()
    for text in HOSTILE:
        assert world.call("GET", f"{path}?{name}={quote(text)}").status == 422, text
    assert fingerprint() == before

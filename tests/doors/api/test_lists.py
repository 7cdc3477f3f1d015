"""Lists: every row exactly once while others come, and nothing that is asked is ever part of a statement."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import quote
from uuid import uuid4

import pytest
from django.db import connection
from django.utils import timezone

from abono.features.billing import money
from tests.features.worlds import account

from .houses import fingerprint

if TYPE_CHECKING:
    from collections.abc import Callable

    from .conftest import World

pytestmark = pytest.mark.django_db(transaction=True)


def walked(world: World, path: str, *, between: Callable[[int], object], limit: int = 3) -> list[dict[str, Any]]:
    """All rows of a list, page by page by the header that leads on; something happens between the pages."""
    rows: list[dict[str, Any]] = []
    link = f"{path}{'&' if '?' in path else '?'}limit={limit}"
    for page in range(100):
        answer = world.call("GET", link)
        assert answer.status == 200, answer.content
        rows += answer.body["items"]
        assert len(answer.body["items"]) <= limit
        if answer.body["next"] is None:
            assert "Link" not in answer.headers
            return rows
        address, _, rest = answer.headers["Link"].partition(">")
        assert (rest, address[:8]) == ('; rel="next"', "</api/v1")
        link = address.removeprefix("</api/v1")
        between(page)
    raise AssertionError("the list does not end")


def test_accounts_come_once_while_others_are_opened(world: World) -> None:
    there = {account(world.seller, number=f"A{number:03}") for number in range(10)} | {world.account}
    rows = walked(world, "/accounts", between=lambda page: account(world.seller, number=f"A{page:03}x"))
    ids = [row["id"] for row in rows]
    assert (len(ids), there <= set(ids)) == (len(set(ids)), True)


def test_searches_come_once_while_others_are_opened(world: World) -> None:
    there = {account(world.seller, number=f"B{number:03}") for number in range(10)}
    rows = walked(world, "/accounts?search=B", between=lambda page: account(world.seller, number=f"B{page:03}x"))
    ids = [row["id"] for row in rows]
    assert (len(ids), there <= set(ids)) == (len(set(ids)), True)


@pytest.mark.parametrize("path", ["statement", "timeline", "notices"])
def test_what_happened_comes_once_while_more_happens(world: World, path: str) -> None:
    def pay(_page: int) -> None:
        money.pay(world.account, 100, now=timezone.now())

    for number in range(10):
        pay(number)
    before = world.call("GET", f"/accounts/{world.account}/{path}?limit=200").body["items"]
    rows = walked(world, f"/accounts/{world.account}/{path}", between=pay)
    assert [row["id"] for row in rows] == [row["id"] for row in before]


def test_the_trail_and_subscriptions_come_once(world: World) -> None:
    for number in range(7):
        world.call("POST", f"/accounts/{world.account}/subscriptions", {"plan": "line", "unit": f"U{number}"})

    def order(page: int) -> None:
        world.call("POST", f"/accounts/{world.account}/subscriptions", {"plan": "line", "unit": f"X{page}"})

    units = [row["unit"] for row in walked(world, "/subscriptions", between=order)]
    assert units == [f"U{number}" for number in reversed(range(7))]
    ids = [row["id"] for row in walked(world, "/audit?action=subscription", between=order)]
    assert len(ids) == len(set(ids))


def test_invitations_come_once_while_others_are_sent(world: World) -> None:
    def invite(name: str) -> None:
        asked = {"email": f"{name}@example.com", "kind": "staff", "role": "auditor"}
        assert world.call("POST", "/invitations", asked).status == 201

    for number in range(7):
        invite(f"there-{number}")
    rows = walked(world, "/invitations", between=lambda page: invite(f"later-{page}"))
    assert [row["email"] for row in rows] == [f"there-{number}@example.com" for number in reversed(range(7))]


def test_the_catalogue_comes_once_while_it_grows(world: World) -> None:
    house = f"/operators/{world.seller.id}"

    def describe(*names: str) -> None:
        services = {name: {"kind": "onoff"} for name in names}
        plans = {name: {"price": "1", "period": "month", "services": {name: {}}} for name in names}
        assert world.call("PUT", f"{house}/catalogue", {"services": services, "plans": plans}).status == 200

    describe(*(f"b{number}" for number in range(7)))
    for path in ("/plans", "/services", f"/plans?operator={world.seller.id}"):
        rows = walked(world, path, between=lambda page: describe(f"a{page}"))
        codes = [row["code"] for row in rows if row["operator"] == world.seller.id]
        assert [code for code in codes if code[0] == "b"] == [f"b{number}" for number in range(7)]
        assert len(codes) == len(set(codes))


def test_prices_come_once_while_another_is_set(world: World) -> None:
    path = f"/operators/{world.seller.id}/plans/line/prices"
    today = datetime.now(UTC).date()

    def price(days: int) -> None:
        body = {"price": "12", "valid_from": str(today + timedelta(days=days))}
        assert world.call("POST", path, body).status == 201

    for days in range(10, 17):
        price(days)
    rows = walked(world, path, between=lambda page: price(100 + page))
    assert [row["valid_from"] for row in rows] == [
        *(str(today + timedelta(days=days)) for days in reversed(range(10, 17))), "0001-01-01",
    ]  # fmt: skip


def test_keys_notes_and_subscriptions_of_an_account_come_once(world: World) -> None:
    account_ = f"/accounts/{world.account}"

    def key(name: str) -> None:
        assert world.call("POST", "/keys", {"name": name, "rights": ["plan.view"]}).status == 201

    def note(text: str) -> None:
        assert world.call("POST", f"{account_}/notes", {"text": text}).status == 201

    def order(unit: str) -> None:
        body = {"plan": "line", "unit": unit}
        assert world.call("POST", f"{account_}/subscriptions", body).status == 201

    for number in range(7):
        key(f"there-{number}")
        note(f"there-{number}")
        order(f"there-{number}")
    there = [f"there-{number}" for number in range(7)]
    keys = [row["name"] for row in walked(world, "/keys", between=lambda page: key(f"later-{page}"))]
    assert [name for name in keys if name.startswith(("there", "later"))] == there[::-1]
    notes = walked(world, f"{account_}/notes", between=lambda page: note(f"later-{page}"))
    assert [row["text"] for row in notes] == there[::-1]
    first = world.call("GET", f"{account_}/subscriptions?limit=1").body["items"][0]
    world.call("POST", f"{account_}/subscriptions/{first['id']}/cancel", {"when": "now"})
    rows = walked(world, f"{account_}/subscriptions", between=lambda page: order(f"later-{page}"))
    units = [row["unit"] for row in rows]
    assert (len(units), units[:6], units[-1]) == (len(set(units)), there[1:], there[0])
    assert rows[-1]["state"] == "ended"
    upcoming = walked(world, f"{account_}/upcoming", between=lambda _page: None)
    assert len(upcoming) == len(rows) - 1
    assert upcoming == sorted(upcoming, key=lambda row: (row["on"], row["subscription"]))


def test_operators_and_moves_come_once_while_others_are_added(world: World) -> None:
    def add(code: str, below: int) -> int:
        answer = world.call("POST", "/operators", {"code": code, "name": code, "parent": below})
        assert answer.status == 201, answer.content
        return int(answer.body["id"])

    mark = uuid4().hex[:8]
    top = add(f"{mark}-m", world.seller.id)
    there = [add(f"{mark}-{number}", top) for number in range(7)]
    below = add(f"{mark}-under", there[2])
    rows = walked(world, "/operators", between=lambda page: add(f"{mark}-a{page}", world.seller.id))
    ids = [row["id"] for row in rows]
    assert len(ids) == len(set(ids))
    assert [each for each in ids if each in {top, below, *there}] == [top, *there[:3], below, *there[3:]]
    today = datetime.now(UTC).date()

    def move(days: int) -> None:
        body = {"parent": there[1], "valid_from": str(today + timedelta(days=days))}
        assert world.call("POST", f"/operators/{there[0]}/moves", body).status == 201

    for days in range(10, 17):
        move(days)
    moves = walked(world, f"/operators/{there[0]}/moves", between=lambda page: move(100 + page))
    assert [row["valid_from"] for row in moves] == [str(today + timedelta(days=days)) for days in range(16, 9, -1)]


def test_offers_come_once_while_one_ends(world: World) -> None:
    low = world.call("POST", "/operators", {"code": f"low-{uuid4().hex[:8]}", "name": "Low"}).body["id"]
    path = f"/operators/{low}/offers"
    names = [f"o{number}" for number in range(7)]
    plans = {name: {"price": "1", "period": "month", "services": {}} for name in names}
    assert world.call("PUT", f"/operators/{world.seller.id}/catalogue", {"plans": plans}).status == 200
    for name in names:
        assert world.call("POST", path, {"plan": name}).status == 201
    first = world.call("GET", f"{path}?limit=1").body["items"][0]
    assert world.call("DELETE", f"{path}/{first['id']}").status == 204
    rows = walked(world, path, between=lambda _page: None)
    assert [row["plan"] for row in rows] == [*names[1:], names[0]]
    assert [row["ended_at"] is None for row in rows] == [*[True] * 6, False]


def test_failures_of_a_run_come_once(world: World) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO billing_run (until, operator_id, started_at, finished_at) VALUES (now(), %s, now(), now())"
            " RETURNING id",
            [world.seller.id],
        )
        (run,) = cursor.fetchone()
        cursor.execute(
            "INSERT INTO billing_slice (run_id, operator_id, first, last, accounts, state, attempts, error)"
            " SELECT %s, %s, n, n, 1, 'failed', 3, 'test' FROM generate_series(1, 7) AS n",
            [run, world.seller.id],
        )
    rows = walked(world, f"/runs/{run}/failures", between=lambda _page: None)
    assert [row["first"] for row in rows] == list(range(1, 8))


PAGED = (
    *("/keys", "/services", "/plans", "/operators", "/operators/{seller}/moves", "/operators/{seller}/offers"),
    *("/operators/{seller}/plans/line/prices", "/accounts/{account}/notes", "/accounts/{account}/subscriptions"),
    *("/accounts/{account}/upcoming", "/accounts/{account}/unlocks"),
)


@pytest.mark.parametrize("path", PAGED)
def test_a_list_is_told_as_csv_and_refuses_a_damaged_cursor(world: World, path: str) -> None:
    address = path.format(seller=world.seller.id, account=world.account)
    shown = world.call("GET", address)
    assert set(shown.body) == {"items", "next"}
    lines = world.call("GET", address, Accept="text/csv").content.decode().splitlines()
    assert len(lines) == len(shown.body["items"]) + 1
    for after in ("x", "WyJ4Il0", "W10", "WyIwIiwiMCIsIiIsIjAiLCIwIl0"):
        answer = world.call("GET", f"{address}?after={after}")
        assert (answer.told, answer.body["field"]) == ((422, "invalid"), "after")
    assert world.call("GET", f"{address}?limit=0").told == (422, "out_of_range")


HOSTILE = [
    "' OR 1=1 --",
    "'; DROP TABLE ledger_account; --",
    "%' OR '%'='",
    "\\",
    "%",
    "_",
    "%(account)s",
    "%s",
    "$1",
    "\x00",
    "\U0001f4a9",
    "1; SELECT pg_sleep(10)",
    "{}",
    "null",
]
FILTERS = {
    "/accounts": ("search", "number", "operator", "state", "limit", "after"),
    "/subscriptions": ("search", "state", "plan", "operator", "limit", "after"),
    "/audit": ("actor", "action", "subject", "since", "until", "limit", "after"),
    "/people": ("search", "kind", "role", "limit", "after"),
    "/runs": ("limit", "after"),
    "/payments": ("kind", "since", "until", "limit", "after"),
    "/plans": ("operator", "limit", "after"),
    "/services": ("operator", "limit", "after"),
    "/keys": ("limit", "after"),
    "/operators": ("limit", "after"),
    "/forecast": ("operator", "days"),
    "/webhooks": ("limit", "after"),
    "/invitations": ("limit", "after"),
    "/accounts/{account}/statement": ("since", "until", "limit", "after"),
    "/accounts/{account}/timeline": ("limit", "after"),
    "/accounts/{account}/notices": ("limit", "after"),
    "/accounts/{account}/outlook": ("days",),
    "/accounts/{account}/notes": ("limit", "after"),
    "/accounts/{account}/subscriptions": ("limit", "after"),
    "/accounts/{account}/upcoming": ("limit", "after"),
}


@pytest.mark.parametrize("path", FILTERS)
def test_no_filter_is_ever_part_of_a_statement(world: World, path: str) -> None:
    before = fingerprint()
    for name in FILTERS[path]:
        for text in HOSTILE:
            answer = world.call("GET", f"{path.format(account=world.account)}?{name}={quote(text)}")
            assert answer.status in {200, 422}, (name, text, answer.content)
            if answer.status == 200 and name != "search":
                assert answer.body["items"] == [], (name, text)
            assert b"300400" not in answer.content
    assert fingerprint() == before


@pytest.mark.parametrize(
    "after", ["x", "e30", "WyJ4Il0", "WzFd", "-" * 500, "W10", "bnVsbA", "WyIwIiwiMCIsIiIsIjAiLCIwIl0"]
)
@pytest.mark.parametrize("path", ["/accounts", "/accounts?search=a", "/subscriptions", "/audit", "/runs", "/people"])
def test_a_damaged_cursor_is_refused(world: World, path: str, after: str) -> None:
    answer = world.call("GET", f"{path}{'&' if '?' in path else '?'}after={after}")
    assert answer.status in {200, 422}, answer.content
    if answer.status == 422:
        assert answer.body["field"] == "after"


def test_limits_of_pages(world: World) -> None:
    for limit, code in (("0", "out_of_range"), ("201", "out_of_range"), ("x", "invalid"), ("-1", "out_of_range")):
        assert world.call("GET", f"/accounts?limit={limit}").told == (422, code)
    assert world.call("GET", "/accounts?limit=1&limit=2").told == (422, "invalid")
    assert world.call("GET", "/accounts?limt=1").told == (422, "unknown_field")

"""Lists: every row exactly once while others come, and nothing that is asked is ever part of a statement."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest
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
    "/plans": ("operator",),
    "/services": ("operator",),
    "/forecast": ("operator", "days"),
    "/webhooks": ("limit", "after"),
    "/invitations": ("limit", "after"),
    "/accounts/{account}/statement": ("since", "until", "limit", "after"),
    "/accounts/{account}/timeline": ("limit", "after"),
    "/accounts/{account}/notices": ("limit", "after"),
    "/accounts/{account}/outlook": ("days",),
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
        assert answer.body["field"] in {"after", "cursor"}


def test_limits_of_pages(world: World) -> None:
    for limit, code in (("0", "out_of_range"), ("201", "out_of_range"), ("x", "invalid"), ("-1", "out_of_range")):
        assert world.call("GET", f"/accounts?limit={limit}").told == (422, code)
    assert world.call("GET", "/accounts?limit=1&limit=2").told == (422, "invalid")
    assert world.call("GET", "/accounts?limt=1").told == (422, "unknown_field")

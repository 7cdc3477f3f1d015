"""Accounts and their money: found, opened, changed; exact balances after every call."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

import pytest
from django.utils import timezone

from abono.features.billing.queries import accounts_now

from .conftest import Caller, key_of

if TYPE_CHECKING:
    from .conftest import World

pytestmark = pytest.mark.django_db(transaction=True)


def test_an_account_is_opened_found_and_changed(world: World) -> None:
    made = world.call("POST", "/accounts", {"number": "N-1", "name": "Ivanov & Sons", "locale": "de"})
    account = made.body["id"]
    assert (made.status, made.headers["Location"]) == (201, f"/api/v1/accounts/{account}")
    assert {name: made.body[name] for name in ("operator", "number", "name", "locale", "currency", "balance")} == {
        "operator": world.seller.id,
        "number": "N-1",
        "name": "Ivanov & Sons",
        "locale": "de",
        "currency": "EUR",
        "balance": "0.00",
    }
    assert world.call("GET", f"/accounts/{account}").body == made.body
    found = world.call("GET", "/accounts?search=ivan").body["items"]
    assert [each["id"] for each in found] == [account]
    assert world.call("GET", "/accounts?number=N-1").body["items"] == found
    changed = world.call("PATCH", f"/accounts/{account}", {"name": "Ivanov"})
    assert (changed.status, changed.body["name"], changed.body["locale"]) == (200, "Ivanov", "de")
    assert world.call("POST", "/accounts", {"number": "N-1"}).told == (409, "duplicate_number")


def test_the_next_number_is_given_where_none_is(world: World) -> None:
    assert world.call("POST", "/accounts", {}).body["number"] == "100201"


def test_credit_needs_the_right_to_adjust(world: World) -> None:
    clerk = Caller(key_of(world.seller, ["account.create", "account.change"]))
    assert clerk("POST", "/accounts", {"credit_limit": "0.01"}).told == (403, "forbidden")
    assert clerk("POST", "/accounts", {"number": "N-2"}).status == 201


@pytest.mark.parametrize(
    ("body", "told", "field"),
    [
        ({"nmae": "x"}, (422, "unknown_field"), "nmae"),
        ({"number": "x" * 41}, (422, "out_of_range"), "number"),
        ({"number": " x"}, (422, "invalid"), "number"),
        ({"number": "a\u0000b"}, (422, "invalid"), "number"),
        ({"name": "\ud800"}, (422, "invalid"), "name"),
        ({"currency": "XXX"}, (422, "invalid"), "currency"),
        ({"currency": "JPY", "credit_limit": "1.5"}, (422, "invalid"), "credit_limit"),
        ({"credit_limit": "-1"}, (422, "invalid"), "credit_limit"),
        ({"credit_limit": 1}, (422, "invalid"), "credit_limit"),
        ({"operator": 2**62}, (404, "not_found"), None),
        ({"manager": 2**62}, (422, "invalid"), "manager"),
    ],
)
def test_what_an_account_cannot_be(world: World, body: dict[str, object], told: tuple[int, str], field: str) -> None:
    answer = world.call("POST", "/accounts", body)
    assert (answer.told, answer.body.get("field")) == (told, field)


def test_balances_are_exact_after_every_call(world: World) -> None:
    path = f"/accounts/{world.account}"
    paid = world.call("POST", f"{path}/payments", {"amount": "12.34", "text": "Bank"})
    assert (paid.status, paid.body["balance"], paid.body["available"]) == (201, "112.34", "112.34")
    assert world.call("POST", f"{path}/refunds", {"amount": "2.34"}).body["balance"] == "110.00"
    assert world.call("POST", f"{path}/adjustments", {"amount": "-120.00"}).body["balance"] == "-10.00"
    limit = world.call("PUT", f"{path}/credit-limit", {"amount": "25.00"})
    assert (limit.status, limit.body["available"], limit.body["credit_limit"]) == (200, "15.00", "25.00")
    promised = world.call("POST", f"{path}/promises", {"amount": "5.00", "days": 3, "fee": "1.00"})
    assert (promised.status, promised.body["balance"], promised.body["available"]) == (201, "-11.00", "19.00")
    again = world.call("POST", f"{path}/promises", {"amount": "5.00", "days": 3})
    assert again.told == (409, "grant_active")
    refused = world.call("POST", f"{path}/refunds", {"amount": "1.00"})
    assert (refused.told, refused.body["short_by"]) == ((402, "insufficient_funds"), "12.00")
    assert refused.body["currency"] == "EUR"
    assert refused.body["detail"] == "The account is short by 12.00 EUR; let it be topped up and ask again."
    assert world.call("GET", f"{path}/balance").body == {
        "currency": "EUR",
        "balance": "-11.00",
        "credit_limit": "25.00",
        "granted": "5.00",
        "held": "0.00",
        "available": "19.00",
    }
    entries = world.call("GET", f"{path}/statement").body["items"]
    assert [(each["kind"], each["amount"], each["balance"]) for each in entries] == [
        ("fee", "-1.00", "-11.00"),
        ("adjustment", "-120.00", "-10.00"),
        ("refund", "-2.34", "110.00"),
        ("payment", "12.34", "112.34"),
        ("adjustment", "100.00", "100.00"),
    ]
    listed = world.call("GET", "/payments?kind=refund").body["items"]
    assert [(each["account"], each["number"], each["amount"]) for each in listed] == [
        (world.account, "100200", "-2.34")
    ]
    assert len(world.call("GET", "/payments").body["items"]) == 4
    assert len(world.theirs("GET", "/payments").body["items"]) == 1
    assert accounts_now([world.account], timezone.now())[world.account]["balance"] == -1_100


@pytest.mark.parametrize(
    ("path", "body", "code"),
    [
        ("payments", {"amount": "0"}, "out_of_range"),
        ("payments", {"amount": "1.001"}, "invalid"),
        ("payments", {"amount": "1e3"}, "invalid"),
        ("payments", {"amount": "-1"}, "invalid"),
        ("payments", {"amount": 1}, "invalid"),
        ("payments", {"amount": "999999999999999"}, "out_of_range"),
        ("payments", {"amount": "1", "text": "x" * 201}, "out_of_range"),
        ("payments", {"amount": "1", "key": "x"}, "unknown_field"),
        ("payments", {}, "required"),
        ("adjustments", {"amount": "0"}, "out_of_range"),
        ("promises", {"amount": "1", "days": 0}, "out_of_range"),
        ("promises", {"amount": "1", "days": "3"}, "invalid"),
        ("promises", {"amount": "1", "days": True}, "invalid"),
    ],
)
def test_amounts_that_are_refused_move_nothing(world: World, path: str, body: dict[str, object], code: str) -> None:
    answer = world.call("POST", f"/accounts/{world.account}/{path}", body)
    assert answer.told == (422, code)
    assert world.call("GET", f"/accounts/{world.account}/balance").body["balance"] == "100.00"


def test_a_foreign_account_is_not_there(world: World) -> None:
    path = f"/accounts/{world.foreign}"
    for method, rest, body in (
        ("GET", "", None),
        ("PATCH", "", {"name": "mine"}),
        ("POST", "/payments", {"amount": "1.00"}),
        ("PUT", "/credit-limit", {"amount": "1.00"}),
        ("GET", "/statement", None),
        ("GET", "/timeline", None),
        ("GET", "/notes", None),
    ):
        assert world.call(method, path + rest, body).told == (404, "not_found")
    assert world.call("GET", "/accounts?number=300400").body["items"] == []
    assert [each["id"] for each in world.call("GET", "/accounts").body["items"]] == [world.account]
    assert world.theirs("GET", f"{path}/balance").body["balance"] == "100.00"


def test_notes_are_written_and_struck_out(world: World) -> None:
    path = f"/accounts/{world.account}/notes"
    written = world.call("POST", path, {"text": "Calls back.\nOn Monday."})
    (note,) = written.body["items"]
    assert (written.status, note["text"], note["author"]) == (201, "Calls back.\nOn Monday.", "Shop")
    assert world.call("DELETE", f"{path}/{note['id']}").status == 204
    assert world.call("DELETE", f"{path}/{note['id']}").told == (404, "not_found")
    assert world.call("GET", path).body["items"] == []


def test_csv_is_a_table_that_no_spreadsheet_takes_for_formulas(world: World) -> None:
    evil = ["=cmd|'/C calc'!A0", "+1+1", "@SUM(A1)", "-2+3", "\t=1"[1:], 'a,"b" c', "Ann;=1+1"]
    for place, name in enumerate(evil):
        world.call("POST", "/accounts", {"number": f"E{place}", "name": name})
    world.call("POST", f"/accounts/{world.account}/adjustments", {"amount": "-110.00"})
    answer = world.call("GET", "/accounts", Accept="text/csv")
    assert (answer.status, answer.headers["Content-Type"]) == (200, "text/csv; charset=utf-8; header=present")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="accounts.csv"'
    rows = list(csv.DictReader(io.StringIO(answer.content.decode(), newline="")))
    assert {row["name"] for row in rows} == {
        "",
        "'=cmd|'/C calc'!A0",
        "'+1+1",
        "'@SUM(A1)",
        "'-2+3",
        "'=1",
        'a,"b" c',
        "Ann;'=1+1",
    }
    assert {row["balance"] for row in rows} == {"-10.00", "0.00"}
    statement = world.call(
        "GET", f"/accounts/{world.account}/statement", Accept="text/csv;q=0.9, application/json;q=0.1"
    )
    assert statement.content.decode().splitlines()[0].startswith("id,booked_on,booked_at,kind,amount,balance,currency")
    assert world.call("GET", "/accounts", Accept="*/*").headers["Content-Type"] == "application/json"

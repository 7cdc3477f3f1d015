"""``Idempotency-Key``: once, whatever is repeated, and whoever calls at the same moment."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import TYPE_CHECKING

import httpx
import pytest
from django.db import ProgrammingError, connection
from django.utils import timezone

from abono.base.wall import wall
from abono.interfaces.api.once import forget

from .conftest import Caller, key_of

if TYPE_CHECKING:
    from pytest_django.live_server_helper import LiveServer

    from .conftest import World

pytestmark = pytest.mark.django_db(transaction=True)


def balance(world: World) -> str:
    """What the account has."""
    told: str = world.call("GET", f"/accounts/{world.account}/balance").body["balance"]
    return told


def entries(account: int) -> int:
    """How many entries an account has."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM ledger_entry WHERE account_id = %s", [account])
        return int(cursor.fetchone()[0])


def test_the_same_call_again_gets_the_first_answer_again(world: World) -> None:
    path = f"/accounts/{world.account}/payments"
    first = world.call("POST", path, {"amount": "5.00", "text": "a"}, Idempotency_Key="order-17")
    world.call("POST", path, {"amount": "1.00"})
    again = world.call("POST", path, b' {"text":"a",  "amount":"5.00"}', Idempotency_Key="order-17")
    assert (again.status, again.content) == (first.status, first.content)
    assert ("Idempotent-Replayed" in first.headers, again.headers["Idempotent-Replayed"]) == (False, "true")
    assert (balance(world), entries(world.account)) == ("106.00", 3)


def test_the_key_for_something_else_is_refused(world: World) -> None:
    path = f"/accounts/{world.account}/payments"
    world.call("POST", path, {"amount": "5.00"}, Idempotency_Key="k")
    for other, body in ((path, {"amount": "5.01"}), (path.replace("payments", "refunds"), {"amount": "5.00"})):
        answer = world.call("POST", other, body, Idempotency_Key="k")
        assert (answer.told, answer.body["field"]) == ((409, "key_conflict"), "Idempotency-Key")
    assert balance(world) == "105.00"


def test_another_api_key_of_the_house_books_it_no_second_time(world: World) -> None:
    path, other = f"/accounts/{world.account}/payments", Caller(key_of(world.seller))
    first = world.call("POST", path, {"amount": "5.00"}, Idempotency_Key="k")
    again = other("POST", path, {"amount": "5.00"}, Idempotency_Key="k")
    assert (again.status, again.body["entry"]) == (201, first.body["entry"])
    assert other("POST", path, {"amount": "6.00"}, Idempotency_Key="k").status == 409
    assert balance(world) == "105.00"


def test_a_refusal_is_not_kept(world: World) -> None:
    path = f"/accounts/{world.account}/subscriptions"
    order = {"plan": "line", "quantity": "11"}
    assert world.call("POST", path, order, Idempotency_Key="k").told == (402, "insufficient_funds")
    world.call("POST", f"/accounts/{world.account}/payments", {"amount": "10.00"})
    assert world.call("POST", path, order, Idempotency_Key="k").status == 201
    assert balance(world) == "0.00"


@pytest.mark.parametrize("key", ["", " ", "a b", "x" * 101, "\u00e4", "D1,D1", "a;b", '"a"', "a\\"])
def test_keys_that_are_none(world: World, key: str) -> None:
    answer = world.call("POST", f"/accounts/{world.account}/payments", {"amount": "1.00"}, Idempotency_Key=key)
    assert (answer.told, answer.body["field"]) == ((422, "invalid"), "Idempotency-Key")
    assert balance(world) == "100.00"


def test_every_post_that_writes_keeps_its_answer(world: World) -> None:
    for path, body in (
        ("/accounts", {"number": "N-1"}),
        (f"/accounts/{world.account}/notes", {"text": "once"}),
        ("/operators", {"code": "once-1", "name": "Once"}),
        ("/runs", {}),
    ):
        first = world.call("POST", path, body, Idempotency_Key=path)
        again = world.call("POST", path, body, Idempotency_Key=path)
        assert (again.status, again.content) == (first.status, first.content)
        assert again.headers.get("Location") == first.headers.get("Location")
        assert again.headers["Idempotent-Replayed"] == "true"


def test_answers_are_forgotten_after_two_days(world: World) -> None:
    world.call("POST", "/accounts", {"number": "N-1"}, Idempotency_Key="k")
    assert forget(timezone.now() + timedelta(hours=47)) == 0
    assert forget(timezone.now() + timedelta(hours=49)) == 1


def test_of_two_at_the_same_moment_one_works_and_both_get_its_answer(world: World, live_server: LiveServer) -> None:
    """Eight connections at once, two keys: each order is done once."""
    answers: list[httpx.Response] = []
    start = threading.Barrier(8)

    def call(key: str) -> None:
        with httpx.Client(base_url=live_server.url, timeout=60) as client:
            start.wait()
            answers.append(
                client.post(
                    f"/api/v1/accounts/{world.account}/payments",
                    json={"amount": "7.00"},
                    headers={"Authorization": f"Bearer {world.call.secret}", "Idempotency-Key": key},
                )
            )

    threads = [threading.Thread(target=call, args=(f"key-{number % 2}",)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [each.status_code for each in answers] == [201] * 8
    assert len({each.json()["entry"] for each in answers}) == 2
    assert [each.headers.get("Idempotent-Replayed") for each in answers].count("true") == 6
    assert (balance(world), entries(world.account)) == ("114.00", 3)


def test_a_header_that_comes_twice_books_nothing(world: World, live_server: LiveServer) -> None:
    headers = [("Authorization", f"Bearer {world.call.secret}"), ("Content-Type", "application/json")]
    path = f"/api/v1/accounts/{world.account}/payments"
    with httpx.Client(base_url=live_server.url, timeout=60) as client:
        for again, status in ((("Idempotency-Key", "D1"), 422), (headers[0], 401)):
            sent = [*headers, ("Idempotency-Key", "D1"), again]
            assert client.post(path, content=b'{"amount": "7.00"}', headers=sent).status_code == status
    assert (balance(world), entries(world.account)) == ("100.00", 1)


def test_an_answer_is_behind_the_wall_of_the_key_that_asked(world: World) -> None:
    path = f"/accounts/{world.account}/payments"
    world.call("POST", path, {"amount": "5.00"}, Idempotency_Key="order-17")
    own, other = (Caller(key_of(world.seller))("GET", "/me").body["key"] for _ in range(2))
    first = world.call("GET", "/me").body["key"]
    for key, seen in ((first, 1), (own, 0), (other, 0)):
        with wall([world.seller.id], key=key), connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM api_reply")
            assert cursor.fetchone() == (seen,)
            cursor.execute("DELETE FROM api_reply WHERE owner <> %s", [key])
            assert cursor.rowcount == 0
            for forbidden in (
                f"INSERT INTO api_reply (owner, key, request, kept_at) VALUES ({key + 1_000}, 'k', '', now())",
                "SELECT count(*) FROM api_bucket",
            ):
                with pytest.raises(ProgrammingError):
                    cursor.execute(forbidden)

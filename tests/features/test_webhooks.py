"""Webhooks: told once, in the transaction that did it, signed, repeated until heard; to public addresses only."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from django.db import connection, transaction
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from abono.base.outgoing.addresses import PrivateAddress, public_addresses
from abono.base.refusal import InvalidRequest, Refusal
from abono.features.access.people import Forbidden, NotFound, Person
from abono.features.access.rights import RIGHTS, Kind
from abono.features.accounts.operations import open_account
from abono.features.billing import money, orders
from abono.features.billing.runs import advance
from abono.features.operators.queries import Operator, subtree
from abono.features.webhooks import operations as webhooks
from abono.features.webhooks.delivering import deliver
from abono.features.webhooks.queries import list_deliveries, list_endpoints, secret_of
from tests.features.worlds import operator as make_operator

pytestmark = pytest.mark.django_db(transaction=True)

START = datetime(2026, 1, 1, 8, tzinfo=UTC)
BOUNDARY = datetime(2026, 2, 1, 12, tzinfo=UTC)


@dataclass
class Listener:
    """A program that is told; it answers with ``status`` and keeps what it heard."""

    url: str
    status: int = 204
    heard: list[tuple[dict[str, str], str]] = field(default_factory=list)

    @property
    def types(self) -> list[str]:
        return sorted(json.loads(body)["type"] for _headers, body in self.heard)


@pytest.fixture
def listener(monkeypatch: pytest.MonkeyPatch) -> Iterator[Listener]:
    """A real HTTP server on this machine, which is allowed as an operator's own network is."""
    monkeypatch.setenv("ABONO_WEBHOOK_PRIVATE", "1")
    with serving() as found:
        yield found


@contextmanager
def serving() -> Iterator[Listener]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"])).decode()
            found.heard.append(({name.lower(): value for name, value in self.headers.items()}, body))
            self.send_response(found.status)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_args: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        request_queue_size = 128  # many deliveries come at once

    server = Server(("127.0.0.1", 0), Handler)
    found = Listener(f"http://127.0.0.1:{server.server_port}/hook?from=abono")
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield found
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def boss(operator: Operator, *rights: str) -> Person:
    return Person(
        name="Boss",
        email="boss@example.com",
        kind=Kind.STAFF,
        role=None,
        rights=frozenset(rights or RIGHTS),
        operator=operator.id,
        operators=tuple(subtree(operator.id)),
    )


def opened(operator: Operator, number: str = "1") -> int:
    with transaction.atomic():
        return open_account(operator, number, now=START)


def rows(table: str) -> list[dict[str, Any]]:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT * FROM {table}")
        names = [column.name for column in cursor.description or ()]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def test_what_happens_is_told_once_and_signed(listener: Listener) -> None:
    operator = make_operator()
    endpoint = webhooks.add_endpoint(boss(operator), operator.id, listener.url, [], now=START).id
    account = opened(operator)
    money.pay(account, 1500, now=START)
    orders.subscribe(account, "line", now=START)
    while deliver(START + timedelta(seconds=1)):
        pass
    assert listener.types == ["account.opened", "charge.made", "payment.received", "subscription.started"]
    secret = secret_of(boss(operator), endpoint)
    numbers = set()
    for headers, body in listener.heard:
        # The library refuses messages that are not of these minutes: only the signature is judged here.
        signed = Webhook(secret).sign(headers["webhook-id"], START + timedelta(seconds=1), body)
        assert headers["webhook-signature"] == signed
        numbers.add(headers["webhook-id"])
    assert len(numbers) == 4
    payment = next(json.loads(body) for _h, body in listener.heard if "payment.received" in body)
    assert payment["timestamp"] == "2026-01-01T08:00:00+00:00"
    assert {name: payment["data"][name] for name in ("account", "amount_minor", "currency", "on")} == {
        "account": "1", "amount_minor": 1500, "currency": "EUR", "on": "2026-01-01",
    }  # fmt: skip
    advance(BOUNDARY)
    while deliver(BOUNDARY):
        pass
    assert listener.types[-3:] == ["run.finished", "subscription.started", "subscription.suspended"]
    advance(BOUNDARY + timedelta(hours=1))
    assert deliver(BOUNDARY + timedelta(hours=1)) == 0


def test_a_receiver_of_today_can_check_the_signature(listener: Listener) -> None:
    operator = make_operator()
    endpoint = webhooks.add_endpoint(boss(operator), operator.id, listener.url, ["account.opened"], now=START).id
    opened(operator)
    deliver(datetime.now(UTC))
    ((headers, body),) = listener.heard
    assert Webhook(secret_of(boss(operator), endpoint)).verify(body, headers)["type"] == "account.opened"
    with pytest.raises(WebhookVerificationError):
        Webhook(secret_of(boss(operator), endpoint)).verify(body + " ", headers)


def test_nothing_is_told_of_what_was_refused_or_is_not_wanted(listener: Listener) -> None:
    operator = make_operator()
    account = opened(operator)
    webhooks.add_endpoint(boss(operator), operator.id, listener.url, ["payment.received"], now=START)
    with pytest.raises(Refusal):
        orders.subscribe(account, "line", now=START)
    assert rows("webhooks_event") == []
    money.adjust(account, 100, now=START)
    deliver(START)
    assert listener.heard == []
    money.pay(account, 100, now=START, key="once")
    money.pay(account, 100, now=START, key="once")
    deliver(START)
    assert listener.types == ["payment.received"]


def test_it_is_repeated_with_growing_pauses_and_given_up_after_a_day(listener: Listener) -> None:
    operator = make_operator()
    endpoint = webhooks.add_endpoint(boss(operator), operator.id, listener.url, ["account.opened"], now=START).id
    opened(operator)
    listener.status = 500
    now, waits = START, []
    while True:
        assert deliver(now) == 1
        (row,) = rows("webhooks_delivery")
        if row["state"] != "waiting":
            break
        assert deliver(row["due_at"] - timedelta(milliseconds=1)) == 0
        waits.append((row["due_at"] - now).total_seconds())
        now = row["due_at"]
    assert (row["state"], row["attempts"], row["status"], row["error"]) == ("given_up", 11, 500, "answered 500")
    for wait, planned in zip(waits, (5, 30, 120, 600, 1800, 3600, 7200, 14400, 28800, 28800), strict=True):
        assert 0.8 * planned <= wait <= 1.2 * planned
    assert len({headers["webhook-id"] for headers, _body in listener.heard}) == 1
    listener.status = 200
    (told,) = list_deliveries(boss(operator), endpoint).items
    webhooks.replay(boss(operator), endpoint, told.account_id, told.id, now=now)
    assert deliver(now) == 1
    (row,) = rows("webhooks_delivery")
    assert (row["state"], row["attempts"], row["due_at"]) == ("heard", 1, None)


def test_what_was_given_up_is_told_again_since_an_instant(listener: Listener) -> None:
    operator = make_operator()
    endpoint = webhooks.add_endpoint(boss(operator), operator.id, listener.url, ["account.opened"], now=START).id
    for number in ("1", "2", "3"):
        opened(operator, number)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE webhooks_delivery SET state = 'given_up', due_at = NULL")
        cursor.execute(
            "UPDATE webhooks_event SET at = %s WHERE payload ->> 'account' = '1'", [START - timedelta(hours=2)]
        )
    since = START - timedelta(hours=1)
    assert webhooks.replay_since(boss(operator), endpoint, since, now=START) == 2
    deliver(START)
    assert sorted(json.loads(body)["data"]["account"] for _headers, body in listener.heard) == ["2", "3"]


def test_a_new_secret_and_the_old_one_sign_together_for_a_day(listener: Listener) -> None:
    operator = make_operator()
    endpoint = webhooks.add_endpoint(boss(operator), operator.id, listener.url, ["account.opened"], now=START).id
    old = secret_of(boss(operator), endpoint)
    webhooks.rotate_secret(boss(operator), endpoint, now=START)
    new = secret_of(boss(operator), endpoint)
    assert new != old
    opened(operator, "1")
    deliver(START + timedelta(hours=23))
    opened(operator, "2")
    deliver(START + timedelta(hours=25))
    for (headers, body), hours, secrets in zip(listener.heard, (23, 25), ((new, old), (new,)), strict=True):
        at = START + timedelta(hours=hours)
        expected = " ".join(Webhook(secret).sign(headers["webhook-id"], at, body) for secret in secrets)
        assert headers["webhook-signature"] == expected


def test_two_workers_tell_each_event_once(listener: Listener) -> None:
    operator = make_operator()
    webhooks.add_endpoint(boss(operator), operator.id, listener.url, ["account.opened"], now=START)
    for number in range(60):
        opened(operator, str(number))

    def work() -> None:
        try:
            while deliver(START):
                pass
        finally:
            connection.close()

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert sorted(int(json.loads(body)["data"]["account"]) for _headers, body in listener.heard) == list(range(60))


def test_an_endpoint_that_is_off_hears_nothing_until_it_is_on_again(listener: Listener) -> None:
    operator = make_operator()
    endpoint = webhooks.add_endpoint(boss(operator), operator.id, listener.url, [], now=START).id
    webhooks.switch_endpoint(boss(operator), endpoint, enabled=False, now=START)
    opened(operator, "1")
    webhooks.switch_endpoint(boss(operator), endpoint, enabled=True, now=START)
    opened(operator, "2")
    deliver(START)
    assert [json.loads(body)["data"]["account"] for _headers, body in listener.heard] == ["2"]


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/", "http://localhost/", "https://10.1.2.3/", "https://192.168.0.1/", "https://172.16.0.1/",
        "http://169.254.169.254/latest/meta-data/", "http://[::1]/", "http://[::ffff:127.0.0.1]/", "http://0.0.0.0/",
        "http://[fd00::1]/", "http://[fe80::1]/", "http://2130706433/", "http://0x7f.1/", "http://no-such-host.invalid/",
    ],
)  # fmt: skip
def test_private_addresses_are_refused(url: str) -> None:
    operator = make_operator()
    with pytest.raises(PrivateAddress):
        webhooks.add_endpoint(boss(operator), operator.id, url, [], now=START)
    assert rows("webhooks_endpoint") == []


def test_a_name_that_leads_home_later_is_not_knocked_at(listener: Listener, monkeypatch: pytest.MonkeyPatch) -> None:
    operator = make_operator()
    webhooks.add_endpoint(boss(operator), operator.id, listener.url, ["account.opened"], now=START)
    opened(operator)
    monkeypatch.delenv("ABONO_WEBHOOK_PRIVATE")
    deliver(START)
    (row,) = rows("webhooks_delivery")
    assert (row["state"], row["status"], listener.heard) == ("waiting", None, [])
    assert "not an address of the public Internet" in row["error"]


def test_redirects_are_not_followed(listener: Listener) -> None:
    operator = make_operator()
    webhooks.add_endpoint(boss(operator), operator.id, listener.url, ["account.opened"], now=START)
    opened(operator)
    listener.status = 302
    deliver(START)
    (row,) = rows("webhooks_delivery")
    assert (row["state"], row["error"], len(listener.heard)) == ("waiting", "answered 302", 1)


def test_public_addresses_pass() -> None:
    assert public_addresses("93.184.216.34") == ["93.184.216.34"]


@pytest.mark.parametrize(
    ("url", "types", "field"),
    [
        ("ftp://example.com/", [], "url"),
        ("https://user:secret@93.184.216.34/", [], "url"),
        ("nonsense", [], "url"),
        ("https://93.184.216.34/", ["account.vanished"], "types"),
    ],
)
def test_bad_endpoints_are_refused(url: str, types: list[str], field: str) -> None:
    operator = make_operator()
    with pytest.raises(InvalidRequest) as refused:
        webhooks.add_endpoint(boss(operator), operator.id, url, types, now=START)
    assert refused.value.field == field
    assert rows("webhooks_endpoint") == []


def test_foreign_endpoints_are_not_found_and_rights_are_needed(listener: Listener) -> None:
    mine, other = make_operator(), make_operator()
    endpoint = webhooks.add_endpoint(boss(mine), mine.id, listener.url, [], now=START).id
    stranger, viewer = boss(other), boss(mine, "webhook.view")
    assert list_endpoints(stranger).items == []
    for act in (
        lambda: secret_of(stranger, endpoint),
        lambda: list_deliveries(stranger, endpoint),
        lambda: webhooks.rotate_secret(stranger, endpoint, now=START),
        lambda: webhooks.switch_endpoint(stranger, endpoint, enabled=False, now=START),
        lambda: webhooks.change_endpoint(stranger, endpoint, listener.url, [], now=START),
        lambda: webhooks.replay_since(stranger, endpoint, START, now=START),
        lambda: webhooks.add_endpoint(stranger, mine.id, listener.url, [], now=START),
    ):
        with pytest.raises(NotFound):
            act()
    with pytest.raises(Forbidden):
        secret_of(viewer, endpoint)
    with pytest.raises(Forbidden):
        webhooks.add_endpoint(viewer, mine.id, listener.url, [], now=START)
    (row,) = rows("webhooks_endpoint")
    assert (row["disabled_at"], row["old_secret"], row["types"]) == (None, "", [])

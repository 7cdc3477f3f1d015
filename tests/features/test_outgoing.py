"""Calls to strangers' servers end by their deadline, and nobody's slowness holds up anybody else."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from abono.base.outgoing.addresses import PrivateAddress, is_public, judge_url
from abono.base.outgoing.calls import Limits, Outcome, post
from abono.base.outgoing.dispatch import AT_ONCE, FOR_QUICK, PER_TENANT, Destination, dispatch
from abono.base.refusal import InvalidRequest
from abono.base.wall import wall
from abono.features.operators.operations import insert_operator
from abono.features.webhooks import operations as webhooks
from abono.features.webhooks.delivering import Deliveries, deliver, give_up_old
from tests.features.test_webhooks import START, Listener, boss, listener, opened, rows
from tests.features.worlds import operator as make_operator

if TYPE_CHECKING:
    from abono.features.operators.queries import Operator

__all__ = ["listener"]  # a fixture of that module

Talk = Callable[[socket.socket], object]
QUICK = Limits(seconds=1.0, connect=0.5)


@contextmanager
def speaking(talk: Talk) -> Iterator[str]:
    """A server that says to every caller what ``talk`` says; answers its address."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as server:

        def serve() -> None:
            with suppress(OSError):  # closed
                while True:
                    caller, _ = server.accept()
                    threading.Thread(target=answer, args=(caller,), daemon=True).start()

        def answer(caller: socket.socket) -> None:
            with caller, suppress(OSError):
                caller.recv(65_536)
                talk(caller)

        threading.Thread(target=serve, daemon=True).start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}/"


def silent(_caller: socket.socket) -> None:
    time.sleep(30)


def dripping_head(caller: socket.socket) -> None:
    for letter in "HTTP/1.1 200 OK\r\nx: " + "y" * 600:
        caller.sendall(letter.encode())
        time.sleep(0.1)


def dripping_body(caller: socket.socket) -> None:
    caller.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n")
    for _ in range(300):
        caller.sendall(b"a")
        time.sleep(0.1)


def endless(caller: socket.socket) -> None:
    caller.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
    while True:
        caller.sendall(b"a" * 65_536)


def compressed(caller: socket.socket) -> None:
    caller.sendall(b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 4\r\n\r\nnoise")


def nonsense(caller: socket.socket) -> None:
    caller.sendall(b"\x00\xff not HTTP at all\r\n\r\n")


@pytest.fixture(autouse=True)
def own_network(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ABONO_WEBHOOK_PRIVATE", "1")


@pytest.mark.parametrize(
    ("talk", "status", "error"),
    [
        (silent, None, "no complete answer within 1 seconds"),
        (dripping_head, None, "no complete answer within 1 seconds"),
        (dripping_body, None, "no complete answer within 1 seconds"),
        (endless, 200, ""),
        (compressed, 200, ""),
        (nonsense, None, "RemoteProtocolError"),
    ],
)
def test_a_call_ends_by_its_deadline_whatever_comes_back(talk: Talk, status: int | None, error: str) -> None:
    with speaking(talk) as url:
        began = time.monotonic()
        outcome = post(url, b"{}", {}, QUICK)
        assert time.monotonic() - began < 3
    assert outcome.status == status
    assert outcome.error.startswith(error)
    assert bool(outcome.error) == bool(error)
    assert len(outcome.body) <= QUICK.answer_bytes


def test_a_call_asks_for_what_it_can_read_and_says_who_is_meant() -> None:
    heard: list[bytes] = []

    def keep(caller: socket.socket) -> None:
        caller.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")

    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            caller, _ = server.accept()
            with caller:
                heard.append(caller.recv(65_536))
                keep(caller)

        thread = threading.Thread(target=serve)
        thread.start()
        port = server.getsockname()[1]
        assert post(f"http://localhost:{port}/a?b=c", b"{}", {"x-mine": "1"}, QUICK).status == 204
        thread.join()
    head = heard[0].decode().lower()
    assert head.startswith("post /a?b=c http/1.1\r\n")
    assert f"\r\nhost: localhost:{port}\r\n" in head
    assert "\r\naccept-encoding: identity\r\n" in head


def test_nobody_answers_at_a_closed_port() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    outcome = post(f"http://127.0.0.1:{port}/", b"{}", {}, QUICK)
    assert (outcome.status, outcome.error.partition(":")[0]) == (None, "ConnectError")


@pytest.mark.parametrize(
    "url",
    [
        "http://93.184.216.34:0/", "http://93.184.216.34:65536/", "http://93.184.216.34:port/", "https://[::1/",
        "https://xn--/", "https://a b/", "https://93.184.216.34/\r\nx: y", "https://93.184.216.34/#part",
        "https://", "//93.184.216.34/", f"https://93.184.216.34/{'a' * 2000}", "https://\ud800/",
    ],
)  # fmt: skip
def test_what_the_client_would_refuse_is_refused_at_once(url: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        judge_url(url)
    assert refused.value.field == "url"


def test_a_slow_name_server_holds_no_page_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Names that it is slow with are judged before each call; an address in digits needs none."""
    monkeypatch.delenv("ABONO_WEBHOOK_PRIVATE")
    answered, real = threading.Event(), socket.getaddrinfo

    def slow(host: str, _port: object, **more: int) -> object:
        if more.get("flags"):
            return real(host, None, **more)
        answered.wait(30)
        return [(0, 0, 0, "", ("10.0.0.1", 0))]

    monkeypatch.setattr(socket, "getaddrinfo", slow)
    try:
        began = time.monotonic()
        for number in range(20):
            assert judge_url(f"https://slow{number}.example.com/") == f"slow{number}.example.com"
        assert time.monotonic() - began < 4  # four at once are waited for, half a second each
        for digits in ("10.0.0.1", "127.1", "[::1]"):
            with pytest.raises(PrivateAddress):
                judge_url(f"https://{digits}/")
    finally:
        answered.set()
    outcome = post("https://slow.example.com/", b"{}", {}, QUICK)
    assert outcome.error == "slow.example.com is not an address of the public Internet; use one that is."


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("93.184.216.34", True), ("2606:4700::1111", True), ("64:ff9b::5db8:d822", True),
        ("64:ff9b::7f00:1", False), ("64:ff9b:1::5db8:d822", False), ("2002:7f00:1::", False),
        ("2002:5db8:d822::", False), ("2001::1", False), ("fec0::1", False), ("::7f00:1", False),
        ("::ffff:10.0.0.1", False), ("fe80::1%eth0", False), ("224.0.0.1", False), ("ff0e::1", False),
        ("100.64.0.1", False), ("192.0.2.1", False), ("255.255.255.255", False),
        ("192.0.0.8", False), ("192.0.0.192", False), ("192.88.99.1", False), ("::ffff:0:127.0.0.1", False),
        ("::ffff:0:5db8:d822", False), ("5f00::1", False), ("3fff::1", False), ("3fff:fff::1", False),
        ("4000::1", False), ("1fff::1", False), ("2001:1::1", False), ("2001:db8::1", False),
        ("168.63.129.16", False), ("192.31.196.1", False), ("192.52.193.1", False), ("192.175.48.1", False),
        ("2620:4f:8000::1", False), ("3ffe::1", False), ("168.63.129.17", True),
        ("192.0.1.1", True), ("2001:200::1", True), ("2a00:1450:4001::1", True), ("::ffff:93.184.216.34", True),
    ],
)  # fmt: skip
def test_addresses_that_lead_home_by_a_detour_are_not_public(address: str, public: bool) -> None:
    assert is_public(address) is public


@pytest.mark.django_db(transaction=True)
def test_a_slow_tenant_does_not_hold_up_another(listener: Listener) -> None:
    """One tenant's many endpoints never answer; what another is told arrives while they are still waited for."""
    slow, quick = make_operator(), make_operator()
    enough = threading.Event()
    with speaking(lambda _caller: bool(enough.wait(30))) as url:
        for _ in range(12):
            webhooks.add_endpoint(boss(slow), slow.id, url, ["account.opened"], now=START)
        webhooks.add_endpoint(boss(quick), quick.id, listener.url, ["account.opened"], now=START)
        for number in range(6):
            opened(slow, str(number))
        began = time.monotonic()
        worker = threading.Thread(target=_deliver_once, daemon=True)
        worker.start()
        time.sleep(1)
        opened(quick, "late")
        while not listener.heard and time.monotonic() - began < 10:
            time.sleep(0.05)
        assert listener.heard
        assert worker.is_alive()
        enough.set()
        worker.join()


def stands_below(parent: Operator) -> Operator:
    return insert_operator(f"test-{uuid4()}", "Test", {"currency": "EUR", "time_zone": "UTC"}, parent=parent.id)


class Paced(Deliveries):
    """Endpoints whose address says so answer late, with success."""

    def __init__(self) -> None:
        self.began: list[str] = []
        self.at_once = self.most_slow = 0
        self._lock = threading.Lock()

    def attempt(self, row: Any, _now: object) -> Outcome:
        slow = "slow" in row["url"]
        with self._lock:
            self.began.append(row["url"])
            self.at_once += slow
            self.most_slow = max(self.most_slow, self.at_once)
        time.sleep(0.3 if slow else 0)
        with self._lock:
            self.at_once -= slow
        return Outcome(204)


@pytest.mark.django_db(transaction=True)
def test_a_tenant_takes_one_tenants_places_however_many_operators_it_makes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Forty operators below one, each with a slow receiver: at first a tenant's places, then one; others go on."""
    monkeypatch.setattr("abono.base.outgoing.dispatch.QUICK", 0.2)
    provider = make_operator()
    many, other = stands_below(provider), stands_below(provider)
    below = [stands_below(many) for _ in range(40)]
    for each in below:
        webhooks.add_endpoint(boss(each), each.id, "https://93.184.216.34/slow", ["account.opened"], now=START)
        opened(each, "1")
    webhooks.add_endpoint(boss(other), other.id, "https://93.184.216.34/quick", ["account.opened"], now=START)
    opened(other, "1")
    first = Paced()
    assert dispatch(first, START + timedelta(seconds=1)) == 41
    assert first.most_slow <= PER_TENANT
    assert "https://93.184.216.34/quick" in first.began[: PER_TENANT + 1]
    # Now it is known how they answer.
    for each in below[:4]:
        opened(each, "2")
    opened(other, "2")
    second = Paced()
    assert dispatch(second, START + timedelta(seconds=60)) == 5
    assert second.most_slow == 1
    assert "https://93.184.216.34/quick" in second.began[:2]
    # Ten minutes later they may show that they answer quickly; another address does not wash one clean before.
    (slow,) = [row["id"] for row in rows("webhooks_endpoint") if row["operator_id"] == below[0].id]
    now = START + timedelta(minutes=2)
    webhooks.change_endpoint(boss(below[0]), slow, "https://93.184.216.35/", ["account.opened"], now=now)
    opened(below[0], "3")
    assert [each.slow for each in Deliveries().destinations(now)] == [True]
    assert [(each.slow, each.quick) for each in Deliveries().destinations(now + timedelta(minutes=10))] == [
        (False, True)
    ]


@pytest.mark.django_db(transaction=True)
def test_some_places_are_only_for_those_that_answer_quickly() -> None:
    """New endpoints of many tenants do not take them all; a tenant's failing ones have one place together."""
    asked: list[tuple[int, int]] = []

    class Many(Deliveries):
        def destinations(self, _now: object) -> list[Destination]:
            if asked:
                return []
            new = [Destination(number, tenant=number, failing=False) for number in range(1, 31)]
            failing = [Destination(number, tenant=99, failing=True) for number in range(31, 34)]
            return [
                *failing,
                *new,
                *(Destination(100 + n, tenant=100 + n, failing=False, quick=True) for n in range(4)),
            ]

        def take(self, destination: int, most: int, _now: object) -> list[dict[str, int]]:
            asked.append((destination, most))
            return [{"to": destination}] * most

        def attempt(self, _row: object, _now: object) -> Outcome:
            return Outcome(204)

        def note(self, *_all: object) -> None:
            pass

    assert dispatch(Many(), START) == AT_ONCE
    taken = dict(asked)
    assert [taken.get(each) for each in (31, 32, 33)] == [1, None, None]
    assert sum(most for each, most in asked if each < 100) == AT_ONCE - FOR_QUICK
    assert sum(most for each, most in asked if each >= 100) == FOR_QUICK


@pytest.mark.django_db(transaction=True)
def test_no_second_test_while_one_waits(listener: Listener) -> None:
    operator = make_operator()
    endpoint = webhooks.add_endpoint(boss(operator), operator.id, listener.url, [], now=START).id
    webhooks.send_test(boss(operator), endpoint, now=START)
    with pytest.raises(webhooks.TestWaits) as refused:
        webhooks.send_test(boss(operator), endpoint, now=START)
    assert refused.value.code == "test_waits"
    assert deliver(START) == 1
    webhooks.send_test(boss(operator), endpoint, now=START)


@pytest.mark.django_db(transaction=True)
def test_a_tenant_has_a_limited_number_of_endpoints(listener: Listener, monkeypatch: pytest.MonkeyPatch) -> None:
    """Counted over all that stand below the operator below the provider, whoever asks and sees how much of it."""
    monkeypatch.setattr(webhooks, "MOST_OF_TENANT", 3)
    provider = make_operator()
    tenant, other = stands_below(provider), stands_below(provider)
    middle = stands_below(tenant)
    low = stands_below(middle)
    for each in (tenant, middle, low, other, provider):
        webhooks.add_endpoint(boss(each), each.id, listener.url, [], now=START)
    for each in (tenant, low):
        with wall((each.id,)), pytest.raises(webhooks.TooManyEndpoints):
            webhooks.add_endpoint(boss(each), each.id, listener.url, [], now=START)
    for each in (other, provider):
        webhooks.add_endpoint(boss(each), each.id, listener.url, [], now=START)


def _deliver_once() -> None:
    from django.db import connection

    try:
        deliver(START + timedelta(seconds=2))
    finally:
        connection.close()


@pytest.mark.django_db(transaction=True)
def test_an_endpoint_that_fails_waits_as_a_whole_with_growing_pauses(listener: Listener) -> None:
    operator = make_operator()
    endpoint = webhooks.add_endpoint(boss(operator), operator.id, listener.url, ["account.opened"], now=START).id
    for number in range(8):
        opened(operator, str(number))
    listener.status = 503
    assert deliver(START) == 5  # a few at once, then none
    (row,) = rows("webhooks_endpoint")
    assert (row["failures"], row["failing_since"]) == (1, row["failing_since"])
    assert 4 <= (row["retry_at"] - START).total_seconds() <= 7
    assert deliver(START + timedelta(seconds=3)) == 0
    second = row["retry_at"] + timedelta(seconds=1)
    assert deliver(second) == 1
    (row,) = rows("webhooks_endpoint")
    assert row["failures"] == 2
    assert 24 <= (row["retry_at"] - second).total_seconds() <= 37
    # Whoever asks for it is told at once; what answers again is told everything.
    listener.status = 204
    webhooks.send_test(boss(operator), endpoint, now=second)
    deliver(second)
    (row,) = rows("webhooks_endpoint")
    assert (row["failures"], row["failing_since"], row["retry_at"]) == (0, None, None)
    deliver(START + timedelta(hours=1))
    assert {each["state"] for each in rows("webhooks_delivery")} == {"heard"}


@pytest.mark.django_db(transaction=True)
def test_what_could_not_be_told_for_days_is_given_up(listener: Listener) -> None:
    operator = make_operator()
    webhooks.add_endpoint(boss(operator), operator.id, listener.url, ["account.opened"], now=START)
    for number in range(3):
        opened(operator, str(number))
    listener.status = 500
    deliver(START)
    assert give_up_old(START + timedelta(days=3)) == 0
    assert give_up_old(START + timedelta(days=4)) == 3
    assert {each["state"] for each in rows("webhooks_delivery")} == {"given_up"}


@pytest.mark.django_db(transaction=True)
def test_an_endpoint_that_fails_since_an_hour_is_not_given_up_for_what_is_old(listener: Listener) -> None:
    """Whoever told nobody anything for days was Abono itself: its worker was off."""
    operator = make_operator()
    webhooks.add_endpoint(boss(operator), operator.id, listener.url, ["account.opened"], now=START)
    for number in range(3):
        opened(operator, str(number))
    listener.status = 500
    back = START + timedelta(days=4)
    deliver(back)
    assert give_up_old(back + timedelta(hours=1)) == 0
    assert give_up_old(back + timedelta(days=3, hours=1)) == 3


@pytest.mark.django_db(transaction=True)
def test_endpoints_that_nothing_is_due_at_are_not_asked(listener: Listener) -> None:
    operator, idle = make_operator(), make_operator()
    for _ in range(webhooks.MOST_ENDPOINTS):
        webhooks.add_endpoint(boss(idle), idle.id, listener.url, [], now=START)
    webhooks.add_endpoint(boss(operator), operator.id, listener.url, ["account.opened"], now=START)
    opened(operator, "1")
    with CaptureQueriesContext(connection) as asked:
        assert deliver(START) == 1
    assert len(listener.heard) == 1
    assert len(asked) < 10  # rounds, one endpoint, what came of it
    with CaptureQueriesContext(connection) as asked:
        assert deliver(START) == 0
    assert len(asked) == 1


@pytest.mark.django_db(transaction=True)
def test_what_ends_each_process_that_tells_it_is_given_up(listener: Listener) -> None:
    operator = make_operator()
    webhooks.add_endpoint(boss(operator), operator.id, listener.url, ["account.opened"], now=START)
    opened(operator, "1")
    now = START
    for _ in range(11):  # as often as a delivery is tried
        with pytest.raises(Killed):
            dispatch(Deadly(), now)
        now += timedelta(minutes=3)
    assert deliver(now) == 0
    assert give_up_old(now) == 1
    (row,) = rows("webhooks_delivery")
    assert (row["state"], row["attempts"], row["error"]) == (
        "given_up", 11, "each attempt ended the process that made it",
    )  # fmt: skip
    assert not listener.heard


class Killed(BaseException):
    """The process ended."""


class Deadly(Deliveries):
    """Whatever is told ends the process."""

    def attempt(self, _row: object, _now: object) -> Outcome:
        raise Killed


@pytest.mark.django_db(transaction=True)
def test_an_operator_has_a_limited_number_of_endpoints(listener: Listener) -> None:
    operator = make_operator()
    for _ in range(webhooks.MOST_ENDPOINTS):
        webhooks.add_endpoint(boss(operator), operator.id, listener.url, [], now=START)
    with pytest.raises(webhooks.TooManyEndpoints):
        webhooks.add_endpoint(boss(operator), operator.id, listener.url, [], now=START)
    other = make_operator()
    webhooks.add_endpoint(boss(other), other.id, listener.url, [], now=START)

"""Turns at the threads: nobody's requests wait for those of somebody who asks a lot."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from django.conf import settings as configured
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.db import connection

from abono.features.access.operations import add_membership, add_user, revoke_key
from abono.features.access.queries import person_of_key
from abono.features.access.rights import Kind, Role
from abono.features.operators.operations import add_operator
from abono.features.operators.tree import add_below
from abono.interfaces.web.senders import CHOSEN, address_of, credential_of, operator_of, tenant_of
from abono.project.rsgi import Application, Limits
from abono.project.turns import Caller, Full, Shares, Turns
from tests.doors.api.conftest import key_of, staff
from tests.doors.test_slow_callers import Head
from tests.features.worlds import operator as make_operator

if TYPE_CHECKING:
    from pytest_django.fixtures import Settings

SHARES = Shares(places=4, tenant=3, one=2, waiting=6, waiting_tenant=4)


class Work:
    """Requests that stay at work until they are told to end, in the order in which they began."""

    def __init__(self, turns: Turns) -> None:
        self.turns = turns
        self.begun: list[str] = []
        self._ends: dict[str, asyncio.Event] = {}

    def ask(self, name: str, one: str, tenant: str) -> asyncio.Task[None]:
        self._ends[name] = asyncio.Event()

        async def work() -> None:
            async with self.turns.turn(Caller(one, tenant)):
                self.begun.append(name)
                await self._ends[name].wait()

        return asyncio.ensure_future(work())

    async def end(self, name: str) -> None:
        self._ends[name].set()
        await rest()


async def rest() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


def played(story: Callable[[Work], Awaitable[None]]) -> None:
    async def play() -> None:
        await story(Work(Turns(SHARES)))

    asyncio.run(play())


def test_a_caller_and_a_tenant_leave_places_to_the_others() -> None:
    async def story(work: Work) -> None:
        asked = [work.ask(f"a{n}", "key", "A") for n in range(3)]
        asked += [work.ask(f"b{n}", "other key", "A") for n in range(2)]
        asked.append(work.ask("c", "theirs", "C"))
        await rest()
        assert work.begun == ["a0", "a1", "b0", "c"]
        await work.end("a0")  # its own next one has its place
        assert work.begun[4:] == ["a2"]
        for name in ("a1", "a2", "b0", "b1", "c"):
            await work.end(name)
        await asyncio.gather(*asked)

    played(story)


def test_tenants_take_turns_however_many_wait_of_one() -> None:
    async def story(work: Work) -> None:
        first = [work.ask(f"x{n}", f"x{n}", f"X{n}") for n in range(4)]
        many = [work.ask(f"a{n}", f"a{n}", "A") for n in range(4)]
        late = work.ask("b", "b", "B")
        await rest()
        for name in ("x0", "x1"):
            await work.end(name)
        assert work.begun[4:] == ["a0", "b"]
        for name in ("x2", "x3", "a0", "b", "a1", "a2", "a3"):
            await work.end(name)
        await asyncio.gather(*first, *many, late)

    played(story)


def test_who_would_wait_too_long_is_told() -> None:
    async def story(work: Work) -> None:
        asked = [work.ask(f"a{n}", "key", "A") for n in range(6)]
        await rest()
        with pytest.raises(Full):
            async with work.turns.turn(Caller("key", "A")):
                pass
        other = work.ask("c", "theirs", "C")
        await rest()
        assert "c" in work.begun
        for name in ("a0", "a1", "a2", "a3", "a4", "a5", "c"):
            await work.end(name)
        await asyncio.gather(*asked, other)
        assert work.begun == ["a0", "a1", "c", "a2", "a3", "a4", "a5"]

    played(story)


def test_nobodys_waiting_requests_take_the_places_of_others() -> None:
    """Of a tenant one caller waits often: another one waits as well, has the next turn, and its last gives way."""

    async def story(work: Work) -> None:
        asked = [work.ask(f"a{n}", "key", "A") for n in range(6)]  # two at work, all four places to wait are taken
        await rest()
        mine = [work.ask(f"b{n}", "session", "A") for n in range(3)]
        await rest()
        assert work.begun == ["a0", "a1", "b0"]
        assert [each.done() for each in asked] == [False, False, False, False, True, True]
        assert isinstance(asked[4].exception(), Full)
        for name in ("a0", "b0"):
            await work.end(name)
        assert sorted(work.begun[3:]) == ["a2", "b1"]
        with pytest.raises(Full):  # nobody has more than who comes would have
            await asyncio.gather(*(work.ask(f"c{n}", f"c{n}", "A") for n in range(4)))
        for name in ("a1", "a2", "a3", "b1", "b2", *(f"c{n}" for n in range(4))):
            await work.end(name)
        await asyncio.gather(*asked, *mine, return_exceptions=True)

    played(story)


def test_a_tenant_that_waits_often_gives_way_where_all_places_are_taken() -> None:
    async def story(work: Work) -> None:
        x = [work.ask(f"x{n}", f"x{n}", f"X{n}") for n in range(4)]
        many = [work.ask(f"a{n}", "key", "A") for n in range(4)] + [work.ask(f"b{n}", f"b{n}", "B") for n in range(2)]
        late = work.ask("c", "c", "C")
        await rest()
        assert [each.done() for each in many] == [False, False, False, True, False, False]
        await work.end("x0")
        await work.end("x1")
        await work.end("x2")
        assert work.begun[4:] == ["a0", "b0", "c"]
        for name in ("x3", "a0", "a1", "a2", "b0", "b1", "c"):
            await work.end(name)
        await asyncio.gather(*x, *many, late, return_exceptions=True)

    played(story)


def test_who_goes_while_waiting_takes_no_place() -> None:
    async def story(work: Work) -> None:
        asked = [work.ask(f"a{n}", "key", "A") for n in range(4)]
        await rest()
        asked[2].cancel()
        await rest()
        await work.end("a0")
        assert work.begun == ["a0", "a1", "a3"]
        asked[1].cancel()  # at work: its place is free again
        await rest()
        asked.append(work.ask("a4", "key", "A"))
        await rest()
        assert work.begun[3:] == ["a4"]
        for name in ("a3", "a4"):
            await work.end(name)
        await asyncio.gather(*asked, return_exceptions=True)

    played(story)


def test_behind_proxies_strangers_are_told_apart_by_what_the_trusted_ones_say(settings: Settings) -> None:
    environ = {"REMOTE_ADDR": "10.0.0.1", "HTTP_X_FORWARDED_FOR": "6.6.6.6, 192.0.2.7, 10.0.0.9"}
    settings.PROXIES = 0
    assert address_of(environ) == "10.0.0.1"
    settings.PROXIES = 2
    assert address_of(environ) == "192.0.2.7"
    assert address_of({"REMOTE_ADDR": "10.0.0.1"}) == "10.0.0.1"


@pytest.mark.parametrize(
    ("told", "meant"),
    [
        ("192.0.2.7:4711", "192.0.2.7"), ("[2001:db8::7]:4711", "2001:db8::7"), ("[2001:db8::7]", "2001:db8::7"),
        ("2001:DB8:0::7", "2001:db8::7"), ("::ffff:192.0.2.7", "192.0.2.7"), ("unknown", "10.0.0.1"), ("", "10.0.0.1"),
    ],
)  # fmt: skip
def test_an_address_has_one_spelling(told: str, meant: str, settings: Settings) -> None:
    settings.PROXIES = 1
    assert address_of({"REMOTE_ADDR": "10.0.0.1", "HTTP_X_FORWARDED_FOR": told}) == meant


def test_without_a_network_there_is_no_address() -> None:
    assert address_of({"REMOTE_ADDR": ""}) == ""


@pytest.mark.django_db(transaction=True)
def test_a_tenant_is_asked_for_again_when_the_database_is_back(monkeypatch: pytest.MonkeyPatch) -> None:
    provider = add_operator(f"top-{uuid4()}", "Top", {"currency": "EUR", "time_zone": "UTC"})
    now = datetime(2026, 1, 1, tzinfo=UTC)
    tenant = add_below(provider.id, f"tenant-{uuid4()}", "Tenant", {}, now=now)
    low = add_below(tenant.id, f"low-{uuid4()}", "Low", {}, now=now)
    monkeypatch.setitem(connection.settings_dict, "HOST", "/nonexistent")  # this thread's own
    connection.close()
    assert tenant_of(low.id) == low.id
    monkeypatch.undo()
    connection.close()
    assert tenant_of(low.id) == tenant.id
    monkeypatch.setitem(connection.settings_dict, "HOST", "/nonexistent")
    connection.close()
    assert tenant_of(low.id) == tenant.id  # known for a minute
    monkeypatch.undo()
    connection.close()


def call(authorization: str = "", *, cookie: str = "", path: str = "/api/v1/me") -> dict[str, str]:
    session = f"csrftoken=x; {configured.SESSION_COOKIE_NAME}={cookie}" if cookie else ""
    return {"HTTP_AUTHORIZATION": authorization, "HTTP_COOKIE": session, "PATH_INFO": path}


def test_a_credential_is_what_is_judged_however_it_is_spelled_and_whatever_comes_beside_it() -> None:
    key, session = credential_of(call("Bearer abono_a")), credential_of(call(cookie="s", path="/"))
    assert len({key, session, credential_of(call("Bearer abono_b")), b""}) == 4
    assert {credential_of(call(f"{scheme} abono_a")) for scheme in ("bearer", "BEARER", "bEarer")} == {key}
    assert credential_of(call("Bearer abono_a ", cookie="s")) == key
    assert credential_of(call("Bearer abono_a", cookie="s", path="/accounts/")) == session
    for authorization in ("Basic abono_a", "abono_a", "Bearer s", "x1"):
        assert credential_of(call(authorization, cookie="s")) == b""


@pytest.mark.django_db(transaction=True)
def test_a_valid_key_or_session_stands_at_an_operator() -> None:
    now = datetime.now(UTC)
    here, there = make_operator(), make_operator()
    key = key_of(here)
    assert operator_of(call(f"bearer {key}")) == here.id
    assert operator_of(call(f"Bearer {key}", path="/accounts/")) == 0
    user = add_user("two@example.com", now=now)
    add_membership(user, here.id, Kind.STAFF, now=now, role=Role.MANAGER)
    second = add_membership(user, there.id, Kind.STAFF, now=now, role=Role.MANAGER)
    session = SessionStore()
    session[SESSION_KEY] = str(user)
    session.save()
    cookie = str(session.session_key)
    assert operator_of(call(cookie=cookie, path="/")) == here.id
    assert operator_of(call(cookie=cookie)) == 0
    session[CHOSEN] = second
    session.save()
    assert operator_of(call(cookie=cookie, path="/")) == there.id
    made = person_of_key(key, now=now)
    assert made is not None and made.key is not None
    revoke_key(staff(here), made.key, now=now)
    assert operator_of(call(f"bearer {key}")) == operator_of(call(cookie="made-up", path="/")) == 0


class Answer:
    """Granian's own protocol, as far as a short answer needs it."""

    def __init__(self) -> None:
        self.status = 0

    def response_bytes(self, status: int, _headers: object, _body: bytes) -> None:
        self.status = status


def test_a_tenants_many_keys_and_strangers_guesses_take_no_place_of_another() -> None:
    """Keys that a process has not seen yet are their tenant's too, and what was never valid pushes none out."""
    ends = threading.Event()

    def answer(environ: dict[str, Any], start: Any) -> list[bytes]:
        if environ["QUERY_STRING"] == "long":
            ends.wait(30)
        start("200 OK", [])
        return [b""]

    def operator(environ: dict[str, Any]) -> int:
        return {"abono_a": 1, "abono_b": 2}.get(environ["HTTP_AUTHORIZATION"].removeprefix("Bearer ")[:7], 0)

    async def story() -> None:
        application = Application(answer, operator, Limits(threads=3, tenant_threads=2, caller_threads=1))
        application.__rsgi_init__(asyncio.get_running_loop())

        def ask(key: str, query: str = "") -> asyncio.Task[Any]:
            head = Head({"authorization": f"Bearer {key}"}, method="GET", path="/api/v1/me", query_string=query)
            return asyncio.ensure_future(application.__rsgi__(head, Answer()))  # type: ignore[arg-type]

        for key in ("abono_a1", "abono_a2", "abono_b1", *(f"abono_x{n}" for n in range(50))):
            await ask(key)
        long = [ask(f"abono_a{n}", "long") for n in range(1, 7)]
        await asyncio.sleep(0.2)
        try:
            await asyncio.wait_for(asyncio.gather(ask("abono_b1"), ask("abono_b2")), 5)
            assert not any(each.done() for each in long)
        finally:
            ends.set()
            await asyncio.gather(*long)

    with ThreadPoolExecutor(1) as pool:
        pool.submit(lambda: asyncio.run(story())).result()

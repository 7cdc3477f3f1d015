"""Turns at the threads: nobody's requests wait for those of somebody who asks a lot."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

import pytest

from abono.interfaces.web.senders import address_of
from abono.project.turns import Caller, Full, Shares, Turns

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

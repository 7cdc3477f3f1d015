"""Turns at the few threads: whoever asks a lot, or slowly, waits for its own requests and not the others for them.

A caller is one credential (a key, a session; without one, an address), and belongs to a tenant: the operator below the
provider at which it stands, with everything below that. Of both only so many requests are worked on at once; who waits
is taken tenant by tenant in turn, and of a tenant caller by caller. Where too many wait, who has the most gives way.
"""

from __future__ import annotations

import asyncio
from collections import Counter, OrderedDict, deque
from collections.abc import Hashable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


class Full(Exception):  # noqa: N818 -- an answer, not an error
    """So many wait already that one more would wait too long."""


@dataclass(frozen=True)
class Caller:
    """Who asks: by which credential, and of which tenant."""

    one: Hashable
    tenant: Hashable


@dataclass(frozen=True)
class Shares:
    """How many are worked on at once, of all, of a tenant, of one caller; and how many wait, of all and of a tenant."""

    places: int
    tenant: int
    one: int
    waiting: int
    waiting_tenant: int


Waiting = OrderedDict[Hashable, deque[tuple[Caller, asyncio.Future[None]]]]
"""Who waits of a tenant, by caller, in the order in which the callers have their turns."""


class Turns:
    """Who may work now. It belongs to one event loop."""

    def __init__(self, shares: Shares) -> None:
        self._shares = shares
        self._at_work = self._waiting = 0
        self._of_one: Counter[Hashable] = Counter()
        self._of_tenant: Counter[Hashable] = Counter()
        self._queues: OrderedDict[Hashable, Waiting] = OrderedDict()

    @asynccontextmanager
    async def turn(self, caller: Caller) -> AsyncIterator[None]:
        """Inside, it is the caller's turn. Raises Full."""
        if not self._may(caller):
            await self._wait(caller)
        else:
            self._begin(caller)
        try:
            yield
        finally:
            self._end(caller)

    async def _wait(self, caller: Caller) -> None:
        self._make_room(caller)
        called = asyncio.get_running_loop().create_future()
        self._queues.setdefault(caller.tenant, OrderedDict()).setdefault(caller.one, deque()).append((caller, called))
        self._waiting += 1
        self._call()
        try:
            await called
        except asyncio.CancelledError:
            if called.done() and not called.cancelled():
                if called.exception() is None:
                    self._end(caller)
            else:
                self._leave(caller, called)
            raise

    def _make_room(self, caller: Caller) -> None:
        """Where all places to wait are taken, the last of who has the most of them is turned away. Raises Full."""
        queue = self._queues.get(caller.tenant, Waiting())
        if _length(queue) < self._shares.waiting_tenant:
            if self._waiting < self._shares.waiting:
                return
            tenant, longest = max(self._queues.items(), key=lambda each: _length(each[1]))
            if tenant != caller.tenant and _length(longest) <= _length(queue):
                raise Full
            queue = longest
        most = max(queue.values(), key=len)
        if len(most) <= len(queue.get(caller.one, ())) + 1:
            raise Full
        turned_away, called = most[-1]
        self._leave(turned_away, called)
        called.set_exception(Full())

    def _may(self, caller: Caller) -> bool:
        shares = self._shares
        return (
            self._at_work < shares.places
            and self._of_tenant[caller.tenant] < shares.tenant
            and self._of_one[caller.one] < shares.one
        )

    def _begin(self, caller: Caller) -> None:
        self._at_work += 1
        self._of_one[caller.one] += 1
        self._of_tenant[caller.tenant] += 1

    def _end(self, caller: Caller) -> None:
        self._at_work -= 1
        for counts, name in ((self._of_one, caller.one), (self._of_tenant, caller.tenant)):
            counts[name] -= 1
            if not counts[name]:
                del counts[name]
        self._call()

    def _call(self) -> None:
        """Call whoever may work, one of each tenant in turn and there of each caller, as long as there is a place."""
        while self._at_work < self._shares.places:
            first = (waiting[0] for queue in self._queues.values() for waiting in queue.values())
            chosen = next((entry for entry in first if self._may(entry[0])), None)
            if chosen is None:
                return
            caller, called = chosen
            self._leave(caller, called)
            if caller.tenant in self._queues:
                self._queues.move_to_end(caller.tenant)
                if caller.one in self._queues[caller.tenant]:
                    self._queues[caller.tenant].move_to_end(caller.one)
            self._begin(caller)
            called.set_result(None)

    def _leave(self, caller: Caller, called: asyncio.Future[None]) -> None:
        queue = self._queues[caller.tenant]
        queue[caller.one].remove((caller, called))
        self._waiting -= 1
        if not queue[caller.one]:
            del queue[caller.one]
        if not queue:
            del self._queues[caller.tenant]


def _length(queue: Waiting) -> int:
    return sum(len(waiting) for waiting in queue.values())

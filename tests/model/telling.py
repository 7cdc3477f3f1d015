"""A random story is told: the model plays it and remembers what must be seen after each step."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from tests.model.amounts import written
from tests.model.days import later
from tests.model.looking import unlock
from tests.model.world import World


@dataclass
class Telling:
    """A story as it grows, with the model's snapshot after each of its steps."""

    story: dict[str, Any]
    every: int = 1
    """What is yet to come is worked out after each so many steps; what is, after all."""
    world: World = field(init=False)
    steps: list[dict[str, Any]] = field(default_factory=list)
    seen: list[dict[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        """The world as it begins."""
        self.world = World(self.story)
        self.plans = list(self.story["catalogue"]["plans"])

    def step(self, **step: Any) -> None:
        """One more step, refused or not."""
        refused = self.world.take(step)
        self.steps.append(step if refused is None else {**step, "refused": refused})
        whole = len(self.steps) % self.every == 0
        self.seen.append(self.world.snapshot() if whole else self.world.settled())

    def local(self, instant: datetime) -> datetime:
        """The operator's clock."""
        return instant.astimezone(ZoneInfo(self.world.operator.zone.name)).replace(tzinfo=None)

    def pass_until(self, instant: datetime) -> None:
        """Time passes. A local time that comes twice cannot be told, so it is passed over."""
        while self.world.operator.zone.instant(self.local(instant)) != instant:
            instant += timedelta(hours=1)
        self.step(at=self.local(instant).isoformat())

    def tell(self, script: list[tuple[Any, ...]]) -> None:
        """All of a script; what has nothing to work on is left out."""
        for kind, *rest in script:
            self.one(kind, rest)
        self.pass_until(max(self.world.down_until or self.world.now, self.world.now))
        self.pass_until(self.world.now + timedelta(days=33))

    def one(self, kind: str, rest: list[Any]) -> None:
        """One line of a script."""
        world = self.world
        if kind == "pass":
            self.pass_until(world.now + timedelta(hours=rest[0]))
        elif kind == "midnight":
            night = world.operator.zone.midnight(later(world.today, rest[0]))
            self.pass_until(max(night + timedelta(minutes=rest[1]), world.now))
        elif kind == "downtime":
            if world.down_until is None:
                self.step(downtime={"until": self.local(world.now + timedelta(hours=rest[0])).isoformat()})
        elif kind in {"subscribe", "pay", "refund", "adjust", "credit_limit", "promise", "block_all", "unblock_all"}:
            self.of_account(kind, rest)
        elif kind == "price":
            begins = later(world.today, rest[2]).isoformat()
            self.step(price={"plan": self.plan(rest[0]), "price": rest[1], "from": begins})
        elif world.owners:
            self.of_subscription(kind, list(world.owners)[rest[0] % len(world.owners)], rest)

    def plan(self, number: int) -> str:
        """One of the plans."""
        code: str = self.plans[number % len(self.plans)]
        return code

    def of_account(self, kind: str, rest: list[Any]) -> None:
        """What names an account."""
        account = "ab"[rest[0] % 2]
        if kind == "subscribe":
            name = f"s{len(self.world.owners)}"
            self.step(subscribe={"account": account, "plan": self.plan(rest[1]), "quantity": rest[2], "as": name})
        elif kind == "promise":
            self.step(promise={"account": account, "amount": rest[1], "days": rest[2], "fee": rest[3]})
        elif kind in {"block_all", "unblock_all"}:
            self.step(**{kind.partition("_")[0]: {"account": account, "reason": "staff"}})
        else:
            amount = rest[1].lstrip("-") if kind != "adjust" else rest[1]
            self.step(**{kind: {"account": account, "amount": amount}})

    def of_subscription(self, kind: str, name: str, rest: list[Any]) -> None:
        """What names a subscription."""
        account, sub = self.world.owners[name]
        if kind == "unlock":
            missing = unlock(account, sub, self.world.now)
            if missing is not None and missing + rest[1] > 0:
                amount = written(missing + rest[1], self.world.operator.currency)
                payer = next(each for each, known in self.world.accounts.items() if known is account)
                self.step(pay={"account": payer, "amount": amount})
        elif kind == "change":
            quantity = {} if rest[2] is None else {"quantity": rest[2]}
            self.step(change={"subscription": name, "plan": self.plan(rest[1]), **quantity, "when": rest[3]})
        elif kind == "cancel":
            self.step(cancel={"subscription": name, "when": rest[1], "refund": rest[2]})
        elif kind == "pause":
            until = {} if rest[1] is None else {"until": later(self.world.today, rest[1]).isoformat()}
            self.step(pause={"subscription": name, **until})
        elif kind in {"use", "seats"}:
            self.use(kind, name, rest)
        else:
            reason = {"reason": "staff"} if kind in {"block", "unblock"} else {}
            self.step(**{kind: {"subscription": name, **reason}})

    def use(self, kind: str, name: str, rest: list[Any]) -> None:
        """Something is counted, now or late. What is told after the end is beyond the model."""
        if self.world.owners[name][1].ended:
            return
        if kind == "seats":
            self.step(seats={"subscription": name, "service": "people", "change": rest[1]})
            return
        values = {"subscription": name, "service": "calls", "quantity": rest[1]}
        if rest[2] is not None:
            at = self.world.now - timedelta(hours=rest[2])
            if self.world.operator.zone.instant(self.local(at)) == at:
                values["time"] = self.local(at).isoformat()
        self.step(use=values)

    def whole(self) -> dict[str, Any]:
        """The story with its steps."""
        return {**self.story, "steps": self.steps}

    def text(self) -> str:
        """The story as a file of tests/scenarios (JSON is YAML)."""
        head = [f"{name}: {json.dumps(value)}" for name, value in self.story.items()]
        return "\n".join([*head, "steps:", *(f"  - {json.dumps(step)}" for step in self.steps)]) + "\n"

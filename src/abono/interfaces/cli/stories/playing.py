"""Playing a story: the world is made, steps are taken, time passes, expectations are held against what is there."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

from django.db import transaction

from abono.base.refusal import Refusal
from abono.base.trail import acting
from abono.features.accounts.operations import open_account
from abono.features.billing import blocks, money, orders
from abono.features.billing.engine import Scope, catch_up, turn_clock
from abono.features.billing.look_ahead import look
from abono.features.billing.prices import change_price
from abono.features.billing.using import use
from abono.features.catalogue.operations import save_catalogue
from abono.features.ledger.operations import UnknownAccount
from abono.features.operators.operations import add_operator
from abono.features.subscriptions.operations import UnknownSubscription
from abono.features.usage.events import Use
from abono.interfaces.cli.stories.reading import LATER, Step, Story
from abono.interfaces.cli.stories.snapshot import Failure, View, differences

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from abono.features.operators.queries import Operator

_WHOLE_WORLD = 2**62


@dataclass
class Outcome:
    """How a story went."""

    file: str
    scenario: str
    failures: list[Failure] = field(default_factory=list)
    final: Mapping[str, Any] = field(default_factory=dict)

    @property
    def passed(self) -> bool:
        """Whether every expectation held."""
        return not self.failures

    def as_json(self) -> dict[str, Any]:
        """The answer of ``abono simulate --json`` (doors.md §3)."""
        return {
            "file": self.file,
            "scenario": self.scenario,
            "passed": self.passed,
            "failures": [vars(failure) for failure in self.failures],
            "final": self.final,
        }


def play(story: Story) -> Outcome:
    """Play a story in a database that may be thrown away, isolated from other stories by an operator of its own."""
    outcome = Outcome(story.file, story.scenario)
    with acting("story", "simulate"):
        stage = Stage.build(story)
        for step in story.steps:
            if step.action in LATER:
                outcome.failures.append(Failure(step.number, step.action, "a step that can be played", "not built yet"))
                break
            outcome.failures.extend(stage.take(step))
        outcome.final = stage.view().whole()
    return outcome


class Stage:
    """The world of a story and where its clock stands."""

    def __init__(self, operator: Operator, accounts: dict[str, int], now: datetime) -> None:
        self.operator = operator
        self.accounts = accounts
        self.subscriptions: dict[str, UUID] = {}
        self.owners: dict[UUID, int] = {}
        self.down_until: datetime | None = None
        self.now = now

    @classmethod
    def build(cls, story: Story) -> Stage:
        """Operator, catalogue and accounts as the story begins."""
        with transaction.atomic():
            operator = add_operator(f"story-{uuid4()}", story.scenario, story.operator)
            start = operator.instant(story.start)
            save_catalogue(operator, story.catalogue, now=start)
            accounts: dict[str, int] = {}
            for name, terms in story.accounts.items():
                accounts[name] = open_account(
                    operator, name, now=start, credit_limit=terms.credit_limit, currency=terms.currency
                )
                if terms.balance:
                    money.adjust(accounts[name], terms.balance, now=start, text="opening balance")
        return cls(operator, accounts, start)

    def view(self) -> View:
        """The world as it is now."""
        return View(self.operator, self.accounts, dict(self.subscriptions), self.now)

    def take(self, step: Step) -> list[Failure]:
        """Let time pass up to a step, do what it says, hold its expectation against the world."""
        self._let_pass(self.operator.instant(step.at))
        failures: list[Failure] = []
        if step.action:
            failures.extend(self._act(step))
        if step.expect is not None:
            failures.extend(differences(step.number, step.expect, self.view()))
        return failures

    def _let_pass(self, until: datetime) -> None:
        """Everything due by then is done when it is due; a downtime's work is done at once when it is over."""
        scope = Scope(self.operator, 0, _WHOLE_WORLD)
        if self.down_until is not None and until >= self.down_until:
            with transaction.atomic():
                catch_up(scope, self.down_until, look=look)
            self.down_until = None
        if self.down_until is None:
            with transaction.atomic():
                turn_clock(scope, until, look=look)
        self.now = until

    def _act(self, step: Step) -> list[Failure]:
        before = self.view().settled() if step.refused else None
        try:
            with transaction.atomic():
                _ACTIONS[step.action or ""](self, step.values)
        except Refusal as refusal:
            if refusal.code != step.refused:
                return [Failure(step.number, "refused", step.refused, refusal.code)]
        else:
            if step.refused:
                return [Failure(step.number, "refused", step.refused, None)]
        if before is not None and self.view().settled() != before:
            return [Failure(step.number, "refused", "nothing changed", "the world changed")]
        return []

    def account(self, values: Mapping[str, Any]) -> int:
        name = values["account"]
        if name not in self.accounts:
            message = f"The story has no account {name!r}."
            raise UnknownAccount(message, field="account")
        return self.accounts[name]

    def subscription(self, values: Mapping[str, Any]) -> tuple[int, UUID]:
        name = values["subscription"]
        if name not in self.subscriptions:
            message = f"The story has no subscription {name!r}."
            raise UnknownSubscription(message, field="subscription")
        key = self.subscriptions[name]
        return self.owners[key], key

    def subscribe(self, values: Mapping[str, Any]) -> None:
        account = self.account(values)
        name = values.get("as", values["plan"])
        key = orders.subscribe(
            account,
            values["plan"],
            now=self.now,
            quantity=values.get("quantity", Decimal(1)),
            unit=values.get("unit", ""),
            key=values.get("key"),
        )
        self.subscriptions[name] = key
        self.owners[key] = account

    def change(self, values: Mapping[str, Any]) -> None:
        orders.change(
            *self.subscription(values),
            now=self.now,
            plan_code=values.get("plan"),
            quantity=values.get("quantity"),
            at_period_end=values.get("when", "period_end") == "period_end",
        )

    def cancel(self, values: Mapping[str, Any]) -> None:
        orders.cancel(
            *self.subscription(values),
            now=self.now,
            at_period_end=values.get("when", "period_end") == "period_end",
            prorate_refund=values.get("refund", "none") == "prorated",
        )

    def promise(self, values: Mapping[str, Any]) -> None:
        money.promise(self.account(values), values["amount"], values["days"], now=self.now, fee=values.get("fee", 0))

    def block(self, values: Mapping[str, Any], act: Callable[..., None]) -> None:
        if "subscription" in values:
            account, subscription = self.subscription(values)
            act(account, now=self.now, subscription=subscription)
        else:
            act(self.account(values), now=self.now)

    def book(self, values: Mapping[str, Any], act: Callable[..., UUID]) -> None:
        act(
            self.account(values),
            values["amount"],
            now=self.now,
            key=values.get("key"),
            text=values.get("text", ""),
        )

    def use(self, values: Mapping[str, Any], *, seats: bool) -> None:
        account, subscription = self.subscription(values)
        at = self.operator.instant(values["time"]) if "time" in values else None
        quantity = values["change"] if seats else values["quantity"]
        each = Use(account, subscription, values["service"], quantity, at, values.get("key"), values.get("properties"))
        # The story's clock is everybody's: nobody's is ahead of it.
        use(each, now=self.now, tolerance=timedelta(0), seats=seats)

    def downtime(self, values: Mapping[str, Any]) -> None:
        self.down_until = self.operator.instant(values["until"])


_ACTIONS: dict[str, Callable[[Stage, Mapping[str, Any]], object]] = {
    "pay": lambda stage, values: stage.book(values, money.pay),
    "refund": lambda stage, values: stage.book(values, money.refund),
    "adjust": lambda stage, values: stage.book(values, money.adjust),
    "credit_limit": lambda stage, values: money.set_credit_limit(
        stage.account(values),
        values["amount"],
        now=stage.now,
    ),
    "promise": Stage.promise,
    "subscribe": Stage.subscribe,
    "change": Stage.change,
    "cancel": Stage.cancel,
    "pause": lambda stage, values: blocks.pause(
        *stage.subscription(values),
        now=stage.now,
        until=values.get("until"),
    ),
    "resume": lambda stage, values: blocks.resume(*stage.subscription(values), now=stage.now),
    "block": lambda stage, values: stage.block(values, blocks.block),
    "unblock": lambda stage, values: stage.block(values, blocks.unblock),
    "use": lambda stage, values: stage.use(values, seats=False),
    "seats": lambda stage, values: stage.use(values, seats=True),
    "price": lambda stage, values: change_price(
        stage.operator, values["plan"], values["price"], values["from"], now=stage.now
    ),
    "advance": lambda _stage, _values: None,
    "downtime": Stage.downtime,
}

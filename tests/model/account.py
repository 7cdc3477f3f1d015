"""An account of the model: its money, its credit, its subscriptions, and how far its work is done."""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from tests.model.subscription import Charge

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.model.subscription import Subscription
    from tests.model.terms import Operator, Plan


class RefusedError(Exception):
    """A step that is refused, and why."""

    def __init__(self, code: str) -> None:
        """A code of semantics.md."""
        super().__init__(code)
        self.code = code


@dataclass
class Grant:
    """A promised payment."""

    left: int
    begins: datetime
    until: datetime

    def active(self, at: datetime) -> bool:
        """Whether it counts at an instant."""
        return self.left > 0 and self.begins <= at < self.until


@dataclass
class Failure:
    """A decision that did not fit: whose, when, and by how much."""

    owner: int
    day: date
    missing: int


@dataclass
class Account:
    """All that the model knows of one account."""

    operator: Operator
    plans: dict[str, Plan]
    done: datetime
    balance: int = 0
    limit: int = 0
    grants: list[Grant] = field(default_factory=list)
    entries: list[tuple[date, str, int]] = field(default_factory=list)
    notices: dict[str, list[date]] = field(default_factory=dict)
    subscriptions: list[Subscription] = field(default_factory=list)
    keys: dict[tuple[str, str], Any] = field(default_factory=dict)
    # What a play of the future wants to know, and how it is played.
    failures: list[Failure] = field(default_factory=list)
    on_charge: Callable[[Subscription, date, int], None] | None = None
    forced: bool = False

    def fork(self) -> Account:
        """An account to play with; nothing that is done to it is seen here."""
        other = copy(self)
        other.grants = [copy(grant) for grant in self.grants]
        other.entries, other.notices, other.failures = [], {}, []
        other.on_charge = None
        other.subscriptions = [each.fork() for each in self.subscriptions]
        return other

    def credit(self, at: datetime) -> int:
        """The limit and what is promised."""
        return self.limit + sum(grant.left for grant in self.grants if grant.active(at))

    def available(self, at: datetime) -> int:
        """What can be spent at an instant."""
        return self.balance + self.credit(at)

    def book(self, on: date, kind: str, amount: int) -> None:
        """An entry; zero is none."""
        if amount:
            self.balance += amount
            self.entries.append((on, kind, amount))

    def charge(
        self, sub: Subscription, kind: str, starts: date, ends: date, amount: int, on: date, *, refundable: bool = False
    ) -> None:
        """A row of what was charged for a subscription, and its entry; credits are negative. Zero is never a row."""
        if amount:
            sub.charges.append(Charge(starts, ends, amount, refundable, ends))
            self.book(on, kind, -amount)
            if self.on_charge is not None and amount > 0:
                self.on_charge(sub, on, amount)

    def repay(self, amount: int, at: datetime) -> None:
        """A payment repays what was promised first."""
        for grant in self.grants:
            if grant.active(at):
                repaid = min(amount, grant.left)
                grant.left -= repaid
                amount -= repaid

    def tell(self, kind: str, on: date) -> None:
        """A notice, dated the day of sending."""
        self.notices.setdefault(kind, []).append(on)

    def ordered(self) -> list[Subscription]:
        """By priority, then age."""
        return sorted(self.subscriptions, key=lambda each: (each.plan.priority, each.number))

    def fits(self, plan: Plan, total: int, at: datetime, *, owner: Subscription, day: date) -> bool:
        """Whether a charge passes; equality passes, and so does what costs nothing."""
        if plan.owes or total == 0:
            return True
        missing = total - self.available(at)
        if missing > 0:
            self.failures.append(Failure(owner.number, day, missing))
        return missing <= 0 or self.forced

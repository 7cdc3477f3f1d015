"""How subscriptions stand, for the one who has them and the agent who brought him or her."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from abono.base.sql import statements
from abono.features.access.people import NotFound
from abono.features.subscriptions.states import names

if TYPE_CHECKING:
    from datetime import date, datetime
    from decimal import Decimal
    from uuid import UUID

    from abono.features.access.people import Person

_sql = statements("abono.features.subscriptions", "standing")
_MOST = 500


@dataclass(frozen=True)
class Standing:
    """A subscription with the terms by which it goes on, is paused and costs (``price`` of a full period, if known).

    ``reasons`` are names in the order in which they are told. ``runs`` is whether something paid (or a trial) runs,
    ``stopped_on`` the civil day since when it is suspended. Minor units.
    """

    account_id: int
    id: UUID
    plan_code: str
    quantity: Decimal
    unit: str
    state: str
    reasons: tuple[str, ...]
    early: bool
    ordered_at: datetime
    starts_on: date
    trial_ends_on: date | None
    period_starts_on: date | None
    period_ends_on: date | None
    runs: bool
    stopped_on: date | None
    paused_on: date | None
    paused_until: date | None
    frozen_days: int | None
    cancels: bool
    next_plan_code: str | None
    next_quantity: Decimal | None
    ended_on: date | None
    period: str
    charge: str
    renews: bool
    pause: str
    pause_days_per_year: int | None
    pause_min_days: int
    pause_fee: int
    price: int | None

    @property
    def boundary(self) -> date | None:
        """Where the running period (or the wait before the first) ends; None where nothing runs or days are frozen."""
        if not self.runs or self.frozen_days is not None:
            return None
        return self.period_ends_on or self.trial_ends_on or self.starts_on


@dataclass(frozen=True)
class AgentCounts:
    """How many accounts an agent brought, and in how many of them something is active, or suspended."""

    accounts: int
    active: int
    suspended: int


@dataclass(frozen=True)
class Brought:
    """An account that an agent brought."""

    account_id: int
    number: str
    name: str
    opened_at: datetime


def standings(account: int) -> list[Standing]:
    """The subscriptions of an account: those that live, then those that have ended, the newest first."""
    return [_standing(row) for row in _sql.rows("of_account", account=account, subscription=None, most=_MOST)]


def standing(account: int, subscription: UUID) -> Standing:
    """One subscription of an account that the caller may see. Raises NotFound."""
    found = _sql.rows("of_account", account=account, subscription=subscription, most=1)
    if not found:
        message = "The account has no such subscription; choose one of its own."
        raise NotFound(message, field="subscription")
    return _standing(found[0])


def counts_of_agent(person: Person) -> AgentCounts:
    """How the accounts that an agent brought stand. Raises Forbidden."""
    person.require("account.view")
    return AgentCounts(**_sql.row("of_agent", agent=person.scope["agent"], operators=list(person.operators)))


def newest_of_agent(person: Person, *, most: int) -> list[Brought]:
    """The accounts that an agent brought last, the newest first. Raises Forbidden."""
    person.require("account.view")
    rows = _sql.rows("newest_of_agent", agent=person.scope["agent"], operators=list(person.operators), most=most)
    return [Brought(**row) for row in rows]


def _standing(row: dict[str, Any]) -> Standing:
    return Standing(**{**row, "reasons": tuple(names(row["reasons"]))})

"""Writes on one subscription. They run in the caller's transaction, with the account locked."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import TYPE_CHECKING

from abono.base.refusal import Refusal
from abono.base.sql import statements
from abono.features.subscriptions.states import Reason

if TYPE_CHECKING:
    from datetime import datetime
    from decimal import Decimal
    from uuid import UUID

    from abono.features.catalogue.queries import Plan
    from abono.features.operators.queries import Operator
    from abono.kernel.calendars import Grid

_sql = statements("abono.features.subscriptions", "subscriptions")


class UnknownSubscription(Refusal):
    """The account has no such subscription."""

    code = "unknown_subscription"


class SubscriptionEnded(Refusal):
    """The subscription has ended; a new one can be ordered."""

    code = "subscription_ended"


class SubscriptionEnding(Refusal):
    """A cancellation waits for the boundary; until it is taken back there is nothing to change."""

    code = "subscription_ending"


@dataclass(frozen=True)
class Subscription:
    """A subscription as it stands (see models.Subscription)."""

    account_id: int
    id: UUID
    operator_id: int
    plan_id: int
    quantity: Decimal
    state: str
    reasons: int
    early: bool
    starts_on: date
    trial_ends_on: date | None
    cycle: int
    anchor_on: date
    anchor_day: int
    period_starts_on: date | None
    period_ends_on: date | None
    cycle_days: int | None
    paid_until: date | None
    rate_id: int | None
    runs: bool
    fee_due: bool
    frozen_days: int | None
    kept_until: date | None
    paid_from: UUID | None
    paused_on: date | None
    paused_until: date | None
    cancels: bool
    next_plan_id: int | None
    next_quantity: Decimal | None

    @property
    def in_first_wait(self) -> bool:
        """Whether the first decision is still to come: pending or in trial, blocked or not."""
        return self.runs and self.period_starts_on is None

    def overdue(self, today: date) -> bool:
        """Whether the running period has ended and its boundary is still to be dealt with."""
        ends_on = self.period_ends_on or self.trial_ends_on
        return self.runs and self.frozen_days is None and ends_on is not None and ends_on <= today


def find(account: int, subscription: UUID) -> Subscription:
    """A subscription of an account. Raises UnknownSubscription."""
    found = _sql.rows("find", account=account, subscription=subscription)
    if not found:
        message = f"The account has no subscription {subscription}; choose one of its own."
        raise UnknownSubscription(message, field="subscription")
    return Subscription(**found[0])


def find_live(account: int, subscription: UUID) -> Subscription:
    """A subscription of an account that has not ended. Raises UnknownSubscription, SubscriptionEnded."""
    found = find(account, subscription)
    if found.state == "ended":
        message = "The subscription has ended; order a new one."
        raise SubscriptionEnded(message, field="subscription")
    return found


def live_of_account(account: int) -> list[UUID]:
    """The subscriptions of an account that have not ended, the oldest first."""
    return [row["id"] for row in _sql.rows("open_of_account", account=account)]


def add(  # noqa: PLR0913 -- what an order consists of
    account: int,
    operator: Operator,
    plan: Plan,
    grid: Grid,
    *,
    quantity: Decimal,
    unit: str,
    starts_on: date,
    trial_ends_on: date | None,
    now: datetime,
) -> UUID:
    """A new subscription that waits for its first decision; answers its id."""
    first: UUID = _sql.row(
        "add",
        account=account,
        operator=operator.id,
        plan=plan.id,
        quantity=quantity,
        unit=unit,
        now=now,
        state="pending" if trial_ends_on is None else "trial",
        starts_on=starts_on,
        trial_ends_on=trial_ends_on,
        anchor_on=grid.origin,
        anchor_day=grid.day,
        cycle=grid.index_of(trial_ends_on or starts_on),
        look_ahead_hours=plan.look_ahead_hours,
        look_ahead_days=plan.look_ahead_days,
        zone=operator.time_zone,
    )["id"]
    return first


def move(
    subscription: Subscription, *, state: str, reasons: int, cause: str, operator: Operator, now: datetime
) -> None:
    """Change state and reasons, with the line in the history."""
    _sql.run(
        "move",
        account=subscription.account_id,
        subscription=subscription.id,
        state=state,
        reasons=int(reasons),
        unblock_early=not reasons & Reason.FUNDS,
        cause=cause,
        now=now,
        day=operator.day(now),
        zone=operator.time_zone,
    )


def start_pause(subscription: Subscription, *, day: date, until: date | None, frozen_days: int | None) -> None:
    """Remember when a pause began, when it ends by itself, and the paid days it keeps."""
    _sql.run(
        "start_pause",
        account=subscription.account_id,
        subscription=subscription.id,
        day=day,
        until=until,
        frozen_days=frozen_days,
    )


def pauses(subscription: Subscription, today: date) -> list[tuple[date, date]]:
    """The pauses of a subscription so far as half-open days; one that goes on ends today."""
    found: list[tuple[date, date]] = []
    began: date | None = None
    for row in _sql.rows("pauses", account=subscription.account_id, subscription=subscription.id):
        if row["cause"] == "paused":
            began = row["day"]
        elif began is not None:
            found.append((began, row["day"]))
            began = None
    if began is not None:
        found.append((began, today))
    return found


def wait_for_change(subscription: Subscription, plan: int | None, quantity: Decimal | None) -> None:
    """Remember a change for the boundary, or take it back (None)."""
    _sql.run(
        "wait_for_change",
        account=subscription.account_id,
        subscription=subscription.id,
        plan=plan,
        quantity=quantity,
    )


def wait_for_end(subscription: Subscription, *, cancels: bool) -> None:
    """Remember a cancellation for the boundary, or take it back."""
    _sql.run("wait_for_end", account=subscription.account_id, subscription=subscription.id, cancels=cancels)


def replace_plan(subscription: Subscription, plan: int, quantity: Decimal, *, runs: bool) -> None:
    """Another plan or quantity from now on; what waits is forgotten. ``runs``: whether the period goes on running."""
    _sql.run(
        "replace_plan",
        account=subscription.account_id,
        subscription=subscription.id,
        plan=plan,
        quantity=quantity,
        runs=runs,
    )


def replace_grid(subscription: Subscription, grid: Grid, day: date) -> None:
    """Another period grid; the cycle is the one that holds the day."""
    _sql.run(
        "replace_grid",
        account=subscription.account_id,
        subscription=subscription.id,
        anchor_on=grid.origin,
        anchor_day=grid.day,
        cycle=grid.index_of(day),
    )


def end_wait(subscription: Subscription, grid: Grid, day: date) -> None:
    """A trial ends today: the first decision is due, and a full period begins with it."""
    replace_grid(subscription, grid, day)
    _sql.run("end_wait", account=subscription.account_id, subscription=subscription.id, day=day)


def wait_under(subscription: Subscription, plan: Plan, operator: Operator, now: datetime) -> None:
    """A blocked wait goes on under another plan: its end is looked at as that plan says."""
    _sql.run(
        "wait_under",
        account=subscription.account_id,
        subscription=subscription.id,
        look_ahead_hours=plan.look_ahead_hours,
        look_ahead_days=plan.look_ahead_days,
        zone=operator.time_zone,
        now=now,
    )


@dataclass(frozen=True)
class Running:
    """A period that runs: its place in the grid, its days, the length of its full cycle, how far it is paid.

    ``fresh``: it begins, and is not the rest of another. For the others see models.Subscription.
    """

    anchor_on: date
    anchor_day: int
    cycle: int
    starts_on: date
    ends_on: date
    cycle_days: int
    fresh: bool = False
    runs: bool = True
    paid_until: date | None = None
    kept_until: date | None = None
    paid_from: UUID | None = None

    def paid(self, plan: Plan, since: date, *, kept_slice: bool) -> Running:
        """The same period, paid to its end or, on a daily plan, to the end of the day whose slice was taken."""
        if plan.charge != "daily":
            return replace(self, paid_until=self.ends_on)
        return replace(self, paid_until=since if kept_slice else since + timedelta(days=1))


def replace_period(
    subscription: Subscription, plan: Plan, operator: Operator, period: Running, *, rate: int, now: datetime
) -> None:
    """Another running period, priced by ``rate``; where it does not run, the return will begin it."""
    _sql.run(
        "replace_period",
        account=subscription.account_id,
        subscription=subscription.id,
        anchor_on=period.anchor_on,
        anchor_day=period.anchor_day,
        cycle=period.cycle,
        starts_on=period.starts_on,
        ends_on=period.ends_on,
        cycle_days=period.cycle_days,
        paid_until=period.paid_until,
        runs=period.runs,
        rate=rate,
        kept_until=period.kept_until,
        paid_from=period.paid_from,
        fresh=period.fresh,
        look_ahead_hours=plan.look_ahead_hours,
        look_ahead_days=plan.look_ahead_days,
        zone=operator.time_zone,
        now=now,
    )

"""Ordering, changing and cancelling a subscription at the counter (semantics.md §3)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING
from uuid import UUID

from django.db import transaction

from abono.base.once import asked, first_answer, keep_answer
from abono.base.refusal import InvalidRequest, Refusal
from abono.base.sql import statements
from abono.base.texts import one_line
from abono.base.trail import record
from abono.features.billing import engine
from abono.features.billing.counter import Desk, counter
from abono.features.billing.counts import count_under
from abono.features.billing.overage import charge_on_use
from abono.features.billing.refunding import book, give_back, paid_from, remaining
from abono.features.catalogue.queries import Amount, Plan, Rate, plan_by_code, plan_by_id, rate_by_id, rate_on
from abono.features.catalogue.settling import settle
from abono.features.ledger import operations as ledger
from abono.features.notices.operations import tell_account
from abono.features.operators.queries import operator_by_id
from abono.features.operators.tree import require_selling
from abono.features.subscriptions import operations as subscriptions
from abono.features.subscriptions.states import Reason
from abono.kernel.charges import slice_amount

if TYPE_CHECKING:
    from datetime import datetime

    from abono.features.subscriptions.operations import Subscription

_sql = statements("abono.features.billing", "orders")
_NOTHING = Amount(0, 0)
_MOST_QUANTITY = Decimal(10) ** 9
LONGEST_UNIT = 100


class CurrencyMismatch(Refusal):
    """The account's currency is not the one the plan is sold in."""

    code = "currency_mismatch"


def subscribe(
    account: int,
    plan_code: str,
    *,
    now: datetime,
    quantity: Decimal = Decimal(1),
    unit: str = "",
    key: str | None = None,
    starts_on: date | None = None,
) -> UUID:
    """Order a plan; the first period is charged at once, or decided when the trial or the wait is over.

    Answers the subscription's id. Raises UnknownPlan, InsufficientFunds (then nothing changed), KeyConflict,
    OperatorBlocked.
    """
    _check_quantity(quantity)
    unit = one_line(unit, "unit", LONGEST_UNIT)
    wanted = asked("subscribe", plan=plan_code, quantity=quantity, unit=unit, starts_on=starts_on)
    plan = _settled_plan(account, plan_code, quantity)
    with counter(account, now) as desk:
        answered = first_answer(account, key, wanted)
        if answered is not None:
            return UUID(answered["subscription"])
        require_selling(desk.operator.id)
        _check_currency(desk)
        _check_price(desk, plan, quantity)
        begins = _begins(desk, starts_on)
        trial_ends_on = begins + timedelta(days=plan.trial_days) if plan.trial_days else None
        subscription = subscriptions.add(
            account,
            desk.operator,
            plan,
            plan.grid(trial_ends_on or begins),
            quantity=quantity,
            unit=unit,
            starts_on=begins,
            trial_ends_on=trial_ends_on,
            now=desk.now,
        )
        if trial_ends_on is None and begins == desk.today:
            _decide_first(desk, subscription)
        keep_answer(account, desk.operator.id, key, wanted, {"subscription": str(subscription)}, desk.now)
        _record(desk, "subscription.order", subscription, {"plan": plan_code, "quantity": quantity, "unit": unit})
        return subscription


def change(
    account: int,
    subscription: UUID,
    *,
    now: datetime,
    plan_code: str | None = None,
    quantity: Decimal | None = None,
    at_period_end: bool = True,
    key: str | None = None,
) -> None:
    """Another plan or quantity, at the boundary or now; the last wish counts, the present plan takes it back.

    Now: the unused part of the paid period is credited and the same part of the new price charged. Raises UnknownPlan,
    UnknownSubscription, SubscriptionEnded, SubscriptionEnding, InsufficientFunds, MoreThanAllowed (then nothing
    changed).
    """
    if quantity is not None:
        _check_quantity(quantity)
    known = subscriptions.find_live(account, subscription)
    wanted = known.quantity if quantity is None else quantity
    new = _settled_plan(account, plan_code, wanted, present=known.plan_id)
    with counter(account, now) as desk:
        asks = {"subscription": subscription, "plan": plan_code, "quantity": quantity, "later": at_period_end}
        if desk.repeats(key, "change", **asks):
            return
        found = subscriptions.find_live(account, subscription)
        if found.cancels:
            message = "The subscription is cancelled and ends at its boundary; take the cancellation back to change it."
            raise subscriptions.SubscriptionEnding(message, field="subscription")
        old = plan_by_id(found.plan_id)
        if wanted != found.quantity:
            _check_price(desk, new, wanted)
        if new.id == old.id and wanted == found.quantity:
            subscriptions.wait_for_change(found, None, None)
        elif found.runs and (at_period_end or found.overdue(desk.today)):
            subscriptions.wait_for_change(found, new.id, wanted)
        else:
            _change_now(desk, found, old, new, wanted)
        desk.money_arrived = True
        _record(desk, "subscription.change", subscription, {"plan": new.code, "quantity": wanted})


def cancel(
    account: int,
    subscription: UUID,
    *,
    now: datetime,
    at_period_end: bool = True,
    prorate_refund: bool = False,
    key: str | None = None,
) -> None:
    """End a subscription at its boundary, or now, with or without the unused days' money.

    Where nothing paid runs, the end is now. Raises UnknownSubscription, SubscriptionEnded.
    """
    with counter(account, now) as desk:
        if desk.repeats(key, "cancel", subscription=subscription, later=at_period_end, refund=prorate_refund):
            return
        found = subscriptions.find_live(account, subscription)
        if at_period_end and found.runs and not (found.in_first_wait and found.starts_on > desk.today):
            subscriptions.wait_for_end(found, cancels=True)
        else:
            _end_now(desk, found, prorate_refund=prorate_refund)
        desk.less_comes_due = True
        _record(desk, "subscription.cancel", subscription, {"now": not at_period_end, "refund": prorate_refund})


def keep(account: int, subscription: UUID, *, now: datetime) -> None:
    """Take a waiting cancellation back: the subscription goes on at its boundary. Repeating it changes nothing.

    Raises UnknownSubscription, SubscriptionEnded.
    """
    with counter(account, now) as desk:
        found = subscriptions.find_live(account, subscription)
        if found.cancels:
            subscriptions.wait_for_end(found, cancels=False)
            _record(desk, "subscription.keep", subscription, {})


def _settled_plan(account: int, plan_code: str | None, quantity: Decimal, *, present: int | None = None) -> Plan:
    """The plan that is asked for (or the present one), its prices worked out for the quantity.

    Done before the account is locked: an order never holds an account while it waits for a plan.
    """
    operator = operator_by_id(ledger.operator_of(account))
    now_sold = None if present is None else plan_by_id(present)
    plan = now_sold if now_sold and plan_code in {None, now_sold.code} else plan_by_code(operator.id, str(plan_code))
    with transaction.atomic():
        settle(operator, plan.id, quantity)
    return plan


def _begins(desk: Desk, starts_on: date | None) -> date:
    if starts_on is not None and starts_on < desk.today:
        message = f"{starts_on} has passed; let the subscription begin today or later."
        raise InvalidRequest(message, field="starts_on", code="out_of_range")
    return starts_on or desk.today


def _decide_first(desk: Desk, subscription: UUID) -> None:
    missing = engine.missing(desk.scope, desk.now, desk.now, subscription)
    if missing:
        raise ledger.InsufficientFunds(missing, desk.account.currency, field="account")


def _end_now(desk: Desk, found: Subscription, *, prorate_refund: bool) -> None:
    plan = plan_by_id(found.plan_id)
    if plan.charge == "arrears":
        engine.close(desk.scope, desk.now, desk.now, found.id)
    elif prorate_refund and found.runs and found.period_starts_on is not None:
        give_back(desk, found)
    if plan.counts:
        engine.close_usage(desk.scope, desk.now, desk.now, found.id)
    subscriptions.move(found, state="ended", reasons=0, cause="ended", operator=desk.operator, now=desk.now)
    tell_account(found.account_id, desk.operator.id, "ended", day=desk.today, now=desk.now, subscription=found.id)


def _change_now(desk: Desk, found: Subscription, old: Plan, new: Plan, quantity: Decimal) -> None:
    found = _with_missed_slices(desk, found, old)
    if old.charge == "arrears" and found.runs and not found.in_first_wait:
        engine.close(desk.scope, desk.now, desk.now, found.id)  # under the plan it was used under
    anew = found.in_first_wait or not _goes_on(found, old, new, desk.today)
    runs = found.runs and not _has_run_out(found, old, new, desk.today)
    carried = count_under(desk, found, old, new, quantity, anew=anew, runs=runs)
    if not old.as_long_as(new) and (not runs or found.in_first_wait):
        # Nothing runs that had an anchor: a full period will start with the return, or with the end of the wait.
        begins = (found.trial_ends_on or found.starts_on) if runs else desk.today
        subscriptions.replace_grid(found, new.full_period_grid(begins), begins)
    if not runs:
        return  # the return costs the new plan
    if found.in_first_wait:
        _end_wait(desk, found, new)
        return
    turn = _turn(desk, found, old, new, rate_on(new.id, quantity, desk.today))
    carried = carried if turn.period.runs else []
    due = turn.charge.gross - turn.credit.gross + sum(row["amount"] for row in carried)
    if due > 0 and new.on_shortfall != "owe":
        ledger.require(found.account_id, due, desk.now)
    if turn.credit.gross:
        ends_on = turn.since + timedelta(days=turn.credit_days)
        book(desk, found, "credit", turn.credit, (turn.since, ends_on), found.rate_id)
    kept_until = turn.since if turn.since > desk.today else None
    period = replace(turn.period, kept_until=kept_until, paid_from=paid_from(desk, found, kept_until))
    if turn.charge.gross:
        book(desk, found, "part", turn.charge, (turn.since, turn.charged_to), turn.rate)
    for row in carried:
        begins = min(desk.today, period.starts_on)
        days = {"starts_on": begins, "ends_on": period.ends_on, "rate_id": turn.rate}
        charge_on_use(desk, found.id, {**row, **days})
    subscriptions.replace_period(found, new, desk.operator, period, rate=turn.rate, now=desk.now)


def _with_missed_slices(desk: Desk, found: Subscription, old: Plan) -> Subscription:
    """A change in a downtime forgives no missed day of a daily plan: its slices are taken first, to today's."""
    first = found.paid_until
    if old.charge != "daily" or found.state != "active" or first is None or first > desk.today:
        return found
    for days in range((desk.today - first).days + 1):
        midnight = desk.operator.midnight(first + timedelta(days=days))
        missing = engine.missing(desk.scope, midnight, desk.now, found.id)
        if missing:
            raise ledger.InsufficientFunds(missing, desk.account.currency, field="account")
    return subscriptions.find_live(found.account_id, found.id)


def _end_wait(desk: Desk, found: Subscription, new: Plan) -> None:
    """From a trial, a new full period starts today; a blocked one goes on waiting, under the new plan."""
    if _stopped(found):
        subscriptions.wait_under(found, new, desk.operator, desk.now)
    else:
        subscriptions.end_wait(found, new.full_period_grid(desk.today), desk.today)
        _decide_first(desk, found.id)


@dataclass(frozen=True)
class _Turn:
    """A change of the running period: what it gives back and costs from ``since`` on, and the period that runs then."""

    since: date
    rate: int
    credit: Amount
    credit_days: int
    charge: Amount
    charged_to: date
    period: subscriptions.Running


def _turn(desk: Desk, found: Subscription, old: Plan, new: Plan, rate: Rate) -> _Turn:
    """Today belongs to the days that remain; on a daily plan today's slice stays and the new price begins tomorrow."""
    since = _changes_on(found, old, desk.today)
    paid = _was_paid(found, old)
    left = remaining(found, since, found.period_ends_on)
    credit = _NOTHING
    if old.charge == "advance" and paid and found.rate_id is not None:
        credit = rate_by_id(found.rate_id).part(left, found.cycle_days or left)
    same = _goes_on(found, old, new, desk.today)
    period = _next_running(found, new, since, same=same)
    # Blocked days take no slice, whatever they are changed to.
    no_slice = since > desk.today or _stopped(found)
    charge = _NOTHING
    if period.runs and (paid or not same):
        charge = _price_of_rest(new, rate, period, since, left if same else None, no_slice=no_slice)
    charged_to = since + timedelta(days=max(left, 1)) if same else period.ends_on
    if new.charge == "daily":
        charged_to = since + timedelta(days=1)
    return _Turn(since, rate.id, credit, left, charge, charged_to, period.paid(new, since, kept_slice=no_slice))


def _changes_on(found: Subscription, old: Plan, today: date) -> date:
    """From which day a change counts: from tomorrow, where today's slice stays or an earlier change let it stay."""
    taken_until = found.paid_until if old.charge == "daily" else None
    return max(today, found.kept_until or today, taken_until or today)


def _stopped(found: Subscription) -> bool:
    """Whether it is blocked by more than the forecast of its next boundary."""
    return found.state == "suspended" and not (found.early and found.reasons == Reason.FUNDS)


def _goes_on(found: Subscription, old: Plan, new: Plan, today: date) -> bool:
    """Whether the running period is kept: its length is the same, and what was paid or frozen of it still counts."""
    frozen_away = found.frozen_days is not None and new.charge != "advance"
    return old.as_long_as(new) and not frozen_away and not _has_run_out(found, old, new, today)


def _has_run_out(found: Subscription, old: Plan, new: Plan, today: date) -> bool:
    """Whether the slices of a blocked daily plan are used up and it is left: nothing paid runs that could go on."""
    unpaid = old.charge == "daily" and _stopped(found) and found.paid_until is not None and found.paid_until <= today
    return unpaid and not (new.charge == "daily" and old.as_long_as(new))


def _was_paid(found: Subscription, old: Plan) -> bool:
    """Whether something paid runs: a free first period is nobody's money."""
    if old.charge != "advance" or found.rate_id is None or rate_by_id(found.rate_id).price == 0:
        return True
    asked = {"account": found.account_id, "subscription": found.id, "since": found.period_starts_on}
    return bool(_sql.row("charged", **asked)["charged"])


def _next_running(found: Subscription, new: Plan, since: date, *, same: bool) -> subscriptions.Running:
    """The period after the change: the same, or a full one that starts with it, unless a block is in its way."""
    if same and found.period_ends_on is not None:
        return subscriptions.Running(
            anchor_on=found.anchor_on,
            anchor_day=found.anchor_day,
            cycle=found.cycle,
            starts_on=since if new.charge == "arrears" else found.period_starts_on or since,
            ends_on=found.period_ends_on,
            cycle_days=found.cycle_days or 1,
        )
    grid = new.full_period_grid(since)
    ends_on = grid.boundary(grid.index_of(since) + 1)
    return subscriptions.Running(
        anchor_on=grid.origin,
        anchor_day=grid.day,
        cycle=grid.index_of(since),
        starts_on=since,
        ends_on=ends_on,
        cycle_days=(ends_on - since).days,
        fresh=True,
        runs=not _stopped(found),
    )


def _price_of_rest(
    new: Plan, rate: Rate, period: subscriptions.Running, since: date, left: int | None, *, no_slice: bool
) -> Amount:
    """What the rest of the period costs at once; ``left`` days of it, or all of it (None)."""
    if new.charge == "arrears" or (new.charge == "daily" and no_slice):
        return _NOTHING
    if new.charge == "daily":
        cycle_starts_on = period.ends_on - timedelta(days=period.cycle_days)
        return rate.taxed(slice_amount(rate.price, (since - cycle_starts_on).days + 1, period.cycle_days))
    return rate.full if left is None else rate.part(left, period.cycle_days)


def _check_quantity(quantity: Decimal) -> None:
    if not 0 < quantity <= _MOST_QUANTITY:
        message = f"Give a quantity above 0 and up to {_MOST_QUANTITY:,.0f}."
        raise InvalidRequest(message, field="quantity", code="out_of_range")


def _check_price(desk: Desk, plan: Plan, quantity: Decimal) -> None:
    """So small a part of a plan that its price rounds to nothing would grant its services for nothing."""
    if quantity < 1:
        rate = rate_on(plan.id, quantity, desk.today)
        if rate.price > 0 and rate.full.gross == 0:
            message = "So little of the plan would cost nothing; give a larger quantity."
            raise InvalidRequest(message, field="quantity", code="out_of_range")


def _check_currency(desk: Desk) -> None:
    if desk.account.currency != desk.operator.currency:
        message = f"The plan is sold in {desk.operator.currency}; the account is kept in {desk.account.currency}."
        raise CurrencyMismatch(message, field="plan")


def _record(desk: Desk, action: str, subscription: UUID, after: dict[str, object]) -> None:
    record(
        action, str(subscription), operator=desk.operator.id, account=desk.account.account_id, at=desk.now, after=after
    )

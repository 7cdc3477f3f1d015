"""Previews: what an operation on an account would do, by the operation itself, which is undone."""

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Literal

from ninja import Body as FromBody
from pydantic import Field, RootModel

from abono.features.billing import blocks, money, orders
from abono.features.billing.previews import Preview as Seen
from abono.features.billing.previews import preview
from abono.features.subscriptions.access import find_subscription
from abono.interfaces.api.amounts import AtMost, bounded
from abono.interfaces.api.calls import Call, endpoint
from abono.interfaces.api.payments import Adjustment, CreditLimit, Payment, Promise
from abono.interfaces.api.reaching import reach
from abono.interfaces.api.subscriptions import Cancellation, Change, Order, Pause, Return
from abono.interfaces.api.values import Amount, Answer, Body, Code, Currency, Day, Id, Key, Unit
from abono.kernel.money import format_amount, parse_amount

Act = Callable[[], object]


class OrderPreview(Order):
    """A subscription that would be ordered."""

    action: Literal["subscribe"]


class ChangePreview(Change):
    """A subscription that would be changed."""

    action: Literal["change"]
    subscription: Key


class CancellationPreview(Cancellation):
    """A subscription that would be cancelled."""

    action: Literal["cancel"]
    subscription: Key


class PausePreview(Pause):
    """A subscription that would be paused."""

    action: Literal["pause"]
    subscription: Key


class SubscriptionPreview(Body):
    """Something else that would be done to a subscription."""

    action: Literal["keep", "block"]
    subscription: Key


class ReturnPreview(Return):
    """A subscription that might return."""

    action: Literal["resume", "unblock"]
    subscription: Key


class AccountPreview(Body):
    """All subscriptions of the account that would be blocked."""

    action: Literal["block_account"]


class AccountReturnPreview(Return):
    """All subscriptions of the account that might return."""

    action: Literal["unblock_account"]


class PaymentPreview(Payment):
    """Money that would arrive or be paid out."""

    action: Literal["payment", "refund"]


class AdjustmentPreview(Adjustment):
    """A balance that would be corrected."""

    action: Literal["adjustment"]


class CreditLimitPreview(CreditLimit):
    """A credit limit that would be set."""

    action: Literal["credit_limit"]


class PromisePreview(Promise):
    """A promise that would be taken."""

    action: Literal["promise"]


Asked = (
    OrderPreview
    | ChangePreview
    | CancellationPreview
    | PausePreview
    | SubscriptionPreview
    | ReturnPreview
    | AccountPreview
    | AccountReturnPreview
    | PaymentPreview
    | AdjustmentPreview
    | CreditLimitPreview
    | PromisePreview
)


class Wanted(RootModel[Asked]):
    """The operation, by its `action`, with the fields of its own endpoint."""

    root: Annotated[Asked, Field(discriminator="action")]


class PlannedCharge(Answer):
    """A charge that would be made; negative: given back."""

    starts_on: Day
    ends_on: Annotated[Day, Field(examples=["2026-03-01"])]
    amount: Annotated[Amount, Field(examples=["50.00"])]
    kind: Annotated[str, Field(examples=["period"])]


class PlannedMove(Answer):
    """A subscription whose state would change."""

    subscription: Key
    plan: Code
    unit: Unit
    state_from: Annotated[str, Field(examples=["suspended"])]
    state_to: Annotated[str, Field(examples=["active"])]


class NextCharge(Answer):
    """The charge that would come next."""

    on: Day
    amount: Annotated[Amount, Field(examples=["50.00"])]


class RefusedBy(Answer):
    """Why the operation would be refused."""

    code: Annotated[str, Field(examples=["insufficient_funds"])]
    detail: str
    field: str | None


class Preview(Answer):
    """What an operation would do. If money is missing, the figures are those with `short_by` more, without it."""

    currency: Currency
    at_once: Annotated[Amount, Field(description="By what the balance would change.", examples=["-50.00"])]
    balance: Amount
    available: Amount
    charges: list[PlannedCharge]
    moves: list[PlannedMove]
    next: NextCharge | None
    short_by: Annotated[Amount, Field(examples=["0.00"])]
    refusal: Annotated[RefusedBy | None, Field(examples=[None])]


RIGHTS = {
    "subscribe": "subscription.create",
    "change": "subscription.change",
    "cancel": "subscription.cancel",
    "keep": "subscription.cancel",
    "pause": "subscription.pause",
    "resume": "subscription.pause",
    "block": "account.block",
    "unblock": "account.block",
    "block_account": "account.block",
    "unblock_account": "account.block",
    "payment": "payment.create",
    "refund": "payment.create",
    "adjustment": "payment.adjust",
    "credit_limit": "payment.adjust",
    "promise": "promise.create",
}
"""A preview needs the right of what it previews."""


@endpoint(
    "POST", "/accounts/{account}/previews", right="account.view", tag="Subscriptions", answer=Preview, writes=False
)
def preview_operation(request: Call, account: Id, body: Annotated[Wanted, FromBody()]) -> Preview:
    """Ask what an operation would do.

    The operation itself is done and undone: what is answered is what it will do at this moment. A refusal is part of
    the answer. Needs the right of the operation as well.
    """
    asked = body.root
    right = RIGHTS[asked.action]
    request.person.require(right)
    currency = reach(request, account, right).currency
    subscription = getattr(asked, "subscription", None)
    if subscription is not None:
        find_subscription(request.person, account, subscription, right=right)
    act = _act(request, account, currency, asked)

    def act_within() -> None:
        with bounded(account, currency, asked if isinstance(asked, AtMost) else AtMost(), None):
            act()

    return _shown(preview(account, request.now, act_within))


def _act(request: Call, account: int, currency: str, asked: Asked) -> Act:
    """The operation that is asked about."""
    now = request.now
    match asked:
        case OrderPreview():
            quantity = Decimal(asked.quantity)
            return lambda: orders.subscribe(
                account, asked.plan, now=now, quantity=quantity, unit=asked.unit, starts_on=asked.starts_on
            )
        case ChangePreview() | CancellationPreview() | PausePreview() | SubscriptionPreview() | ReturnPreview():
            return _act_on_subscription(account, asked, now)
        case AccountPreview() | AccountReturnPreview():
            act = blocks.block if asked.action == "block_account" else blocks.unblock
            return lambda: act(account, now=now)
        case PromisePreview():
            amount, fee = (parse_amount(getattr(asked, name), currency, name) for name in ("amount", "fee"))
            return lambda: money.promise(account, amount, asked.days, now=now, fee=fee)
    amount = parse_amount(asked.amount, currency, "amount")
    acts: dict[str, Act] = {
        "payment": lambda: money.pay(account, amount, now=now),
        "refund": lambda: money.refund(account, amount, now=now),
        "adjustment": lambda: money.adjust(account, amount, now=now),
        "credit_limit": lambda: money.set_credit_limit(account, amount, now=now),
    }
    return acts[asked.action]


def _act_on_subscription(
    account: int,
    asked: ChangePreview | CancellationPreview | PausePreview | SubscriptionPreview | ReturnPreview,
    now: datetime,
) -> Act:
    one = asked.subscription
    match asked:
        case ChangePreview():
            quantity = None if asked.quantity is None else Decimal(asked.quantity)
            later = asked.when == "period_end"
            return lambda: orders.change(
                account, one, now=now, plan_code=asked.plan, quantity=quantity, at_period_end=later
            )
        case CancellationPreview():
            later, back = asked.when == "period_end", asked.refund == "prorated"
            return lambda: orders.cancel(account, one, now=now, at_period_end=later, prorate_refund=back)
        case PausePreview():
            return lambda: blocks.pause(account, one, now=now, until=asked.until)
        case SubscriptionPreview() | ReturnPreview():
            acts: dict[str, Act] = {
                "keep": lambda: orders.keep(account, one, now=now),
                "resume": lambda: blocks.resume(account, one, now=now),
                "block": lambda: blocks.block(account, now=now, subscription=one),
                "unblock": lambda: blocks.unblock(account, now=now, subscription=one),
            }
            return acts[asked.action]


def _shown(seen: Seen) -> Preview:
    def told(minor: int) -> str:
        return format_amount(minor, seen.currency)

    return Preview(
        currency=seen.currency,
        at_once=told(seen.at_once),
        balance=told(seen.balance),
        available=told(seen.available),
        charges=[
            PlannedCharge(starts_on=each.starts_on, ends_on=each.ends_on, amount=told(each.amount), kind=each.kind)
            for each in seen.charges
        ],
        moves=[
            PlannedMove(
                subscription=each.subscription_id,
                plan=each.plan_code,
                unit=each.unit,
                state_from=each.state_from,
                state_to=each.state_to,
            )
            for each in seen.moves
        ],
        next=None if seen.next is None else NextCharge(on=seen.next.on, amount=told(seen.next.amount)),
        short_by=told(seen.short_by),
        refusal=None
        if seen.refusal is None
        else RefusedBy(code=seen.refusal.code, detail=seen.refusal.message, field=seen.refusal.field),
    )

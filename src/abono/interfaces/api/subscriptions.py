"""Subscriptions: ordered, changed, cancelled, paused, blocked, and what comes next."""

from collections.abc import Callable
from decimal import Decimal
from typing import Annotated, Literal
from uuid import UUID

from django.http import HttpResponse
from ninja import Query
from pydantic import BaseModel, Field

from abono.base.paging import Page
from abono.features.billing import blocks, orders
from abono.features.subscriptions.access import find_subscription
from abono.features.subscriptions.queries import SubscriptionRow, list_subscriptions, page_of_account
from abono.interfaces.api.amounts import AtMost, Bounded, bounded
from abono.interfaces.api.calls import Call, endpoint
from abono.interfaces.api.lists import Listed
from abono.interfaces.api.payments import booking_key
from abono.interfaces.api.reaching import reach
from abono.interfaces.api.replies import Reply, made
from abono.interfaces.api.values import (
    Answer,
    Body,
    Code,
    Currency,
    Cursor,
    Day,
    Id,
    Instant,
    Key,
    Number,
    Paging,
    Quantity,
    Search,
    Unit,
    plain,
)

TAG = "Subscriptions"
OF_ACCOUNT = "/accounts/{account}/subscriptions"
ONE = f"{OF_ACCOUNT}/{{subscription}}"
State = Literal["pending", "trial", "active", "suspended", "ended"]


class Subscription(Answer):
    """A plan that an account has. Days are half-open: `ends_on` is the day after the last."""

    account: Id
    id: Key
    operator: Id
    number: Number
    currency: Currency
    plan: Code
    quantity: Quantity
    unit: Unit
    state: Annotated[State, Field(examples=["active"])]
    reasons: Annotated[
        list[str], Field(description="Why it is suspended: funds, customer, staff, vendor, parent.", examples=[[]])
    ]
    starts_on: Day
    trial_ends_on: Annotated[Day | None, Field(examples=[None])]
    period_starts_on: Day | None
    period_ends_on: Annotated[Day | None, Field(examples=["2026-03-01"])]
    paid_until: Annotated[Day | None, Field(examples=["2026-03-01"])]
    paused_on: Annotated[Day | None, Field(examples=[None])]
    paused_until: Annotated[Day | None, Field(examples=[None])]
    cancels: Annotated[bool, Field(description="Whether it ends at the boundary.")]
    next_plan: Annotated[Code | None, Field(description="What it changes to at the boundary.", examples=[None])]
    next_quantity: Annotated[Quantity | None, Field(examples=[None])]
    ordered_at: Instant
    ended_on: Annotated[Day | None, Field(examples=[None])]


class Subscriptions(Answer):
    """A page of subscriptions."""

    items: list[Subscription]
    next: Cursor | None


class SubscriptionFilter(Paging):
    """Which subscriptions."""

    search: Annotated[Search, Field(description="Begins the account's number, a word of its name, or the unit.")] = ""
    state: Annotated[State | None, Field(description="In one state only.")] = None
    plan: Annotated[Code | None, Field(description="Of one plan only.")] = None
    operator: Annotated[Id | None, Field(description="Of one operator only.")] = None


class Order(AtMost):
    """A plan to subscribe to."""

    plan: Code
    quantity: Quantity = "1"
    unit: Annotated[Unit, Field(description="What it is for: a camera, a line, a device.")] = ""
    starts_on: Annotated[Day | None, Field(description="Today if not given; not in the past.")] = None


class Change(Bounded):
    """Another plan or quantity; the present ones take a waiting change back."""

    plan: Code | None = None
    quantity: Quantity | None = None
    when: Annotated[Literal["now", "period_end"], Field(examples=["period_end"])] = "period_end"


class Cancellation(Bounded):
    """How to end."""

    when: Annotated[Literal["now", "period_end"], Field(examples=["period_end"])] = "period_end"
    refund: Annotated[
        Literal["none", "prorated"], Field(description="What of the unused days, if it ends now.", examples=["none"])
    ] = "none"


class Pause(AtMost):
    """How long."""

    until: Annotated[
        Day | None, Field(description="It goes on at this day's midnight; if not given, when resumed.")
    ] = None


class Nothing(Body):
    """There is nothing to say; send `{}`."""


class Return(AtMost):
    """Something that may return, and be charged for it; `{}` is enough."""


def subscription_of(row: SubscriptionRow) -> Subscription:
    """A subscription as it is answered."""
    same = (
        "id", "number", "currency", "unit", "state", "starts_on", "trial_ends_on", "period_starts_on",
        "period_ends_on", "paid_until", "paused_on", "paused_until", "cancels", "ordered_at", "ended_on",
    )  # fmt: skip
    return Subscription(
        account=row.account_id,
        operator=row.operator_id,
        plan=row.plan_code,
        quantity=plain(row.quantity),
        reasons=list(row.reasons),
        next_plan=row.next_plan_code,
        next_quantity=None if row.next_quantity is None else plain(row.next_quantity),
        **{name: getattr(row, name) for name in same},
    )


@endpoint(
    "GET", "/subscriptions", right="subscription.view", tag=TAG, answer=Subscriptions, csv=True, refusals=("not_found",)
)
def list_of_subscriptions(request: Call, wanted: Query[SubscriptionFilter]) -> Reply | HttpResponse:
    """List and search subscriptions.

    The newest of an operator first; a search lists the best kind of match first. As CSV with `Accept: text/csv`.
    """

    def ask(after: str | None, limit: int) -> Page[SubscriptionRow]:
        return list_subscriptions(
            request.person,
            state=wanted.state or "",
            plan=wanted.plan or "",
            search=wanted.search,
            operator=wanted.operator,
            after=after,
            limit=limit,
        )

    return Listed(ask, Subscription, subscription_of, Subscriptions).reply(request, wanted)


@endpoint("GET", OF_ACCOUNT, right="subscription.view", tag=TAG, answer=Subscriptions, csv=True)
def list_subscriptions_of_account(request: Call, account: Id, wanted: Query[Paging]) -> Reply | HttpResponse:
    """List the subscriptions of an account.

    What runs or waits by age, then what has ended. As CSV with `Accept: text/csv`.
    """
    reach(request, account, "subscription.view")
    return _of_account(account).reply(request, wanted)


def _of_account(account: int) -> Listed[SubscriptionRow]:
    def ask(after: str | None, limit: int) -> Page[SubscriptionRow]:
        return page_of_account(account, after=after, limit=limit)

    return Listed(ask, Subscription, subscription_of, Subscriptions)


@endpoint(
    "POST", OF_ACCOUNT, right="subscription.create", tag=TAG, answer=Subscription, status=201,
    refusals=("insufficient_funds", "amount_changed", "currency_mismatch", "unknown_plan"),
)  # fmt: skip
def subscribe(request: Call, account: Id, body: Order) -> Reply:
    """Subscribe to a plan.

    The first period is charged at once, unless there is a trial or it begins later. If it does not fit, or takes more
    than `at_most`, it is refused.
    """
    row = reach(request, account, "subscription.create")
    with bounded(account, row.currency, body, booking_key(request)):
        subscription = orders.subscribe(
            account,
            body.plan,
            now=request.now,
            quantity=Decimal(body.quantity),
            unit=body.unit,
            key=booking_key(request),
            starts_on=body.starts_on,
        )
    shown = find_subscription(request.person, account, subscription, right="subscription.create")
    return made(subscription_of(shown), f"/accounts/{account}/subscriptions/{subscription}")


@endpoint("GET", ONE, right="subscription.view", tag=TAG, answer=Subscription)
def get_subscription(request: Call, account: Id, subscription: UUID) -> Subscription:
    """Show a subscription.

    With its state, the reasons of a suspension, its period, and what waits for the boundary.
    """
    return subscription_of(find_subscription(request.person, account, subscription))


def _acted(
    request: Call, account: int, subscription: UUID, right: str, act: Callable[[], object], body: AtMost | None = None
) -> Subscription:
    """Do something to a subscription that the person may reach, within its bounds, and show what became of it."""
    row = find_subscription(request.person, account, subscription, right=right)
    with bounded(account, row.currency, body or AtMost(), booking_key(request)):
        act()
    return subscription_of(find_subscription(request.person, account, subscription, right=right))


@endpoint(
    "POST", f"{ONE}/change", right="subscription.change", tag=TAG, answer=Subscription,
    refusals=(
        "insufficient_funds", "amount_changed", "subscription_ended", "subscription_ending", "unknown_plan",
        "quota_exceeded",
    ),
)  # fmt: skip
def change_subscription(request: Call, account: Id, subscription: UUID, body: Change) -> Subscription:
    """Change the plan or the quantity.

    At the boundary, or now: then the unused part of the paid period is credited and the same part of the new price
    charged. The last wish counts; asking for the present plan takes a waiting change back. After a waiting
    cancellation there is nothing to change until it is taken back.
    """

    def act() -> None:
        orders.change(
            account,
            subscription,
            now=request.now,
            plan_code=body.plan,
            quantity=None if body.quantity is None else Decimal(body.quantity),
            at_period_end=body.when == "period_end",
            key=booking_key(request),
        )

    return _acted(request, account, subscription, "subscription.change", act, body)


@endpoint(
    "POST", f"{ONE}/cancel", right="subscription.cancel", tag=TAG, answer=Subscription,
    refusals=("amount_changed", "subscription_ended"),
)  # fmt: skip
def cancel_subscription(request: Call, account: Id, subscription: UUID, body: Cancellation) -> Subscription:
    """End a subscription.

    At the boundary, or now, with or without the money of the unused days. `keep` takes a waiting end back.
    """

    def act() -> None:
        orders.cancel(
            account,
            subscription,
            now=request.now,
            at_period_end=body.when == "period_end",
            prorate_refund=body.refund == "prorated",
            key=booking_key(request),
        )

    return _acted(request, account, subscription, "subscription.cancel", act, body)


@endpoint(
    "POST", f"{ONE}/keep", right="subscription.cancel", tag=TAG, answer=Subscription, refusals=("subscription_ended",)
)
def keep_subscription(request: Call, account: Id, subscription: UUID, body: Nothing) -> Subscription:
    """Take a waiting end back.

    The subscription goes on at its boundary. Repeating it changes nothing.
    """
    return _acted(
        request,
        account,
        subscription,
        "subscription.cancel",
        lambda: orders.keep(account, subscription, now=request.now),
    )


@endpoint(
    "POST", f"{ONE}/pause", right="subscription.pause", tag=TAG, answer=Subscription,
    refusals=("pause_not_allowed", "insufficient_funds", "amount_changed", "subscription_ended"),
)  # fmt: skip
def pause_subscription(request: Call, account: Id, subscription: UUID, body: Pause) -> Subscription:
    """Pause a subscription.

    As the plan allows: its fee is charged, paid days are kept or lost.
    """

    def act() -> None:
        blocks.pause(account, subscription, now=request.now, until=body.until, key=booking_key(request))

    return _acted(request, account, subscription, "subscription.pause", act, body)


@endpoint(
    "POST", f"{ONE}/resume", right="subscription.pause", tag=TAG, answer=Subscription,
    refusals=("not_paused", "pause_not_allowed", "amount_changed", "subscription_ended"),
)  # fmt: skip
def resume_subscription(request: Call, account: Id, subscription: UUID, body: Return) -> Subscription:
    """End a pause.

    What was kept runs again, or the return is tried with the money there is.
    """

    def act() -> None:
        blocks.resume(account, subscription, now=request.now, key=booking_key(request))

    return _acted(request, account, subscription, "subscription.pause", act, body)


@endpoint("POST", f"{ONE}/block", right="account.block", tag=TAG, answer=Subscription, refusals=("subscription_ended",))
def block_subscription(request: Call, account: Id, subscription: UUID, body: Nothing) -> Subscription:
    """Block a subscription.

    It is suspended for the reason `staff` until it is unblocked. Repeating it changes nothing.
    """

    def act() -> None:
        blocks.block(account, now=request.now, subscription=subscription)

    return _acted(request, account, subscription, "account.block", act)


@endpoint(
    "POST", f"{ONE}/unblock", right="account.block", tag=TAG, answer=Subscription,
    refusals=("amount_changed", "subscription_ended"),
)  # fmt: skip
def unblock_subscription(request: Call, account: Id, subscription: UUID, body: Return) -> Subscription:
    """Lift a block of the staff.

    If no other reason remains, the return is tried with the money there is.
    """

    def act() -> None:
        blocks.unblock(account, now=request.now, subscription=subscription)

    return _acted(request, account, subscription, "account.block", act, body)


@endpoint("POST", "/accounts/{account}/block", right="account.block", tag=TAG, answer=Subscriptions)
def block_account(request: Call, account: Id, body: Nothing) -> BaseModel:
    """Block all subscriptions of an account.

    Each is suspended for the reason `staff`. Repeating it changes nothing.
    """
    reach(request, account, "account.block")
    blocks.block(account, now=request.now)
    return _of_account(account).first()


@endpoint(
    "POST", "/accounts/{account}/unblock", right="account.block", tag=TAG, answer=Subscriptions,
    refusals=("amount_changed",),
)  # fmt: skip
def unblock_account(request: Call, account: Id, body: Return) -> BaseModel:
    """Lift the staff's blocks of an account.

    Returns are tried by priority, then age, with the money there is.
    """
    row = reach(request, account, "account.block")
    with bounded(account, row.currency, body, booking_key(request)):
        blocks.unblock(account, now=request.now)
    return _of_account(account).first()

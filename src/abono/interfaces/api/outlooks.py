"""What comes next for an account, and what happened to it."""

from datetime import date
from typing import Annotated, Any, Literal
from uuid import UUID

from django.http import HttpResponse
from ninja import Query
from pydantic import BaseModel, Field

from abono.base.paging import Page
from abono.features.billing.queries import Upcoming, next_charges, outlook, unlocks
from abono.features.notices.queries import NoticeRow, notices_of_account
from abono.features.operators.queries import operator_by_id
from abono.features.subscriptions.queries import Happening, timeline
from abono.interfaces.api.calls import Call, endpoint
from abono.interfaces.api.lists import Listed, part_of
from abono.interfaces.api.reaching import reach
from abono.interfaces.api.replies import Reply
from abono.interfaces.api.values import Amount, Answer, Currency, Cursor, Day, Id, Instant, Key, Paging
from abono.kernel.money import format_amount

TAG = "Outlook"


class UpcomingCharge(Answer):
    """The next charge of a subscription, as the engine will make it with the money there is."""

    subscription: Key
    on: Day
    amount: Amount
    currency: Currency


class UpcomingCharges(Answer):
    """A page of the next charges of an account, in time order."""

    items: list[UpcomingCharge]
    next: Cursor | None


class Unlock(Answer):
    """What brings a suspended subscription back."""

    subscription: Key
    amount: Annotated[Amount, Field(description="The smallest payment with which it returns.", examples=["30.00"])]
    currency: Currency


class Unlocks(Answer):
    """A page of the subscriptions that wait for money."""

    items: list[Unlock]
    next: Cursor | None


class Outlook(Answer):
    """What will be due from an account, and by how much its money falls short of it."""

    days: int
    currency: Currency
    due: Amount
    short_by: Amount


class OutlookFilter(BaseModel):
    """How far ahead."""

    days: Annotated[int, Field(ge=1, le=366, examples=[30])] = 30


class Happened(Answer):
    """Something that happened: a change of state, a notice, or a line of the audit trail.

    Amounts inside `before` and `after` are whole minor units.
    """

    at: Instant
    id: Key
    source: Annotated[Literal["transition", "notice", "trail"], Field(examples=["transition"])]
    kind: Annotated[str, Field(examples=["shortfall"])]
    subscription: Key | None
    actor: Annotated[str, Field(examples=["engine"])]
    origin: Annotated[str, Field(examples=["api"])]
    subject: str
    before: Annotated[dict[str, Any] | None, Field(examples=[{"state": "active", "reasons": []}])]
    after: Annotated[dict[str, Any] | None, Field(examples=[{"state": "suspended", "reasons": ["funds"]}])]


class Timeline(Answer):
    """A page of events."""

    items: list[Happened]
    next: Cursor | None


@endpoint("GET", "/accounts/{account}/upcoming", right="subscription.view", tag=TAG, answer=UpcomingCharges, csv=True)
def list_upcoming(request: Call, account: Id, wanted: Query[Paging]) -> Reply | HttpResponse:
    """List the next charge of every subscription, in time order.

    The engine itself is asked, on copies: what it answers is what it will do if nothing happens in between. As CSV with
    `Accept: text/csv`.
    """
    row = reach(request, account, "subscription.view")
    found = list(next_charges(operator_by_id(row.operator_id), [account], request.now).items())

    def ask(after: str | None, limit: int) -> Page[tuple[UUID, Upcoming]]:
        return part_of(found, after, limit, lambda each: (each[1].on, each[0]), date, UUID)

    def make(each: tuple[UUID, Upcoming]) -> UpcomingCharge:
        key, charge = each
        amount = format_amount(charge.amount, row.currency)
        return UpcomingCharge(subscription=key, on=charge.on, amount=amount, currency=row.currency)

    return Listed(ask, UpcomingCharge, make, UpcomingCharges).reply(request, wanted)


@endpoint("GET", "/accounts/{account}/unlocks", right="subscription.view", tag=TAG, answer=Unlocks, csv=True)
def list_unlocks(request: Call, account: Id, wanted: Query[Paging]) -> Reply | HttpResponse:
    """List what each subscription that waits for money needs.

    A payment of the amount brings it back at once. As CSV with `Accept: text/csv`.
    """
    row = reach(request, account, "subscription.view")
    found = list(unlocks(operator_by_id(row.operator_id), [account], request.now).items())

    def ask(after: str | None, limit: int) -> Page[tuple[UUID, int]]:
        return part_of(found, after, limit, lambda each: (each[0],), UUID)

    def make(each: tuple[UUID, int]) -> Unlock:
        return Unlock(subscription=each[0], amount=format_amount(each[1], row.currency), currency=row.currency)

    return Listed(ask, Unlock, make, Unlocks).reply(request, wanted)


@endpoint("GET", "/accounts/{account}/outlook", right="subscription.view", tag=TAG, answer=Outlook)
def get_outlook(request: Call, account: Id, wanted: Query[OutlookFilter]) -> Outlook:
    """Show what will be due within some days.

    And by how much the account's money falls short of it.
    """
    row = reach(request, account, "subscription.view")
    found = outlook(operator_by_id(row.operator_id), [account], request.now, wanted.days)[account]
    return Outlook(
        days=wanted.days,
        currency=row.currency,
        due=format_amount(found.due, row.currency),
        short_by=format_amount(found.short_by, row.currency),
    )


@endpoint("GET", "/accounts/{account}/timeline", right="account.view", tag=TAG, answer=Timeline, csv=True)
def get_timeline(request: Call, account: Id, wanted: Query[Paging]) -> Any:
    """List what happened to an account, the newest first.

    Changes of state, notices and what people and programs did, in one list.
    """
    reach(request, account, "account.view")

    def ask(after: str | None, limit: int) -> Page[Happening]:
        return timeline(account, after, limit)

    def make(row: Happening) -> Happened:
        same = {name: getattr(row, name) for name in Happened.model_fields if name != "subscription"}
        return Happened(subscription=row.subscription_id, **same)

    return Listed(ask, Happened, make, Timeline).reply(request, wanted)


class Notice(Answer):
    """What the subscriber was told. Amounts in `payload` are whole minor units."""

    id: Key
    kind: Annotated[str, Field(examples=["charge_due"])]
    subscription: Key | None
    sent_on: Day
    made_at: Instant
    payload: Annotated[dict[str, Any], Field(examples=[{"amount": 5000}])]


class Notices(Answer):
    """A page of notices, the newest first."""

    items: list[Notice]
    next: Cursor | None


@endpoint("GET", "/accounts/{account}/notices", right="account.view", tag=TAG, answer=Notices, csv=True)
def list_of_notices(request: Call, account: Id, wanted: Query[Paging]) -> Any:
    """List what the subscriber was told, the newest first.

    Dated the civil day of sending. As CSV with `Accept: text/csv`.
    """
    reach(request, account, "account.view")

    def ask(after: str | None, limit: int) -> Page[NoticeRow]:
        return notices_of_account(account, cursor=after, limit=limit)

    def make(row: NoticeRow) -> Notice:
        same = {name: getattr(row, name) for name in ("id", "kind", "sent_on", "made_at", "payload")}
        return Notice(subscription=row.subscription_id, **same)

    return Listed(ask, Notice, make, Notices).reply(request, wanted)

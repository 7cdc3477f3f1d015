"""Money of an account: the statement, payments, refunds, adjustments, the credit limit and promises."""

from typing import Annotated, Any, Literal

from django.http import HttpResponse
from ninja import Query
from pydantic import Field

from abono.base.paging import Page
from abono.features.accounts.queries import AccountRow
from abono.features.billing import money
from abono.features.billing.payments import PaymentRow, list_payments
from abono.features.ledger.queries import EntryRow, statement
from abono.interfaces.api.amounts import AtMost, bounded
from abono.interfaces.api.calls import Call, endpoint
from abono.interfaces.api.lists import Listed
from abono.interfaces.api.once import key_of
from abono.interfaces.api.reaching import reach
from abono.interfaces.api.replies import Reply
from abono.interfaces.api.values import (
    Amount,
    Answer,
    Body,
    Currency,
    Cursor,
    Day,
    Id,
    Instant,
    Key,
    Number,
    Paging,
    Positive,
    Text,
    Whole,
)
from abono.kernel.money import format_amount, parse_amount

TAG = "Payments"


class Balance(Answer):
    """What an account has and may spend; `available` = balance + credit limit + granted - held."""

    currency: Currency
    balance: Amount
    credit_limit: Annotated[Amount, Field(examples=["0.00"])]
    granted: Annotated[Amount, Field(examples=["0.00"])]
    held: Annotated[Amount, Field(examples=["0.00"])]
    available: Amount


class Booked(Balance):
    """An entry that was booked, and what the account has after it and all that followed from it."""

    entry: Key


class Entry(Answer):
    """An entry of the statement, with the balance after it. Credits are positive."""

    id: Key
    booked_on: Day
    booked_at: Instant
    kind: Annotated[str, Field(description="payment, charge, reversal, fee, refund, adjustment", examples=["charge"])]
    amount: Annotated[Amount, Field(examples=["-50.00"])]
    balance: Annotated[Amount, Field(examples=["20.00"])]
    currency: Currency
    text: Annotated[str, Field(examples=[""])]
    subscription: Annotated[Key | None, Field(description="What was charged, if it is a charge.")]
    starts_on: Annotated[Day | None, Field(description="The first day that was charged for.")]
    ends_on: Annotated[Day | None, Field(description="The day after the last.", examples=["2026-03-01"])]
    reverses: Annotated[Key | None, Field(description="The entry that it undoes.", examples=[None])]


class Statement(Answer):
    """A page of entries."""

    items: list[Entry]
    next: Cursor | None


class StatementFilter(Paging):
    """Which entries: booked on the half-open days."""

    since: Annotated[Day | None, Field(description="The first day.")] = None
    until: Annotated[Day | None, Field(description="The day after the last.")] = None


class Movement(Answer):
    """A payment, a refund or an adjustment. Credits are positive."""

    id: Key
    account: Id
    operator: Id
    number: Number
    booked_on: Day
    booked_at: Instant
    kind: Annotated[Literal["payment", "refund", "adjustment"], Field(examples=["payment"])]
    amount: Annotated[Amount, Field(examples=["50.00"])]
    currency: Currency
    text: Annotated[str, Field(examples=["Bank transfer 4711"])]


class Movements(Answer):
    """A page of payments."""

    items: list[Movement]
    next: Cursor | None


class MovementFilter(StatementFilter):
    """Which payments."""

    kind: Annotated[Literal["payment", "refund", "adjustment"] | None, Field(description="Of one kind only.")] = None


class Payment(Body):
    """Money that arrives or is paid out."""

    amount: Annotated[Positive, Field(description="Above 0, in the account's currency.")]
    text: Text = ""


class Adjustment(Body):
    """A correction of the balance."""

    amount: Annotated[Amount, Field(description="What is added; negative: what is taken. Not 0.", examples=["-12.50"])]
    text: Text = ""


class CreditLimit(Body):
    """How far an account may go below 0 for good."""

    amount: Annotated[Positive, Field(examples=["100.00"])]


class Promise(AtMost):
    """A promised payment: credit for a time, for a fee."""

    amount: Positive
    days: Annotated[
        Whole,
        Field(ge=1, le=366, description="Until the midnight so many days later, 24 hours away or more.", examples=[5]),
    ]
    fee: Annotated[Positive, Field(description="Charged at once.", examples=["0"])] = "0"


def balance_of(row: AccountRow) -> dict[str, str]:
    """The fields of a balance."""
    amounts = ("balance", "credit_limit", "granted", "held", "available")
    return {"currency": row.currency, **{name: format_amount(getattr(row, name), row.currency) for name in amounts}}


def booking_key(request: Call) -> str | None:
    """The key under which the account itself keeps a call, so that another API key does it no second time."""
    key = key_of(request)
    return None if key is None else f"api:{key}"


@endpoint("GET", "/accounts/{account}/balance", right="account.view", tag=TAG, answer=Balance)
def get_balance(request: Call, account: Id) -> Balance:
    """Show what an account has and may spend.

    A charge passes when `available` covers it; equality is enough.
    """
    return Balance(**balance_of(reach(request, account, "account.view")))


@endpoint("GET", "/accounts/{account}/statement", right="payment.view", tag=TAG, answer=Statement, csv=True)
def get_statement(request: Call, account: Id, wanted: Query[StatementFilter]) -> Reply | HttpResponse:
    """List the entries of an account, the newest first.

    Each with the balance after it. As CSV with `Accept: text/csv`.
    """
    found = reach(request, account, "payment.view")

    def ask(after: str | None, limit: int) -> Page[EntryRow]:
        return statement(account, since=wanted.since, until=wanted.until, after=after, limit=limit)

    def make(row: EntryRow) -> Entry:
        shown: dict[str, Any] = {
            name: format_amount(getattr(row, name), found.currency) for name in ("amount", "balance")
        }
        for name in ("id", "booked_on", "booked_at", "kind", "text", "starts_on", "ends_on", "reverses"):
            shown[name] = getattr(row, name)
        return Entry(subscription=row.subscription_id, currency=found.currency, **shown)

    return Listed(ask, Entry, make, Statement).reply(request, wanted)


@endpoint(
    "POST", "/accounts/{account}/payments", right="payment.create", tag=TAG, answer=Booked, status=201,
    refusals=("balance_limit",),
)  # fmt: skip
def pay(request: Call, account: Id, body: Payment) -> Booked:
    """Book a payment.

    It repays a promise first; then what waits for money returns, in the order of priority.
    """
    row = reach(request, account, "payment.create")
    amount = parse_amount(body.amount, row.currency, "amount")
    entry = money.pay(account, amount, now=request.now, key=booking_key(request), text=body.text)
    return Booked(entry=entry, **_after(request, account, "payment.create"))


@endpoint(
    "POST", "/accounts/{account}/refunds", right="payment.create", tag=TAG, answer=Booked, status=201,
    refusals=("insufficient_funds",),
)  # fmt: skip
def refund(request: Call, account: Id, body: Payment) -> Booked:
    """Pay money out to the account's owner.

    Only the account's own money: credit is not paid out.
    """
    row = reach(request, account, "payment.create")
    amount = parse_amount(body.amount, row.currency, "amount")
    entry = money.refund(account, amount, now=request.now, key=booking_key(request), text=body.text)
    return Booked(entry=entry, **_after(request, account, "payment.create"))


@endpoint(
    "POST", "/accounts/{account}/adjustments", right="payment.adjust", tag=TAG, answer=Booked, status=201,
    refusals=("balance_limit",),
)  # fmt: skip
def adjust(request: Call, account: Id, body: Adjustment) -> Booked:
    """Correct the balance.

    What is added counts as money that arrives; what is taken may leave the account in debt.
    """
    row = reach(request, account, "payment.adjust")
    amount = parse_amount(body.amount, row.currency, "amount")
    entry = money.adjust(account, amount, now=request.now, key=booking_key(request), text=body.text)
    return Booked(entry=entry, **_after(request, account, "payment.adjust"))


@endpoint("PUT", "/accounts/{account}/credit-limit", right="payment.adjust", tag=TAG, answer=Balance)
def set_credit_limit(request: Call, account: Id, body: CreditLimit) -> Balance:
    """Set how far an account may go below 0 for good.

    A raised limit lets what waits for money return.
    """
    row = reach(request, account, "payment.adjust")
    amount = parse_amount(body.amount, row.currency, "amount")
    money.set_credit_limit(account, amount, now=request.now)
    return Balance(**_after(request, account, "payment.adjust"))


@endpoint(
    "POST", "/accounts/{account}/promises", right="promise.create", tag=TAG, answer=Balance, status=201,
    refusals=("grant_active", "insufficient_funds", "amount_changed"),
)  # fmt: skip
def promise(request: Call, account: Id, body: Promise) -> Balance:
    """Take a promise to pay.

    Credit of the amount counts from now to the first local midnight that is so many days later and at least 24 hours
    away. There is one at a time; the next payment repays it first.
    """
    row = reach(request, account, "promise.create")
    amount, fee = (parse_amount(getattr(body, name), row.currency, name) for name in ("amount", "fee"))
    with bounded(account, row.currency, body, booking_key(request)):
        money.promise(account, amount, body.days, now=request.now, fee=fee, key=booking_key(request))
    return Balance(**_after(request, account, "promise.create"))


@endpoint("GET", "/payments", right="payment.view", tag=TAG, answer=Movements, csv=True)
def list_of_payments(request: Call, wanted: Query[MovementFilter]) -> Reply | HttpResponse:
    """List payments, refunds and adjustments of all accounts, the newest first.

    As CSV with `Accept: text/csv`.
    """

    def ask(after: str | None, limit: int) -> Page[PaymentRow]:
        kind = wanted.kind or ""
        return list_payments(
            request.person, since=wanted.since, until=wanted.until, kind=kind, after=after, limit=limit
        )

    def make(row: PaymentRow) -> Movement:
        same = {
            name: getattr(row, name) for name in ("id", "number", "currency", "booked_on", "booked_at", "kind", "text")
        }
        return Movement(
            account=row.account_id,
            operator=row.operator_id,
            amount=format_amount(row.amount, row.currency),
            **same,
        )

    return Listed(ask, Movement, make, Movements).reply(request, wanted)


def _after(request: Call, account: int, right: str) -> dict[str, str]:
    """What the account has now; whoever may do the deed may see what it did."""
    return balance_of(reach(request, account, right))

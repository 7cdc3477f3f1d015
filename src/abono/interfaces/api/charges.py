"""Charges: what a subscription was charged, and for which days."""

from typing import Annotated, Literal
from uuid import UUID

from django.http import HttpResponse
from ninja import Query
from pydantic import Field

from abono.base.paging import Page
from abono.features.billing.charges import ChargeRow, charges_of_subscription
from abono.features.subscriptions.access import find_subscription
from abono.interfaces.api.calls import Call, endpoint
from abono.interfaces.api.lists import Listed
from abono.interfaces.api.replies import Reply
from abono.interfaces.api.subscriptions import ONE, TAG
from abono.interfaces.api.values import Amount, Answer, Currency, Cursor, Day, Id, Key, Paging
from abono.kernel.money import format_amount


class Charge(Answer):
    """What an account was charged (negative: given back), and for which half-open days."""

    id: Annotated[Key, Field(description="Its entry's too.")]
    booked_on: Day
    kind: Annotated[Literal["period", "part", "fee", "overage", "credit", "refund"], Field(examples=["period"])]
    starts_on: Day
    ends_on: Annotated[Day, Field(examples=["2026-03-01"])]
    amount: Annotated[Amount, Field(examples=["50.00"])]
    tax: Annotated[Amount, Field(description="The tax in it.", examples=["7.98"])]
    currency: Currency


class Charges(Answer):
    """A page of charges, the newest first."""

    items: list[Charge]
    next: Cursor | None


@endpoint("GET", f"{ONE}/charges", right="payment.view", tag=TAG, answer=Charges, csv=True)
def list_charges(request: Call, account: Id, subscription: UUID, wanted: Query[Paging]) -> Reply | HttpResponse:
    """List what a subscription was charged, the newest first.

    As CSV with `Accept: text/csv`.
    """
    currency = find_subscription(request.person, account, subscription, right="payment.view").currency

    def ask(after: str | None, limit: int) -> Page[ChargeRow]:
        return charges_of_subscription(account, subscription, after=after, limit=limit)

    def make(row: ChargeRow) -> Charge:
        return Charge(
            **{name: getattr(row, name) for name in ("id", "booked_on", "kind", "starts_on", "ends_on")},
            amount=format_amount(row.amount, currency),
            tax=format_amount(row.tax, currency),
            currency=currency,
        )

    return Listed(ask, Charge, make, Charges).reply(request, wanted)

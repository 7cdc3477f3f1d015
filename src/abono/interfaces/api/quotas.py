"""Quotas, entitlements, and reports of use with the events behind every number."""

from datetime import date, timedelta
from typing import Annotated, Any, Literal
from uuid import UUID
from zoneinfo import ZoneInfo

from django.http import HttpResponse
from ninja import Query
from pydantic import Field

from abono.base.paging import Page
from abono.features.operators.queries import operator_by_id
from abono.features.subscriptions.access import find_subscription
from abono.features.usage import reports
from abono.features.usage.access import find_closed, find_entitlements, find_quotas
from abono.features.usage.queries import ClosedPeriod, EventRow, Quota
from abono.interfaces.api.calls import Call, endpoint
from abono.interfaces.api.lists import Listed
from abono.interfaces.api.replies import Reply
from abono.interfaces.api.subscriptions import ONE
from abono.interfaces.api.usage import TAG
from abono.interfaces.api.values import Amount, Answer, Code, Currency, Cursor, Day, Id, Instant, Key, Paging, plain
from abono.interfaces.api.values import Unit as Place
from abono.kernel.money import format_amount

RIGHT = reports.RIGHT
Used = Annotated[str, Field(description="A decimal string in the service's unit.", examples=["12"])]
Unit = Annotated[str, Field(description="Of the service; may be empty.", examples=["page"])]
Turn = Annotated[int, Field(ge=1, le=2**31 - 1, description="The number of the quota period, from 1.", examples=[2])]


class QuotaAnswer(Answer):
    """A service of a subscription in its running quota period; days are half-open."""

    service: Code
    kind: Annotated[Literal["usage", "seats"], Field(examples=["usage"])]
    unit: Unit
    starts_on: Day
    ends_on: Annotated[Day | None, Field(examples=["2026-03-01"])]
    used: Annotated[Used, Field(description="Of seats: how many are taken now.", examples=["12"])]
    included: Annotated[Used, Field(examples=["10"])]
    held: Annotated[Used, Field(description="Reserved; it counts against the limit.", examples=["0"])]
    remaining: Annotated[Used, Field(examples=["0"])]
    over: Annotated[Used, Field(description="Beyond what is included.", examples=["2"])]
    billed: Annotated[
        Used,
        Field(
            description="What would be rated if the period ended now. Of seats as `measured_by` says: the most so far, "
            "those that are taken, or the average over the time that has passed.",
            examples=["12"],
        ),
    ]
    measured_by: Annotated[Literal["peak", "end", "time"] | None, Field(description="Of seats.", examples=[None])]
    packs: Annotated[int, Field(description="As they will be billed.", examples=[1])]
    hard: Annotated[bool, Field(description="Nothing beyond what is included is allowed.", examples=[False])]
    on_use: Annotated[bool, Field(description="A pack is charged as it opens.", examples=[False])]
    by_day: Annotated[bool, Field(description="What is included is so much a day.", examples=[False])]
    pace: Annotated[
        str | None, Field(description="Used a day on average so far; null for seats.", examples=["0.857143"])
    ]
    runs_out_on: Annotated[
        Day | None, Field(description="When it is used up at this pace; null where it lasts.", examples=[None])
    ]


class Quotas(Answer):
    """All quotas of a subscription."""

    items: list[QuotaAnswer]
    next: Cursor | None = None


class EntitlementAnswer(Answer):
    """A service that a subscription brings."""

    subscription: Key
    subscription_unit: Place
    service: Code
    kind: Annotated[Literal["onoff", "usage", "seats"], Field(examples=["onoff"])]
    unit: Unit
    quantity: Annotated[Used, Field(examples=["1"])]
    granted: Annotated[bool, Field(description="Whether it may be had now.", examples=[True])]


class Entitlements(Answer):
    """What all subscriptions of an account that have not ended bring."""

    items: list[EntitlementAnswer]
    next: Cursor | None = None


class QuotaPeriod(Answer):
    """A quota period that is over: half-open days, what was used, and what it cost."""

    service: Code
    unit: Unit
    turn: Turn
    starts_on: Day
    ends_on: Annotated[Day, Field(examples=["2026-03-01"])]
    used: Used
    billed: Annotated[Used, Field(description="What was rated; of seats by their peak: the peak.", examples=["12"])]
    included: Annotated[Used, Field(examples=["10"])]
    over: Annotated[Used, Field(examples=["2"])]
    amount: Annotated[Amount, Field(description="Charged when it was closed.", examples=["5.00"])]
    paid: Annotated[Amount, Field(description="Charged on use before, without tax on top.", examples=["0.00"])]
    currency: Currency


class QuotaPeriods(Answer):
    """A page of quota periods that are over, the newest first."""

    items: list[QuotaPeriod]
    next: Cursor | None


class Event(Answer):
    """An event that was counted."""

    id: Key
    service: Code
    unit: Unit
    time: Annotated[Instant, Field(description="When it happened.")]
    taken_at: Annotated[Instant, Field(description="When it was reported.")]
    quantity: Annotated[Used, Field(description="What it added to the service.")]
    turn: Turn
    counted_on: Annotated[Day | None, Field(description="The day it counts on, where a quota is by the day.")]
    key: Annotated[str | None, Field(examples=["meter-7-000017"])]
    reported: Annotated[Used, Field(description="The quantity that was sent.")]
    reported_as: Annotated[Code, Field(description="The service that was sent.", examples=["prints"])]
    properties: Annotated[dict[str, str] | None, Field(examples=[{"colour": "yes"}])]


class Events(Answer):
    """A page of events, those that were reported last first."""

    items: list[Event]
    next: Cursor | None


class EventsFilter(Paging):
    """Which events."""

    service: Annotated[Code | None, Field(description="Of one service only.")] = None
    turn: Annotated[Turn | None, Field(description="Of one quota period only.")] = None
    day: Annotated[Day | None, Field(description="That happened on one day only.")] = None


class UsageDay(Answer):
    """What a subscription used of a service on a day of its operator."""

    day: Day
    operator: Id
    account: Id
    number: Annotated[str, Field(examples=["100200"])]
    subscription: Key
    subscription_unit: Place
    plan: Code
    service: Code
    unit: Unit
    quantity: Annotated[Used, Field(description="Of seats: by how many more there were.", examples=["12"])]
    events: Annotated[int, Field(description="How many events it is the sum of.", examples=[3])]


class UsageReport(Answer):
    """A page of a report, by account, subscription, service and day."""

    items: list[UsageDay]
    next: Cursor | None


class ReportFilter(Paging):
    """Of which days, and of what."""

    since: Annotated[Day | None, Field(description="The first day; 30 days before the last if not given.")] = None
    until: Annotated[
        Day | None, Field(description="The day after the last, up to 366 days on; tomorrow if not given.")
    ] = None
    account: Annotated[Id | None, Field(description="Of one account only.")] = None
    subscription: Annotated[Key | None, Field(description="Of one subscription only.")] = None
    service: Annotated[Code | None, Field(description="Of one service only.")] = None
    operator: Annotated[Id | None, Field(description="Of one operator only.")] = None


@endpoint("GET", f"{ONE}/quotas", right=RIGHT, tag=TAG, answer=Quotas)
def list_quotas(request: Call, account: Id, subscription: UUID) -> Quotas:
    """Show what is used and left.

    Of every service that is counted, in the running quota period. An event that was accepted is in the answer.
    """
    found = find_quotas(request.person, account, subscription, now=request.now)
    return Quotas(items=[_quota(each) for each in found])


@endpoint("GET", f"{ONE}/quota-periods", right=RIGHT, tag=TAG, answer=QuotaPeriods, csv=True)
def list_quota_periods(request: Call, account: Id, subscription: UUID, wanted: Query[Paging]) -> Reply | HttpResponse:
    """List the quota periods that are over, the newest first.

    With what was used and what it cost. As CSV with `Accept: text/csv`.
    """
    currency = find_subscription(request.person, account, subscription, right=RIGHT).currency

    def ask(after: str | None, limit: int) -> Page[ClosedPeriod]:
        return find_closed(request.person, account, subscription, after=after, limit=limit)

    def make(row: ClosedPeriod) -> QuotaPeriod:
        return QuotaPeriod(
            **_same(row, "service", "unit", "turn", "starts_on", "ends_on"),
            **_plain(row, "used", "billed", "included", "over"),
            amount=format_amount(row.amount, currency),
            paid=format_amount(row.paid, currency),
            currency=currency,
        )

    return Listed(ask, QuotaPeriod, make, QuotaPeriods).reply(request, wanted)


@endpoint("GET", f"{ONE}/usage", right=RIGHT, tag=TAG, answer=Events, csv=True)
def list_usage_events(
    request: Call, account: Id, subscription: UUID, wanted: Query[EventsFilter]
) -> Reply | HttpResponse:
    """List the events of a subscription.

    Those behind a quota (`service`), behind a period that is over (`service` and `turn`), or behind a line of the
    report (`service` and `day`). As CSV with `Accept: text/csv`.
    """

    def ask(after: str | None, limit: int) -> Page[EventRow]:
        return reports.find_events(
            *(request.person, account, subscription),
            service=wanted.service or "",
            turn=wanted.turn,
            day=wanted.day,
            after=after,
            limit=limit,
        )

    def make(row: EventRow) -> Event:
        same = _same(row, "id", "service", "unit", "taken_at", "turn", "counted_on", "key", "properties")
        return Event(
            **same,
            **_plain(row, "quantity", "reported"),
            time=row.at,
            reported_as=row.reported_as or row.service,
        )

    return Listed(ask, Event, make, Events).reply(request, wanted)


@endpoint("GET", "/accounts/{account}/entitlements", right="subscription.view", tag=TAG, answer=Entitlements)
def list_entitlements(request: Call, account: Id) -> Entitlements:
    """Show what an account may have now.

    Every service of every subscription that has not ended, in one question: `granted` while its subscription is in
    trial or active.
    """
    return Entitlements(
        items=[
            EntitlementAnswer(
                subscription=each.subscription_id,
                subscription_unit=each.place,
                quantity=plain(each.quantity),
                **_same(each, "service", "kind", "unit", "granted"),
            )
            for each in find_entitlements(request.person, account, now=request.now)
        ]
    )


@endpoint("GET", "/usage", right=RIGHT, tag=TAG, answer=UsageReport, csv=True, refusals=("not_found", "out_of_range"))
def report_usage(request: Call, wanted: Query[ReportFilter]) -> Reply | HttpResponse:
    """Report what was used.

    By account, subscription, service and day, by the time of the events. The events behind a line are found at the
    subscription's `usage`. As CSV with `Accept: text/csv`.
    """
    asked = _days(request, wanted)

    def ask(after: str | None, limit: int) -> Page[reports.UsedDay]:
        return reports.used_days(request.person, asked, after=after, limit=limit)

    def make(row: reports.UsedDay) -> UsageDay:
        return UsageDay(
            operator=row.operator_id,
            account=row.account_id,
            subscription=row.subscription_id,
            subscription_unit=row.place,
            quantity=plain(row.quantity),
            **_same(row, "day", "number", "plan", "service", "unit", "events"),
        )

    return Listed(ask, UsageDay, make, UsageReport).reply(request, wanted)


def _days(request: Call, wanted: ReportFilter) -> reports.Wanted:
    today = request.now.astimezone(ZoneInfo(operator_by_id(request.person.operator).time_zone)).date()
    until: date = wanted.until or (wanted.since + reports.USUAL if wanted.since else today + timedelta(days=1))
    return reports.Wanted(
        since=wanted.since or until - reports.USUAL,
        until=until,
        account=wanted.account,
        subscription=wanted.subscription,
        service=wanted.service or "",
        operator=wanted.operator,
    )


def _same(row: Any, *names: str) -> dict[str, Any]:
    return {name: getattr(row, name) for name in names}


def _plain(row: Any, *names: str) -> dict[str, Any]:
    return {name: plain(getattr(row, name)) for name in names}


def _quota(row: Quota) -> QuotaAnswer:
    amounts = ("used", "included", "held", "remaining", "over", "billed")
    same = ("service", "kind", "unit", "starts_on", "ends_on", "packs", "hard", "on_use", "by_day", "measured_by")
    return QuotaAnswer(
        **_same(row, *same),
        **_plain(row, *amounts),
        pace=None if row.pace is None else plain(round(row.pace, 6)),
        runs_out_on=row.runs_out_on,
    )

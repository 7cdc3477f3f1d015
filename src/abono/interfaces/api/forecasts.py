"""The forecast: what the engine will charge, and who will not be able to pay."""

from collections import Counter
from typing import Annotated, Any

from django.conf import settings
from ninja import Query
from pydantic import BaseModel, Field

from abono.base.refusal import Refusal
from abono.features.billing.forecast import Forecast as Played
from abono.features.billing.forecast import account_numbers, accounts_due, forecast
from abono.features.billing.forecasts import Kept, ask, find_forecast, kept_forecasts, one_at_a_time
from abono.features.operators.queries import operator_by_id
from abono.interfaces.api.calls import Call, endpoint
from abono.interfaces.api.replies import Reply
from abono.interfaces.api.values import (
    Amount,
    Answer,
    Body,
    Code,
    Currency,
    Cursor,
    Day,
    GivenId,
    Id,
    Instant,
    Number,
    Whole,
)
from abono.kernel.money import format_amount

TAG = "Forecast"
_MOST_STOPS = 1_000


class TooManyAccounts(Refusal):
    """The forecast would take longer than a call may."""

    code = "too_many_accounts"


class ForecastFilter(BaseModel):
    """Whose future, and how far."""

    operator: Annotated[Id | None, Field(description="The key's own operator if not given.")] = None
    days: Annotated[int, Field(ge=1, le=366, examples=[30])] = 30


class ForecastDay(Answer):
    """What will be charged on a day."""

    on: Day
    charges: Annotated[int, Field(examples=[120])]
    amount: Annotated[Amount, Field(examples=["6000.00"])]


class Stop(Answer):
    """A subscription that will stop for want of money."""

    account: Id
    number: Number
    on: Day
    short_by: Annotated[Amount, Field(examples=["30.00"])]


class Forecast(Answer):
    """What will be charged within some days, and who will not be able to pay."""

    operator: Code
    days: Annotated[int, Field(examples=[30])]
    currency: Currency
    charges: Annotated[int, Field(examples=[120])]
    charged: Annotated[Amount, Field(examples=["6000.00"])]
    by_day: list[ForecastDay]
    stopping: Annotated[int, Field(description="How many will stop.", examples=[1])]
    stops: Annotated[list[Stop], Field(description="The first 1,000 of them.")]


@endpoint(
    "GET",
    "/forecast",
    right="forecast.view",
    tag=TAG,
    answer=Forecast,
    refusals=("too_many_accounts", "forecast_running", "not_found"),
)
def get_forecast(request: Call, wanted: Query[ForecastFilter]) -> Forecast:
    """Show what an operator's accounts will be charged.

    The engine itself is asked, on copies. With more accounts than a call can wait for, ask
    the worker: `POST /forecasts`.
    """
    seller = wanted.operator or request.person.operator
    request.person.require_operator(seller)
    house = operator_by_id(seller)
    accounts = accounts_due(house, request.now, wanted.days)
    if accounts * wanted.days > settings.API_MOST_FORECAST:
        message = (
            f"{accounts} accounts are due within {wanted.days} days; ask for fewer, or the worker: POST /forecasts."
        )
        raise TooManyAccounts(message, field="days")
    with one_at_a_time(request.person):
        return _shown(forecast(house, request.now, wanted.days), wanted.days)


def _shown(found: Played, days: int) -> Forecast:
    def told(minor: int) -> str:
        return format_amount(minor, found.currency)

    stops = [row for row in found.outcomes if row["cause"] == "shortfall"]
    numbers = account_numbers([row["account_id"] for row in stops[:_MOST_STOPS]])
    counts = Counter(row["booked_on"] for row in found.charges)
    amounts: Counter[Any] = Counter()
    for row in found.charges:
        amounts[row["booked_on"]] += row["amount"]
    return Forecast(
        operator=found.operator,
        days=days,
        currency=found.currency,
        charges=len(found.charges),
        charged=told(found.charged),
        by_day=[ForecastDay(on=day, charges=count, amount=told(amounts[day])) for day, count in counts.items()],
        stopping=len(stops),
        stops=[
            Stop(
                account=row["account_id"],
                number=numbers[row["account_id"]],
                on=row["day"],
                short_by=told(row["missing"]),
            )
            for row in stops[:_MOST_STOPS]
        ],
    )


class NewForecast(Body):
    """A forecast for the worker to make."""

    operator: Annotated[GivenId | None, Field(description="The key's own operator if not given.")] = None
    days: Annotated[Whole, Field(ge=1, le=366, examples=[30])] = 30


class KeptForecast(Answer):
    """A forecast that was asked for, and what it came to once it is finished."""

    id: Id
    operator: Id
    days: Annotated[int, Field(examples=[30])]
    asked_at: Instant
    asked_by: Annotated[str, Field(examples=["Shop"])]
    finished_at: Instant | None
    error: Annotated[
        str, Field(description="Why it failed, if it did: `too_long`, `worker_ended` or `failed`.", examples=[""])
    ]
    forecast: Annotated[Forecast | None, Field(description="Null until it is finished.")]


class KeptForecasts(Answer):
    """The latest forecasts, the newest first."""

    items: list[KeptForecast]
    next: Cursor | None = None


@endpoint("GET", "/forecasts", right="forecast.view", tag=TAG, answer=KeptForecasts)
def list_forecasts(request: Call) -> KeptForecasts:
    """List the forecasts that were asked for.

    The latest twenty, the newest first.
    """
    return KeptForecasts(items=[_kept(each) for each in kept_forecasts(request.person)])


@endpoint(
    "POST",
    "/forecasts",
    right="forecast.view",
    tag=TAG,
    answer=KeptForecast,
    status=202,
    refusals=("too_many_forecasts", "not_found"),
)
def ask_for_forecast(request: Call, body: NewForecast) -> Reply:
    """Have a forecast made by the worker.

    For any number of accounts; ask for it again until `finished_at` is there.
    """
    made = ask(request.person, body.operator or request.person.operator, body.days, now=request.now)
    return Reply(_kept(find_forecast(request.person, made)), status=202, location=f"/api/v1/forecasts/{made}")


@endpoint("GET", "/forecasts/{forecast}", right="forecast.view", tag=TAG, answer=KeptForecast)
def get_kept_forecast(request: Call, forecast: Id) -> KeptForecast:
    """Show a forecast that was asked for.

    With what it came to, once it is finished.
    """
    return _kept(find_forecast(request.person, forecast))


def _kept(kept: Kept) -> KeptForecast:
    house = operator_by_id(kept.operator_id)
    summary = kept.summary

    def told(minor: int) -> str:
        return format_amount(minor, house.currency)

    came_to = None
    if summary is not None:
        came_to = Forecast(
            operator=house.code,
            days=kept.days,
            currency=house.currency,
            charges=summary["charges"],
            charged=told(summary["amount"]),
            by_day=[
                ForecastDay(on=each["day"], charges=each["charges"], amount=told(each["amount"]))
                for each in summary["days"]
            ],
            stopping=summary["stops"],
            stops=[
                Stop(account=each["account_id"], number=each["number"], on=each["day"], short_by=told(each["missing"]))
                for each in summary["short"]
            ],
        )
    return KeptForecast(
        operator=kept.operator_id,
        forecast=came_to,
        **{name: getattr(kept, name) for name in ("id", "days", "asked_at", "asked_by", "finished_at", "error")},
    )

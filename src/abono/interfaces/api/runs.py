"""Runs of the engine: listed, started, tried again; and the forecast of what they will do."""

from collections import Counter
from typing import Annotated, Any, Literal

from django.conf import settings
from ninja import Query
from pydantic import BaseModel, Field

from abono.base.paging import Page
from abono.base.refusal import Refusal
from abono.features.billing.access import RunRow, find_run, list_runs, run_failures
from abono.features.billing.forecast import Forecast as Played
from abono.features.billing.forecast import account_numbers, accounts_due, forecast
from abono.features.billing.starting import retry_run, start_run
from abono.features.operators.queries import operator_by_id
from abono.interfaces.api.calls import Call, endpoint
from abono.interfaces.api.lists import Listed
from abono.interfaces.api.replies import Reply
from abono.interfaces.api.subscriptions import Nothing
from abono.interfaces.api.values import Amount, Answer, Body, Code, Currency, Cursor, Day, Id, Instant, Number, Paging
from abono.kernel.money import format_amount

TAG = "Runs"
_MOST_STOPS = 1_000


class TooManyAccounts(Refusal):
    """The forecast would take longer than a call may."""

    code = "too_many_accounts"


class Run(Answer):
    """A run as far as it concerns the operators in reach; `operator` null: it was for all."""

    id: Id
    operator: Id | None
    until: Annotated[Instant, Field(description="All work that was due by then.")]
    started_at: Instant
    finished_at: Instant | None
    accounts: Annotated[int, Field(examples=[1000])]
    done: Annotated[int, Field(description="Of these accounts.", examples=[1000])]
    failed: Annotated[int, Field(description="Slices that were given up; their accounts stay due.", examples=[0])]
    totals: Annotated[
        dict[str, int],
        Field(
            description="What was done, by name; amounts in minor units. Of a single run only.",
            examples=[{"charged": 7}],
        ),
    ]


class Runs(Answer):
    """A page of runs, the newest first."""

    items: list[Run]
    next: Cursor | None


class Failure(Answer):
    """Accounts that a run gave up, and why."""

    id: Id
    operator: Id
    first: Annotated[Id, Field(description="The first account.")]
    last: Annotated[Id, Field(description="The last account.")]
    accounts: Annotated[int, Field(examples=[1])]
    attempts: Annotated[int, Field(examples=[3])]
    error: Annotated[str, Field(examples=["integer out of range"])]


class Failures(Answer):
    """What a run gave up."""

    items: list[Failure]
    next: Cursor | None = None


class NewRun(Body):
    """Whose work is to be done."""

    operator: Annotated[Id | None, Field(description="One operator; all the key reaches if not given.")] = None


class Queued(Answer):
    """A job that a worker will do; the run appears in the list when it begins, if anything is due."""

    job: Id
    operators: list[Id]


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
    becomes: Annotated[Literal["suspended", "ended"], Field(examples=["suspended"])]


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


def _run_of(row: RunRow) -> Run:
    same = ("id", "until", "started_at", "finished_at", "accounts", "done", "failed", "totals")
    return Run(operator=row.operator_id, **{name: getattr(row, name) for name in same})


@endpoint("GET", "/runs", right="run.view", tag=TAG, answer=Runs)
def list_of_runs(request: Call, wanted: Query[Paging]) -> Reply:
    """List the runs of the engine, the newest first.

    Those that did something for the operators in reach, with what they did there.
    """

    def ask(after: str | None, limit: int) -> Page[RunRow]:
        return list_runs(request.person, after=after, limit=limit)

    return Listed(ask, Run, _run_of, Runs).page_reply(request, wanted)


@endpoint("GET", "/runs/{run}", right="run.view", tag=TAG, answer=Run)
def get_run(request: Call, run: Id) -> Run:
    """Show a run.

    With its totals; ask again while it works to see it progress.
    """
    return _run_of(find_run(request.person, run))


@endpoint("GET", "/runs/{run}/failures", right="run.view", tag=TAG, answer=Failures)
def list_failures(request: Call, run: Id) -> Failures:
    """List what a run gave up.

    The accounts stay due, and each later run tries them again.
    """
    same = ("id", "first", "last", "accounts", "attempts", "error")
    return Failures(
        items=[
            Failure(operator=each.operator_id, **{name: getattr(each, name) for name in same})
            for each in run_failures(request.person, run)
        ]
    )


@endpoint("POST", "/runs", right="run.start", tag=TAG, answer=Queued, status=202, refusals=("not_found",))
def start_a_run(request: Call, body: NewRun) -> Queued:
    """Let all work that is due be done.

    A worker does it; the engine runs every minute by itself, so that this is seldom needed.
    """
    operators = [body.operator] if body.operator else list(request.person.operators)
    return Queued(job=start_run(request.person, operators, now=request.now), operators=operators)


@endpoint(
    "POST", "/runs/{run}/retry", right="run.start", tag=TAG, answer=Queued, status=202, refusals=("run_not_failed",)
)
def retry_a_run(request: Call, run: Id, body: Nothing) -> Queued:
    """Try again what a run gave up.

    Needs the right `run.view` as well.
    """
    operators = sorted({each.operator_id for each in run_failures(request.person, run)})
    return Queued(job=retry_run(request.person, run, now=request.now), operators=operators)


@endpoint(
    "GET", "/forecast", right="forecast.view", tag=TAG, answer=Forecast, refusals=("too_many_accounts", "not_found")
)
def get_forecast(request: Call, wanted: Query[ForecastFilter]) -> Forecast:
    """Show what an operator's accounts will be charged.

    The engine itself is asked, on copies. With more accounts than a call can wait for, use `abono forecast`.
    """
    seller = wanted.operator or request.person.operator
    request.person.require_operator(seller)
    house = operator_by_id(seller)
    if accounts_due(house, request.now, wanted.days) > settings.API_MOST_FORECAST:
        message = (
            f"More than {settings.API_MOST_FORECAST} accounts are due; ask for fewer days, or run `abono forecast`."
        )
        raise TooManyAccounts(message, field="days")
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
                becomes=row["state_to"],
            )
            for row in stops[:_MOST_STOPS]
        ],
    )

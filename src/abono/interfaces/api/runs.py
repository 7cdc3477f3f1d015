"""Runs of the engine: listed, started, tried again."""

from typing import Annotated

from django.http import HttpResponse
from ninja import Query
from pydantic import Field

from abono.base.paging import Page
from abono.base.refusal import Refusal
from abono.features.billing.access import FailedSlice, RunRow, failures_page, find_run, list_runs, run_failures
from abono.features.billing.runs import request_run
from abono.interfaces.api.calls import Call, endpoint
from abono.interfaces.api.lists import Listed
from abono.interfaces.api.replies import Reply
from abono.interfaces.api.subscriptions import Nothing
from abono.interfaces.api.values import Answer, Cursor, Id, Instant, Paging

TAG = "Runs"


class RunNotFailed(Refusal):
    """There is nothing to try again: nothing of the run failed."""

    code = "run_not_failed"


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
    """A page of what a run gave up."""

    items: list[Failure]
    next: Cursor | None


class Requested(Answer):
    """What was asked of the worker; a run appears in the list when it begins, if anything is due."""

    requested_at: Instant


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


@endpoint("GET", "/runs/{run}/failures", right="run.view", tag=TAG, answer=Failures, csv=True)
def list_failures(request: Call, run: Id, wanted: Query[Paging]) -> Reply | HttpResponse:
    """List what a run gave up.

    The accounts stay due, and each later run tries them again. As CSV with `Accept: text/csv`.
    """
    same = ("id", "first", "last", "accounts", "attempts", "error")

    def ask(after: str | None, limit: int) -> Page[FailedSlice]:
        return failures_page(request.person, run, after=after, limit=limit)

    def make(each: FailedSlice) -> Failure:
        return Failure(operator=each.operator_id, **{name: getattr(each, name) for name in same})

    return Listed(ask, Failure, make, Failures).reply(request, wanted)


@endpoint("POST", "/runs", right="run.start", tag=TAG, answer=Requested, status=202)
def start_run(request: Call, body: Nothing) -> Requested:
    """Let all work that is due be done, of the operators in reach.

    A worker does it at once; the engine runs every minute by itself, so that this is seldom needed.
    """
    request_run(request.person, now=request.now)
    return Requested(requested_at=request.now)


@endpoint(
    "POST", "/runs/{run}/retry", right="run.start", tag=TAG, answer=Requested, status=202, refusals=("run_not_failed",)
)
def retry_run(request: Call, run: Id, body: Nothing) -> Requested:
    """Try again what a run gave up.

    Its accounts have stayed due. Needs the right `run.view` as well.
    """
    if not run_failures(request.person, run):
        message = "Nothing of this run failed; start a new one."
        raise RunNotFailed(message, field="run")
    request_run(request.person, now=request.now)
    return Requested(requested_at=request.now)

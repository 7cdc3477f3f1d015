"""Starting the engine by hand: a job that does all work that is due, of some operators."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction

from abono.base.refusal import Refusal
from abono.base.trail import record
from abono.features.billing.access import run_failures
from abono.features.billing.tasks import advance_operators
from abono.features.operators.queries import operator_by_id

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from abono.features.access.people import Person


class RunNotFailed(Refusal):
    """There is nothing to try again: nothing of the run failed."""

    code = "run_not_failed"


def start_run(person: Person, operators: Collection[int], *, now: datetime) -> int:
    """Let all work that is due by now be done, of these operators of the subtree; answers the job's id.

    The run is a row as soon as a worker begins with it, and none is made if nothing is due. Raises Forbidden, NotFound.
    """
    person.require("run.start")
    for operator in operators:
        person.require_operator(operator)
    with transaction.atomic():
        for operator in operators:
            record("run.start", operator_by_id(operator).code, operator=operator, at=now)
        return int(advance_operators.defer(operators=sorted(operators)))


def retry_run(person: Person, run: int, *, now: datetime) -> int:
    """Try again what a run gave up of the person's operators; answers the job's id. It has stayed due.

    Raises Forbidden, NotFound, RunNotFailed.
    """
    person.require("run.start")
    failed = {each.operator_id for each in run_failures(person, run)}
    if not failed:
        message = "Nothing of this run failed; start a new one."
        raise RunNotFailed(message, field="run")
    return start_run(person, failed, now=now)

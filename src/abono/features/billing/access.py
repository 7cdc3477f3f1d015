"""Runs for a given person: of a run of everybody, only what it did for the person's own operators is told."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from abono.base.paging import Page, checked, page_of
from abono.base.paging import after as place_after
from abono.base.sql import statements
from abono.features.access.people import NotFound

if TYPE_CHECKING:
    from datetime import datetime

    from abono.features.access.people import Person

_sql = statements("abono.features.billing", "lists")
_BIGINT = 2**63


@dataclass(frozen=True)
class RunRow:
    """A run as far as it concerns a person's operators. ``operator_id`` None: it was for all operators.

    Counts are of accounts, ``failed`` of slices; ``totals`` are sums over finished slices (``amount`` in minor units of
    each account's currency), told by ``find_run`` only.
    """

    id: int
    until: datetime
    operator_id: int | None
    started_at: datetime
    finished_at: datetime | None
    accounts: int
    done: int
    open: int
    failed: int
    totals: dict[str, int]


@dataclass(frozen=True)
class FailedSlice:
    """A range of an operator's accounts that a run gave up, and why; they stay due."""

    id: int
    operator_id: int
    first: int
    last: int
    accounts: int
    attempts: int
    error: str


def list_runs(person: Person, *, after: str | None = None, limit: int = 20) -> Page[RunRow]:
    """The runs that did something for the person's operators, the newest first. Raises Forbidden, InvalidRequest."""
    person.require("run.view")
    place = place_after(after, int) or (_BIGINT - 1,)
    rows = _sql.rows("runs", operators=list(person.operators), after=place[0], most=checked(limit) + 1)
    return page_of([RunRow(**row, totals={}) for row in rows], limit, lambda row: (row.id,))


def find_run(person: Person, run_id: int) -> RunRow:
    """A run with its totals. Raises Forbidden, NotFound."""
    person.require("run.view")
    found: list[dict[str, Any]] = []
    if 0 < run_id < _BIGINT:
        found = _sql.rows("run", operators=list(person.operators), run=run_id)
    if not found:
        message = "There is no such run; look it up in the list."
        raise NotFound(message, field="run")
    row = found[0]
    return RunRow(**{**row, "totals": {} if row["totals"] is None else json.loads(row["totals"])})


def run_failures(person: Person, run_id: int) -> list[FailedSlice]:
    """What a run gave up of the person's operators. Raises Forbidden, NotFound."""
    find_run(person, run_id)
    return _failed(person, run_id, 0, None)


def failures_page(person: Person, run_id: int, *, after: str | None = None, limit: int = 50) -> Page[FailedSlice]:
    """The same, page by page. Raises Forbidden, NotFound, InvalidRequest."""
    find_run(person, run_id)
    place = place_after(after, int) or (0,)
    return page_of(_failed(person, run_id, place[0], checked(limit) + 1), limit, lambda row: (row.id,))


def _failed(person: Person, run_id: int, after: int, most: int | None) -> list[FailedSlice]:
    rows = _sql.rows("failed_slices", operators=list(person.operators), run=run_id, after=after, most=most)
    return [FailedSlice(**row) for row in rows]

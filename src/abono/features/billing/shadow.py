"""A forecast runs the engine's own statements on copies of some accounts (see sql/shadow.sql and ADR 5)."""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

from django.db import transaction

from abono.base.sql import marked, statements
from abono.features.billing.engine import Scope, schedule

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from abono.features.operators.queries import Operator

_sql = statements("abono.features.billing", "shadow")
_MANY = 100
_DEEPEST = 2
_depth: ContextVar[int] = ContextVar("depth", default=0)


@contextmanager
def shadow(operator: Operator, accounts: Sequence[int], now: datetime) -> Iterator[Scope]:
    """Inside, every statement of the engine sees copies of these accounts only; nothing real is touched.

    Yields the scope of the copies, with their next instants worked out. Inside another shadow, as for a look-ahead
    that is forecast, its copies are copied as they stand there; that is as deep as it goes.
    """
    if _depth.get() == _DEEPEST:
        message = "a look-ahead of a forecast makes no forecasts of its own"
        raise RuntimeError(message)
    copied = _copies_of_copies if _depth.get() else _copies
    with copied(operator, accounts) as scope, _deeper():
        _sql.run("claim_all", first=scope.first, last=scope.last, claim=scope.claim)
        schedule(scope, now)
        yield scope


@contextmanager
def _copies(operator: Operator, accounts: Sequence[int]) -> Iterator[Scope]:
    with transaction.atomic():
        prepare()
        _sql.run("empty")
        for copy in ("copy_accounts", "copy_grants", "copy_subscriptions", "copy_holds", "copy_counters"):
            _sql.run(copy, accounts=list(accounts))
        _sql.run("enter")
        with marked("shadow"):
            yield Scope(operator, min(accounts), max(accounts))
        _sql.run("leave")
        if len(accounts) > _MANY:
            _sql.run("discard")


def prepare() -> None:
    """Make the tables for copies, if this connection has none; what is made in a transaction goes with it."""
    if not _sql.row("exists")["made"]:
        _sql.run("make")


@contextmanager
def _copies_of_copies(operator: Operator, accounts: Sequence[int]) -> Iterator[Scope]:
    """They live in the same tables, where a savepoint would cost the prepared plans each time it is rolled back."""
    _sql.run("mirror", accounts=list(accounts))
    scope = Scope(operator, -max(accounts), -min(accounts))
    yield scope
    _sql.run("forget", first=scope.first, last=scope.last)


@contextmanager
def _deeper() -> Iterator[None]:
    token = _depth.set(_depth.get() + 1)
    try:
        yield
    finally:
        _depth.reset(token)

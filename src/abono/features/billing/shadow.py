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
_inside: ContextVar[bool] = ContextVar("inside", default=False)


@contextmanager
def shadow(operator: Operator, accounts: Sequence[int], now: datetime) -> Iterator[Scope]:
    """Inside, every statement of the engine sees copies of these accounts only; nothing real is touched.

    Yields the scope of the copies, with their next instants worked out. A shadow inside a shadow copies the real
    accounts again and is not what anybody wants, so it is refused.
    """
    if _inside.get():
        message = "a forecast cannot be made inside a forecast"
        raise RuntimeError(message)
    with transaction.atomic():
        prepare()
        _sql.run("empty")
        for copy in ("copy_accounts", "copy_grants", "copy_subscriptions"):
            _sql.run(copy, accounts=list(accounts))
        _sql.run("enter")
        scope = Scope(operator, min(accounts), max(accounts))
        with marked("shadow"), _shadowing():
            _sql.run("claim_all", claim=scope.claim)
            schedule(scope, now)
            yield scope
        _sql.run("leave")
        if len(accounts) > _MANY:
            _sql.run("discard")


def prepare() -> None:
    """Make the tables for copies, if this connection has none; what is made in a transaction goes with it."""
    if not _sql.row("exists")["made"]:
        _sql.run("make")


@contextmanager
def _shadowing() -> Iterator[None]:
    token = _inside.set(True)
    try:
        yield
    finally:
        _inside.reset(token)

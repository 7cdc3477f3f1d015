"""The world of ``abono bench web``: accounts of a provider and ten operators below it, two subscriptions each."""

from __future__ import annotations

import random
import time
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.db import connection
from psycopg import sql

from abono.base.sql import statements
from abono.features.access.operations import add_membership, add_user
from abono.features.access.queries import memberships_of, person_of
from abono.features.access.rights import Kind, Role
from abono.interfaces.cli.benches.rollover import rolled_operator

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from abono.features.access.people import Person
    from abono.features.operators.queries import Operator

_sql = statements("abono.interfaces.cli.benches", "web")
# Pages ask the clock, so the world is of this month.
NOW = datetime.now(UTC)
_BEGINS = NOW.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
_BOUNDARY = (_BEGINS + timedelta(days=31)).replace(day=1)
_FILLED = (
    "ledger_account",
    "ledger_entry",
    "accounts_profile",
    "accounts_word",
    "subscriptions_subscription",
    "billing_charge",
    "base_trail",
)
_OPERATORS = 10
_SAMPLE = 200


@dataclass
class World:
    """A provider with operators below it, who asks, and accounts that are asked for."""

    operator: Operator
    administrator: Person
    manager: Person
    sample: list[dict[str, Any]]
    chance: random.Random


def world(accounts: int, tell: Callable[[str], None]) -> World:
    """Made set by set; statistics known, pages clean, nothing left to flush."""
    operator = rolled_operator("bench", NOW)
    below = [row["id"] for row in _sql.rows("operators", parent=operator.id, count=_OPERATORS)]
    administrator = _person("administrator", operator.id, Role.ADMINISTRATOR)
    manager = _person("manager", operator.id, Role.MANAGER)
    rates = _sql.rows("rates", operator=operator.id)
    with connection.cursor() as cursor:
        cursor.execute("SET synchronous_commit = off")
    with _without_indexes():
        _fill(accounts, [operator.id, *below], manager, rates, tell)
    with connection.cursor() as cursor:
        cursor.execute("SET synchronous_commit = on")
        cursor.execute("VACUUM ANALYZE")
    chance = random.Random(1)  # noqa: S311 -- which account, not a secret
    chosen = [chance.randint(1, accounts) for _each in range(_SAMPLE)]
    return World(operator, administrator, manager, _sql.rows("sample", accounts=chosen), chance)


def _fill(
    accounts: int,
    operators: list[int],
    manager: Person,
    rates: list[dict[str, Any]],
    tell: Callable[[str], None],
) -> None:
    month = {"begins": _BEGINS, "boundary": _BOUNDARY}
    values: dict[str, dict[str, Any]] = {
        "accounts": {"accounts": accounts, "operators": operators, "boundary": _BOUNDARY},
        "profiles": {"accounts": accounts, "manager": manager.membership, "begins": _BEGINS},
        "numbers": {},
        "words": {},
        "subscriptions": {
            **month,
            "plans": [row["plan"] for row in rates],
            "rates": [row["rate"] for row in rates],
        },
        "entries": {"begins": _BEGINS},
        "charges": {},
        "trail": {},
        "transitions": {},
    }
    for step, given in values.items():
        began = time.perf_counter()
        made = _sql.run(step, **given)
        tell(f"{step}: {made:,} rows in {time.perf_counter() - began:,.0f} s")
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")


@contextmanager
def _without_indexes() -> Iterator[None]:
    found = _sql.rows("indexes", tables=list(_FILLED))
    with connection.cursor() as cursor:
        for row in found:
            cursor.execute(sql.SQL("DROP INDEX {}").format(sql.Identifier(row["indexname"])))
    yield
    with connection.cursor() as cursor:
        for row in found:
            cursor.execute(sql.SQL(row["indexdef"]))


def _person(name: str, operator: int, role: Role) -> Person:
    user = add_user(f"{name}@example.com", now=NOW, name=name)
    add_membership(user, operator, Kind.STAFF, now=NOW, role=role)
    found = person_of(user, name, f"{name}@example.com", "en", memberships_of(user))
    if found is None:
        message = "nobody was let in"
        raise LookupError(message)
    return found

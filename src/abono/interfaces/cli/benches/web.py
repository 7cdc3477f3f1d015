"""``abono bench web``: what lists and pages take, with a million accounts in the database.

Two kinds of figures: ``pages`` are whole requests through the web's own code (sign-in, wall, templates), ``queries``
what their statements take alone. Everything is asked behind the second wall, as in a request.
"""

from __future__ import annotations

import random
import statistics
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.core.management import call_command
from django.db import connection, transaction

from abono.base.scratch import scratch_database
from abono.base.sql import statements
from abono.features.access.operations import add_membership, add_user
from abono.features.access.people import Person, wall_of
from abono.features.access.queries import memberships_of, person_of
from abono.features.access.rights import Kind, Role
from abono.features.accounts.access import find_account
from abono.features.accounts.queries import list_accounts
from abono.features.billing.orders import subscribe
from abono.features.billing.previews import preview
from abono.features.billing.queries import next_charges, outlook, unlocks
from abono.features.catalogue.operations import save_catalogue
from abono.features.catalogue.queries import plan_by_code
from abono.features.catalogue.settling import settle
from abono.features.catalogue.terms import parse_catalogue
from abono.features.ledger.queries import statement
from abono.features.operators.operations import add_operator
from abono.features.operators.queries import operator_by_id
from abono.features.subscriptions.queries import list_subscriptions, subscriptions_of_account, timeline

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from abono.features.operators.queries import Operator

_sql = statements("abono.interfaces.cli.benches", "web")
_BOUNDARY = datetime(2026, 2, 1, tzinfo=UTC)
_NOW = datetime(2026, 1, 20, 12, tzinfo=UTC)
_PLANS = 20
_OPERATORS = 10
_SAMPLE = 200
_WARM_UP = 3


@dataclass
class _World:
    """A provider with operators below it, who asks, and accounts that are asked for."""

    operator: Operator
    administrator: Person
    manager: Person
    sample: list[dict[str, Any]]
    chance: random.Random


@dataclass
class _Measured:
    milliseconds: list[float] = field(default_factory=list)
    queries: set[int] = field(default_factory=set)

    def figures(self) -> dict[str, Any]:
        ordered = sorted(self.milliseconds)
        return {
            "p50_ms": round(statistics.median(ordered), 1),
            "p95_ms": round(ordered[len(ordered) * 95 // 100], 1),
            "queries": max(self.queries),
        }


def bench_web(accounts: int, *, requests: int, tell: Callable[[str], None]) -> dict[str, Any]:
    """p50 and p95 in milliseconds and the most queries of each kind of page, ``requests`` of each."""
    with scratch_database(durable=True):
        call_command("migrate", verbosity=0, interactive=False)
        began = time.perf_counter()
        world = _world(accounts, tell)
        tell(f"{accounts:,} accounts, {2 * accounts:,} subscriptions in {time.perf_counter() - began:,.0f} s")
        return {
            "accounts": accounts,
            "subscriptions": 2 * accounts,
            "requests": requests,
            "queries": _measure(_questions(world), requests, tell),
        }


def _measure(questions: Mapping[str, Callable[[], object]], times: int, tell: Callable[[str], None]) -> dict[str, Any]:
    """Ask every question so often, in turns, so that none has a cache of its own."""
    measured = {name: _Measured() for name in questions}
    for turn in range(times + _WARM_UP):
        for name, ask in questions.items():
            with _counted() as queries:
                began = time.perf_counter()
                ask()
                took = time.perf_counter() - began
            if turn >= _WARM_UP:
                measured[name].milliseconds.append(took * 1000)
                measured[name].queries.add(len(queries))
    figures = {name: one.figures() for name, one in measured.items()}
    for name, one in figures.items():
        tell(f"{name:>34}  p50 {one['p50_ms']:7.1f}  p95 {one['p95_ms']:7.1f} ms  {one['queries']:3} queries")
    return figures


@contextmanager
def _counted() -> Iterator[list[str]]:
    asked: list[str] = []

    def note(execute: Callable[..., Any], text: str, *rest: Any) -> Any:
        asked.append(text)
        return execute(text, *rest)

    with connection.execute_wrapper(note):
        yield asked


def _questions(world: _World) -> dict[str, Callable[[], object]]:
    """The queries of the lists and of an account's page, each for another account every time."""
    one, manager = world.administrator, world.manager

    def some() -> dict[str, Any]:
        return world.chance.choice(world.sample)

    def inside(person: Person, ask: Callable[[dict[str, Any]], object]) -> Callable[[], object]:
        def asked() -> object:
            with wall_of(person):
                return ask(some())

        return asked

    def second_page(person: Person, **narrowed: Any) -> object:
        first = list_accounts(person, now=_NOW, **narrowed)
        return list_accounts(person, now=_NOW, after=first.next, **narrowed)

    questions: dict[str, Callable[[dict[str, Any]], object]] = {
        "accounts": lambda _row: list_accounts(one, now=_NOW),
        "accounts, both first pages": lambda _row: second_page(one),
        "accounts, an operator": lambda row: list_accounts(one, now=_NOW, operator=row["operator_id"]),
        "accounts, suspended": lambda _row: list_accounts(one, now=_NOW, state="suspended"),
        "accounts, negative": lambda _row: list_accounts(one, now=_NOW, state="negative"),
        "accounts by number": lambda row: list_accounts(one, now=_NOW, search=row["number"]),
        "accounts by part of a number": lambda row: list_accounts(one, now=_NOW, search=row["number"][:4]),
        "accounts by a word": lambda row: list_accounts(one, now=_NOW, search=row["name"].split()[1]),
        "accounts by a first name": lambda row: list_accounts(one, now=_NOW, search=row["name"].split()[0]),
        "accounts by both names": lambda row: list_accounts(one, now=_NOW, search=row["name"]),
        "accounts by two letters": lambda row: list_accounts(one, now=_NOW, search=row["name"][:2]),
        "accounts by a unit": lambda row: list_accounts(one, now=_NOW, search=row["unit"]),
        "accounts by any unit": lambda _row: list_accounts(one, now=_NOW, search="camera"),
        "accounts by nothing there": lambda _row: list_accounts(one, now=_NOW, search="nobody at all"),
        "subscriptions": lambda _row: list_subscriptions(one),
        "subscriptions, suspended": lambda _row: list_subscriptions(one, state="suspended"),
        "subscriptions of a plan": lambda _row: list_subscriptions(one, plan="plan-07"),
        "subscriptions by a word": lambda row: list_subscriptions(one, search=row["name"].split()[1]),
        "subscriptions by a unit": lambda row: list_subscriptions(one, search=row["unit"]),
        "account": lambda row: _page(one, row["account_id"]),
        "preview of an order": lambda row: preview(
            row["account_id"], _NOW, lambda: subscribe(row["account_id"], "plan-01", now=_NOW)
        ),
    }
    own: dict[str, Callable[[dict[str, Any]], object]] = {
        "a manager's accounts": lambda _row: list_accounts(manager, now=_NOW),
        "a manager's, suspended": lambda _row: list_accounts(manager, now=_NOW, state="suspended"),
        "a manager's, by a word": lambda row: list_accounts(manager, now=_NOW, search=row["name"][:3]),
        "a manager's subscriptions": lambda _row: list_subscriptions(manager, state="active"),
    }
    return {name: inside(one, ask) for name, ask in questions.items()} | {
        name: inside(manager, ask) for name, ask in own.items()
    }


def _page(person: Person, account: int) -> None:
    """What an account's page asks."""
    found = find_account(person, account, now=_NOW)
    seller = operator_by_id(found.operator_id)
    subscriptions_of_account(account)
    statement(account, limit=20)
    timeline(account, None, 20)
    next_charges(seller, [account], _NOW)
    unlocks(seller, [account], _NOW)
    outlook(seller, [account], _NOW)


def _world(accounts: int, tell: Callable[[str], None]) -> _World:
    """Made set by set; statistics known, pages clean, nothing left to flush."""
    operator = _operator()
    below = [row["id"] for row in _sql.rows("operators", parent=operator.id, count=_OPERATORS)]
    administrator = _person("administrator", operator.id, Role.ADMINISTRATOR)
    manager = _person("manager", operator.id, Role.MANAGER)
    rates = _sql.rows("rates", operator=operator.id)
    with connection.cursor() as cursor:
        cursor.execute("SET synchronous_commit = off")
    values: dict[str, dict[str, Any]] = {
        "accounts": {"accounts": accounts, "operators": [operator.id, *below], "boundary": _BOUNDARY},
        "profiles": {"accounts": accounts, "manager": manager.membership, "boundary": _BOUNDARY},
        "numbers": {},
        "words": {},
        "subscriptions": {
            "boundary": _BOUNDARY,
            "plans": [row["plan"] for row in rates],
            "rates": [row["rate"] for row in rates],
        },
        "entries": {"boundary": _BOUNDARY},
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
    with connection.cursor() as cursor:
        cursor.execute("SET synchronous_commit = on")
        cursor.execute("VACUUM ANALYZE")
    chance = random.Random(1)  # noqa: S311 -- which account, not a secret
    chosen = [chance.randint(1, accounts) for _each in range(_SAMPLE)]
    return _World(operator, administrator, manager, _sql.rows("sample", accounts=chosen), chance)


def _operator() -> Operator:
    terms: dict[str, dict[str, object]] = {
        "services": {"line": {"kind": "onoff"}},
        "plans": {
            f"plan-{number:02}": {"price": f"{number + 5}.90", "period": "month", "anchor": "calendar",
                                  "services": {"line": {}}}
            for number in range(_PLANS)
        },
    }  # fmt: skip
    with transaction.atomic():
        operator = add_operator("bench", "Bench", {"currency": "EUR", "time_zone": "UTC", "tax": "19"})
        save_catalogue(operator, parse_catalogue(terms, "EUR"), now=_NOW)
        for code in terms["plans"]:
            settle(operator, plan_by_code(operator.id, code).id, Decimal(1))
    return operator


def _person(name: str, operator: int, role: Role) -> Person:
    user = add_user(f"{name}@example.com", now=_NOW, name=name)
    add_membership(user, operator, Kind.STAFF, now=_NOW, role=role)
    found = person_of(user, name, f"{name}@example.com", "en", memberships_of(user))
    if found is None:
        message = "nobody was let in"
        raise LookupError(message)
    return found

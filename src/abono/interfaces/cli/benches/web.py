"""``abono bench web``: what lists and pages take, with a million accounts in the database.

Two kinds of figures: ``pages`` are whole requests through the web's own code (sign-in, wall, templates), ``queries``
what their statements take alone. Everything is asked behind the second wall, as in a request.
"""

from __future__ import annotations

import statistics
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.urls import reverse

from abono.base.scratch import scratch_database
from abono.features.access.people import Person, wall_of
from abono.features.accounts.access import find_account
from abono.features.accounts.queries import list_accounts
from abono.features.billing.figures import refresh
from abono.features.billing.orders import subscribe
from abono.features.billing.previews import preview
from abono.features.billing.queries import next_charges, outlook, unlocks
from abono.features.ledger.queries import statement
from abono.features.operators.queries import operator_by_id
from abono.features.subscriptions.queries import list_subscriptions, subscriptions_of_account, timeline
from abono.interfaces.cli.benches.web_world import NOW, World, world

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

_WARM_UP = 3


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
        made = world(accounts, tell)
        refresh(now=NOW)  # as the worker does every few minutes
        tell(f"{accounts:,} accounts, {2 * accounts:,} subscriptions in {time.perf_counter() - began:,.0f} s")
        return {
            "accounts": accounts,
            "subscriptions": 2 * accounts,
            "requests": requests,
            "queries": _measure(_questions(made), requests, tell),
            "pages": _measure(_pages(made), requests, tell),
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


def _questions(made: World) -> dict[str, Callable[[], object]]:
    """The queries of the lists and of an account's page, each for another account every time."""
    one, manager = made.administrator, made.manager
    sold = [row["account_id"] for row in made.sample if row["operator_id"] == made.operator.id]

    def some() -> dict[str, Any]:
        return made.chance.choice(made.sample)

    def inside(person: Person, ask: Callable[[dict[str, Any]], object]) -> Callable[[], object]:
        def asked() -> object:
            with wall_of(person):
                return ask(some())

        return asked

    def second_page(person: Person, **narrowed: Any) -> object:
        first = list_accounts(person, now=NOW, **narrowed)
        return list_accounts(person, now=NOW, after=first.next, **narrowed)

    questions: dict[str, Callable[[dict[str, Any]], object]] = {
        "accounts": lambda _row: list_accounts(one, now=NOW),
        "accounts, both first pages": lambda _row: second_page(one),
        "accounts, an operator": lambda row: list_accounts(one, now=NOW, operator=row["operator_id"]),
        "accounts, suspended": lambda _row: list_accounts(one, now=NOW, state="suspended"),
        "accounts, negative": lambda _row: list_accounts(one, now=NOW, state="negative"),
        "accounts by number": lambda row: list_accounts(one, now=NOW, search=row["number"]),
        "accounts by part of a number": lambda row: list_accounts(one, now=NOW, search=row["number"][:4]),
        "accounts by a word": lambda row: list_accounts(one, now=NOW, search=row["name"].split()[1]),
        "accounts by a first name": lambda row: list_accounts(one, now=NOW, search=row["name"].split()[0]),
        "accounts by both names": lambda row: list_accounts(one, now=NOW, search=row["name"]),
        "accounts by two letters": lambda row: list_accounts(one, now=NOW, search=row["name"][:2]),
        "accounts by a unit": lambda row: list_accounts(one, now=NOW, search=row["unit"]),
        "accounts by any unit": lambda _row: list_accounts(one, now=NOW, search="camera"),
        "accounts by nothing there": lambda _row: list_accounts(one, now=NOW, search="nobody at all"),
        "subscriptions": lambda _row: list_subscriptions(one),
        "subscriptions, suspended": lambda _row: list_subscriptions(one, state="suspended"),
        "subscriptions of a plan": lambda _row: list_subscriptions(one, plan="plan-07"),
        "subscriptions by a word": lambda row: list_subscriptions(one, search=row["name"].split()[1]),
        "subscriptions by a unit": lambda row: list_subscriptions(one, search=row["unit"]),
        "account": lambda row: _page(one, row["account_id"]),
        "preview of an order": lambda _row: _order(made.chance.choice(sold)),
    }
    own: dict[str, Callable[[dict[str, Any]], object]] = {
        "a manager's accounts": lambda _row: list_accounts(manager, now=NOW),
        "a manager's, suspended": lambda _row: list_accounts(manager, now=NOW, state="suspended"),
        "a manager's, by a word": lambda row: list_accounts(manager, now=NOW, search=row["name"][:3]),
        "a manager's subscriptions": lambda _row: list_subscriptions(manager, state="active"),
    }
    return {name: inside(one, ask) for name, ask in questions.items()} | {
        name: inside(manager, ask) for name, ask in own.items()
    }


def _order(account: int) -> None:
    preview(account, NOW, lambda: subscribe(account, "plan-01", now=NOW))


def _pages(made: World) -> dict[str, Callable[[], object]]:
    """Whole requests of somebody who is signed in; an answer other than a page is a mistake."""
    one, manager = _client(made.administrator), _client(made.manager)

    def ask(client: Client, name: str, asked: Callable[[dict[str, Any]], dict[str, str]], *, account: bool) -> None:
        row = made.chance.choice(made.sample)
        address = reverse(name, args=[row["account_id"]] if account else [])
        answer = client.get(address, asked(row), secure=settings.SECURE)
        if answer.status_code != HTTPStatus.OK:
            message = f"{address} answered {answer.status_code}"
            raise LookupError(message)

    lists: dict[str, tuple[Client, str, Callable[[dict[str, Any]], dict[str, str]]]] = {
        "home": (one, "home", lambda _row: {}),
        "accounts": (one, "accounts", lambda _row: {}),
        "accounts, suspended": (one, "accounts", lambda _row: {"state": "suspended"}),
        "accounts, in debt": (one, "accounts", lambda _row: {"state": "negative"}),
        "accounts by number": (one, "accounts", lambda row: {"search": row["number"]}),
        "accounts by a word": (one, "accounts", lambda row: {"search": row["name"].split()[1]}),
        "accounts by a unit": (one, "accounts", lambda row: {"search": row["unit"]}),
        "subscriptions": (one, "subscriptions", lambda _row: {}),
        "subscriptions, suspended": (one, "subscriptions", lambda _row: {"state": "suspended"}),
        "subscriptions of a plan": (one, "subscriptions", lambda _row: {"plan": "plan-07"}),
        "a manager's accounts": (manager, "accounts", lambda _row: {}),
        "a manager's subscriptions": (manager, "subscriptions", lambda _row: {}),
    }
    pages = {name: partial(ask, client, url, asked, account=False) for name, (client, url, asked) in lists.items()}
    for name in ("account", "account_statement", "account_history"):
        pages[name.replace("_", "'s ")] = partial(ask, one, name, lambda _row: {}, account=True)
    return dict(pages)


def _client(person: Person) -> Client:
    client = Client(SERVER_NAME=settings.ALLOWED_HOSTS[0])
    user = get_user_model().objects.get(pk=person.user or 0)
    client.force_login(user, settings.AUTHENTICATION_BACKENDS[0])
    return client


def _page(person: Person, account: int) -> None:
    """What an account's page asks."""
    found = find_account(person, account, now=NOW)
    seller = operator_by_id(found.operator_id)
    subscriptions_of_account(account)
    statement(account, limit=20)
    timeline(account, None, 20)
    next_charges(seller, [account], NOW)
    unlocks(seller, [account], NOW)
    outlook(seller, [account], NOW)

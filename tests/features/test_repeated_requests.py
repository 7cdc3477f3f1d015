"""Requests under a key: done once however often they are sent, and never mistaken for another."""

from __future__ import annotations

import inspect
import pkgutil
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Any

import pytest

import abono.features
from abono.base.refusal import KeyConflict
from abono.base.trail import trail_of_account
from abono.features.accounts.openings import open_once
from abono.features.billing import blocks, money, orders, reserving
from abono.features.billing.blocks import PauseNotAllowed
from abono.features.billing.queries import accounts_now, subscriptions_of
from abono.features.ledger import operations as ledger

from .people import agent
from .worlds import START, account, operator

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from uuid import UUID

pytestmark = pytest.mark.django_db
LATER = START + timedelta(days=10)
CATALOGUE = {
    "services": {"line": {"kind": "onoff"}, "sms": {"kind": "usage"}, "calls": {"kind": "usage"}},
    "plans": {
        "line": {
            "price": "10.00",
            "period": "month",
            "pause": {"mode": "freeze"},
            "services": {"line": {}, "sms": {"included": "9"}, "calls": {"included": "9"}},
        },
        "wide": {"price": "31.00", "period": "month", "pause": {"mode": "none"}, "services": {"line": {}}},
    },
}
REQUESTS: dict[str, Callable[[int, UUID, datetime, str], None]] = {
    "change now": lambda a, s, now, key: orders.change(
        a, s, plan_code="wide", quantity=Decimal(2), at_period_end=False, now=now, key=key
    ),
    "change later": lambda a, s, now, key: orders.change(a, s, plan_code="wide", now=now, key=key),
    "cancel now": lambda a, s, now, key: orders.cancel(
        a, s, at_period_end=False, prorate_refund=True, now=now, key=key
    ),
    "cancel later": lambda a, s, now, key: orders.cancel(a, s, now=now, key=key),
    "pause": lambda a, s, now, key: blocks.pause(a, s, until=date(2026, 1, 20), now=now, key=key),
    "promise": lambda a, _s, now, key: money.promise(a, 500, 3, fee=20, now=now, key=key),
}


def picture(one: int, now: datetime) -> tuple[object, ...]:
    return accounts_now([one], now)[one], subscriptions_of([one]), len(trail_of_account(one, 100))


@pytest.mark.parametrize("name", REQUESTS)
def test_the_same_request_under_a_key_is_done_once(name: str) -> None:
    one = account(operator(CATALOGUE), 20_000)
    subscription = orders.subscribe(one, "line", now=START)
    before = picture(one, LATER)
    REQUESTS[name](one, subscription, LATER, "a")
    done = picture(one, LATER)
    assert done != before
    REQUESTS[name](one, subscription, LATER, "a")
    assert picture(one, LATER) == done
    with pytest.raises(KeyConflict):
        money.adjust(one, 1, now=LATER, key="a")
    assert picture(one, LATER) == done


def test_a_pause_is_ended_once() -> None:
    one = account(operator(CATALOGUE), 20_000)
    subscription = orders.subscribe(one, "line", now=START)
    blocks.pause(one, subscription, now=START)
    for _time in range(2):
        blocks.resume(one, subscription, now=LATER, key="a")
    assert subscriptions_of([one])[subscription]["state"] == "active"


def test_a_refusal_claims_no_key() -> None:
    one = account(operator(CATALOGUE), 20_000)
    subscription = orders.subscribe(one, "wide", now=START)
    with pytest.raises(PauseNotAllowed):
        blocks.pause(one, subscription, now=LATER, key="a")
    orders.cancel(one, subscription, now=LATER, key="a")
    assert [line["action"] for line in trail_of_account(one, 2)] == ["subscription.cancel", "subscription.order"]


@dataclass
class Asked:
    """An operation with a key: a request of it, and for each thing that it may be asked otherwise, the other."""

    operation: Callable[..., object]
    request: dict[str, Any]
    otherwise: dict[str, Any]
    given: tuple[str, ...] = ("account", "now", "key")
    """What is no part of the request: who asks, for whom, when."""


def asked_of(line: UUID, other: UUID, held: tuple[UUID, UUID]) -> list[Asked]:
    amount = {"amount": 500, "text": "a"}
    differs = {"amount": 501, "text": "b"}
    plan = {"subscription": line, "plan_code": "wide", "quantity": Decimal(2), "at_period_end": True}
    return [
        Asked(money.pay, {**amount}, {**differs}),
        Asked(money.refund, {**amount}, {**differs}),
        Asked(money.adjust, {**amount}, {"amount": -500, "text": "b"}),
        Asked(money.promise, {"amount": 500, "days": 3, "fee": 20}, {"amount": 501, "days": 4, "fee": 21}),
        Asked(
            ledger.debit,
            {**amount, "counter": "sales", "day": START.date()},
            {**differs, "counter": "fees"},
            ("account", "now", "key", "day"),
        ),
        Asked(
            orders.subscribe,
            {"plan_code": "line", "quantity": Decimal(1), "unit": "a", "starts_on": LATER.date()},
            {"plan_code": "wide", "quantity": Decimal(2), "unit": "b", "starts_on": date(2026, 2, 1)},
        ),
        Asked(
            orders.change,
            plan,
            {"subscription": other, "plan_code": "line", "quantity": Decimal(3), "at_period_end": False},
        ),
        Asked(
            orders.cancel,
            {"subscription": line, "at_period_end": True, "prorate_refund": False},
            {"subscription": other, "at_period_end": False, "prorate_refund": True},
        ),
        Asked(
            blocks.pause,
            {"subscription": line, "until": date(2026, 1, 20)},
            {"subscription": other, "until": date(2026, 1, 21)},
        ),
        Asked(blocks.resume, {"subscription": line}, {"subscription": other}),
        Asked(
            reserving.reserve,
            {"subscription": line, "service": "sms", "quantity": Decimal(1), "lasts": timedelta(minutes=1)},
            {"subscription": other, "service": "calls", "quantity": Decimal(2), "lasts": timedelta(minutes=2)},
        ),
        Asked(
            reserving.commit,
            {"reservation": held[0], "quantity": Decimal(1)},
            {"reservation": held[1], "quantity": Decimal(2)},
        ),
        Asked(
            open_once,
            {"name": "a", "locale": "de", "credit_limit": 0},
            {"name": "b", "locale": "en", "credit_limit": 100},
            # An agent's account is the agent's, whatever is asked.
            ("person", "operator", "number", "now", "key", "manager", "agent"),
        ),
    ]


def parameters(operation: Callable[..., object]) -> set[str]:
    return set(inspect.signature(operation).parameters)


def with_a_key() -> set[Callable[..., object]]:
    """Every operation that compares what is asked under a key with what was asked before.

    What is handed the whole of ``asked`` compares that.
    """
    found: set[Callable[..., object]] = set()
    for module in pkgutil.walk_packages(abono.features.__path__, "abono.features."):
        if ".migrations" in module.name or module.ispkg:
            continue
        loaded = import_module(module.name)
        for name, each in inspect.getmembers(loaded, inspect.isfunction):
            if name[0] != "_" and each.__module__ == module.name and "key" in parameters(each):
                source = inspect.getsource(each)
                if "asked" not in parameters(each) and any(
                    word in source for word in ("first_answer(", ".repeats(", "_once(", "_debit_locked(")
                ):
                    found.add(each)
    return found


def test_under_a_key_everything_that_is_asked_is_compared() -> None:
    seller = operator(CATALOGUE)
    one = account(seller, 100_000)
    line, other = (orders.subscribe(one, "line", now=START) for _time in range(2))
    held = tuple(reserving.reserve(one, line, "sms", Decimal(2), now=LATER) for _time in range(2))
    cases = asked_of(line, other, (held[0], held[1]))
    assert {case.operation for case in cases} == with_a_key()
    # In this order a pause is there to be ended; cancelled last.
    for number, case in enumerate(sorted(cases, key=lambda case: case.operation is orders.cancel)):
        assert parameters(case.operation) == {*case.given, *case.otherwise}, case.operation
        place = (
            {"person": agent(seller), "operator": seller, "number": "77"}
            if case.operation is open_once
            else {"account": one}
        )
        do = partial(case.operation, **place, now=LATER, key=f"key {number}")
        answer = do(**case.request)
        after = picture(one, LATER)
        same = {
            name: Decimal(f"{value}.00") if isinstance(value, Decimal) else value
            for name, value in case.request.items()
        }
        assert do(**same) == answer, case.operation
        for name, value in case.otherwise.items():
            with pytest.raises(KeyConflict):
                do(**{**case.request, name: value})
        assert picture(one, LATER) == after, case.operation

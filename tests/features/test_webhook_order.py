"""What webhooks tell of subscriptions: every change of what was agreed, numbered without a gap, whoever changes it."""

from __future__ import annotations

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from django.db import connection

from abono.features.billing import blocks, orders
from abono.features.billing.runs import advance
from abono.features.subscriptions.operations import SubscriptionEnding
from abono.features.webhooks import operations as webhooks
from tests.features.test_webhooks import START, boss
from tests.features.worlds import account, operator

if TYPE_CHECKING:
    from collections.abc import Callable
    from uuid import UUID

    from abono.features.operators.queries import Operator

pytestmark = pytest.mark.django_db(transaction=True)
CATALOGUE = {
    "services": {"line": {"kind": "onoff"}},
    "plans": {
        "line": {"price": "10.00", "period": "month", "services": {"line": {}}},
        "big": {"price": "20.00", "period": "month", "services": {"line": {}}},
        "tried": {"price": "10.00", "period": "month", "trial": "14 days", "services": {"line": {}}},
    },
}
LATER = START + timedelta(hours=1)


@pytest.fixture
def house(monkeypatch: pytest.MonkeyPatch) -> Operator:
    monkeypatch.setenv("ABONO_WEBHOOK_PRIVATE", "1")
    made = operator(CATALOGUE)
    webhooks.add_endpoint(boss(made), made.id, "http://127.0.0.1/hook", [], now=START)
    return made


def told(subscription: UUID) -> list[dict[str, Any]]:
    """What was told of a subscription, in order of its numbers, each with its type."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT type, payload, sequence FROM webhooks_event WHERE subscription_id = %s ORDER BY sequence",
            [subscription],
        )
        rows = [(kind, json.loads(payload), number) for kind, payload, number in cursor.fetchall()]
    assert [payload["sequence"] for _kind, payload, _number in rows] == [number for *_, number in rows]
    return [{"type": kind, **payload} for kind, payload, _number in rows]


def brief(subscription: UUID) -> list[tuple[object, ...]]:
    names = ("sequence", "type", "cause", "plan", "quantity", "next_plan", "next_quantity", "cancels")
    return [tuple(each[name] for name in names) for each in told(subscription)]


def test_every_change_of_what_was_agreed_is_told(house: Operator) -> None:
    one = account(house, 100_000)
    line = orders.subscribe(one, "line", now=START)
    orders.change(one, line, quantity=Decimal("2.50"), at_period_end=False, now=LATER)
    orders.change(one, line, plan_code="big", now=LATER)
    orders.change(one, line, plan_code="big", now=LATER)  # it waits already
    orders.change(one, line, plan_code="line", quantity=Decimal("2.5"), now=LATER)  # what it has: taken back
    orders.change(one, line, plan_code="big", quantity=Decimal(3), now=LATER)
    orders.cancel(one, line, now=LATER)
    orders.keep(one, line, now=LATER)
    orders.keep(one, line, now=LATER)
    advance(START + timedelta(days=40))
    orders.cancel(one, line, at_period_end=False, now=START + timedelta(days=41))
    started, changed = "subscription.started", "subscription.changed"
    assert brief(line) == [
        (1, started, "started", "line", "1", None, None, False),
        (2, changed, "changed", "line", "2.5", None, None, False),
        (3, changed, "change_waits", "line", "2.5", "big", "2.5", False),
        (4, changed, "change_withdrawn", "line", "2.5", None, None, False),
        (5, changed, "change_waits", "line", "2.5", "big", "3", False),
        (6, changed, "cancelled", "line", "2.5", "big", "3", True),
        (7, changed, "kept", "line", "2.5", "big", "3", False),
        (8, changed, "changed", "big", "3", None, None, False),
        (9, "subscription.ended", "ended", "big", "3", None, None, False),
    ]
    assert [each["state"] for each in told(line)] == ["active"] * 8 + ["ended"]


def test_what_does_not_begin_at_once_is_told_when_it_is_ordered(house: Operator) -> None:
    one = account(house, 100_000)
    tried = orders.subscribe(one, "tried", now=START)
    coming = orders.subscribe(one, "line", starts_on=date(2026, 1, 10), now=START)
    advance(START + timedelta(days=20))
    first, then = told(tried)
    assert (first["type"], first["state"], first["trial_ends_on"]) == ("subscription.ordered", "trial", "2026-01-15")
    assert (then["type"], then["sequence"]) == ("subscription.started", 2)
    first, then = told(coming)
    assert (first["type"], first["state"], first["starts_on"]) == ("subscription.ordered", "pending", "2026-01-10")
    assert (then["type"], then["sequence"]) == ("subscription.started", 2)


def test_numbers_have_no_gap_whoever_is_quicker(house: Operator) -> None:
    one = account(house, 100_000)
    line = orders.subscribe(one, "line", now=START)
    start = threading.Barrier(8)

    def work(number: int) -> None:
        steps: list[Callable[[], object]] = [
            lambda: orders.change(one, line, quantity=Decimal(number + 2), now=LATER),
            lambda: orders.cancel(one, line, now=LATER),
            lambda: orders.keep(one, line, now=LATER),
            lambda: blocks.block(one, subscription=line, now=LATER),
            lambda: blocks.unblock(one, subscription=line, now=LATER),
        ]
        try:
            start.wait()
            for step in steps:
                with suppress(SubscriptionEnding):  # nobody changes what somebody else has just cancelled
                    step()
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(8)))
    events = told(line)
    assert [each["sequence"] for each in events] == list(range(1, len(events) + 1))
    assert len(events) > 8
    last = events[-1]  # whoever goes by the greatest number knows how it stands
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT state, trim_scale(next_quantity)::text, cancels FROM subscriptions_subscription WHERE id = %s",
            [line],
        )
        assert cursor.fetchone() == (last["state"], last["next_quantity"], last["cancels"])


def test_nothing_is_written_where_nobody_listens() -> None:
    made = operator(CATALOGUE)
    one = account(made, 100_000)
    orders.change(one, orders.subscribe(one, "line", now=START), quantity=Decimal(2), now=LATER)
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM webhooks_event")
        assert cursor.fetchone() == (0,)

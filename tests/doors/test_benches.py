"""``abono bench …`` on small worlds: the figures are there and hold together. How fast it is, no test judges."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.doors.test_commands import abono

pytestmark = pytest.mark.django_db(transaction=True)


def figures(*words: str) -> dict[str, Any]:
    done = abono("bench", *words, "--json")
    assert done.returncode == 0, done.stderr
    measured: dict[str, Any] = json.loads(done.stdout)
    return measured


def test_rollover_is_measured_on_what_was_rolled_over() -> None:
    one = figures("rollover", "--subscriptions", "400", "--runs", "2")
    # Of ten accounts seven can pay for both of their subscriptions; two have 15.00, and one has nothing.
    assert (one["subscriptions"], one["accounts"], one["paid"] + one["suspended"]) == (400, 200, 400)
    assert one["paid"] >= 280
    assert one["suspended"] >= 40
    assert one["per_second"] == pytest.approx(400 / one["seconds"], rel=0.01)
    assert one["ratio_to_floor"] > 0


def test_debits_are_measured_beside_pgbench() -> None:
    one = figures("debit", "--clients", "2", "--runs", "1", "--seconds", "1")
    assert (one["clients"], one["runs"]) == (2, 1)
    assert 0 < one["p50_ms"] <= one["p99_ms"]
    assert one["ratio_to_pgbench"] == pytest.approx(one["per_second"] / one["pgbench_per_second"], rel=0.01)


def test_pages_are_measured_where_they_answer() -> None:
    one = figures("web", "--accounts", "1000", "--requests", "2")
    assert (one["accounts"], one["subscriptions"], one["requests"]) == (1_000, 2_000, 2)
    for kind in ("queries", "pages"):
        assert one[kind]
        assert all(0 < each["p50_ms"] <= each["p95_ms"] and each["queries"] > 0 for each in one[kind].values())


def test_use_over_http_is_measured_where_it_was_counted() -> None:
    one = figures("usage", "--http", "--events", "4000", "--runs", "1")
    assert (one["events"], one["batch"], one["clients"], one["servers"], one["runs"]) == (4_000, 1_000, 4, 2, 1)
    assert one["per_second"] > 0


def test_use_is_measured_beside_a_roll_over_that_happens() -> None:
    one = figures("usage", "--beside", "400", "--events", "4000", "--runs", "1")
    assert (one["events"], one["subscriptions"], one["writers"], one["workers"]) == (4_000, 400, 2, 2)
    for size in ("1000", "10000"):
        found = one["batches"][size]
        assert min(found.values()) > 0
        assert found["part_beside"] <= 1


def test_use_of_every_kind_is_measured() -> None:
    one = figures("usage", "--kinds", "--events", "400", "--runs", "1")
    assert set(one["kinds"]) == {"packs", "hard", "day", "filters", "max", "unique"}
    assert all(rate > 0 for rate in one["kinds"].values())

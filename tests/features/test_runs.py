"""Runs: slices, totals, failures that stop nobody else, resuming."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from django.db import connection, transaction

from abono.features.billing import orders
from abono.features.billing.access import find_run
from abono.features.billing.audit import audit
from abono.features.billing.queries import accounts_now, subscriptions_of
from abono.features.billing.runs import Progress, Report, advance, advance_instant_by_instant
from abono.features.catalogue.operations import save_catalogue
from abono.features.catalogue.terms import parse_catalogue
from abono.features.ledger import operations as ledger
from abono.features.operators import tree
from abono.features.operators.queries import operator_by_id

from . import people
from .test_operator_blocks import in_thread
from .worlds import LINE, START, account, operator

pytestmark = pytest.mark.django_db(transaction=True)
FEBRUARY = datetime(2026, 2, 1, tzinfo=UTC)


def world(count: int) -> list[int]:
    """So many accounts with money for two months of a line."""
    seller = operator()
    made = [account(seller, 2_000) for _ in range(count)]
    for one in made:
        orders.subscribe(one, "line", now=START)
    return made


def balances(accounts: list[int]) -> list[int]:
    """What the accounts have, in order."""
    found = accounts_now(accounts, FEBRUARY)
    return [found[one]["balance"] for one in accounts]


def test_a_run_is_a_row_with_totals_and_a_second_run_touches_nothing() -> None:
    accounts = world(7)
    told: list[Progress] = []
    report = advance(FEBRUARY, size=2, tell=told.append)
    assert (len(report.runs), report.totals["charged"], report.totals["amount"]) == (1, 7, 7_000)
    assert balances(accounts) == [0] * 7
    assert told[-1] == Progress(done=7, accounts=7, failed=0)
    again = advance(FEBRUARY, size=2)
    assert (again.runs, again.failures, balances(accounts)) == ([], [], [0] * 7)


def test_one_broken_account_is_isolated_reported_and_retried() -> None:
    accounts = world(9)
    broken = accounts[4]
    with connection.cursor() as cursor:  # a period grid that no calendar has
        cursor.execute("UPDATE subscriptions_subscription SET cycle = 2000000 WHERE account_id = %s", [broken])
    report = advance(FEBRUARY, size=100)
    assert [(row["first"], row["last"]) for row in report.failures] == [(broken, broken)]
    assert balances(accounts) == [1_000 if one == broken else 0 for one in accounts]
    with connection.cursor() as cursor:
        cursor.execute("UPDATE subscriptions_subscription SET cycle = 0 WHERE account_id = %s", [broken])
    assert advance(FEBRUARY).failures == []
    assert balances(accounts) == [0] * 9
    assert [finding for finding in audit(5) if finding.promise != "counters"] == []


def test_an_error_that_is_no_databases_stops_only_its_slice() -> None:
    accounts, others = world(3), world(3)
    with connection.cursor() as cursor:  # a zone that no calendar has
        cursor.execute(
            "UPDATE operators_operator SET time_zone = 'Nowhere/None'"
            " WHERE id = (SELECT operator_id FROM ledger_account WHERE account_id = %s) RETURNING id",
            [accounts[0]],
        )
        (broken,) = cursor.fetchone() or (0,)
    report = advance(FEBRUARY, size=100)
    assert sorted(row["first"] for row in report.failures) == accounts
    assert balances(others) == [0] * 3
    with connection.cursor() as cursor:
        cursor.execute("UPDATE operators_operator SET time_zone = 'UTC' WHERE id = %s", [broken])
    assert advance(FEBRUARY).failures == []
    assert balances(accounts) == [0] * 3


def test_a_run_that_was_left_open_is_finished_by_the_next_call() -> None:
    accounts = world(3)
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO billing_run (until, started_at) VALUES (%s, now()) RETURNING id", [FEBRUARY])
        run = cursor.fetchone()[0]
        cursor.execute(
            "INSERT INTO billing_slice (run_id, operator_id, first, last, accounts)"
            " SELECT %s, operator_id, min(account_id), max(account_id), count(*) FROM ledger_account"
            " WHERE account_id = ANY(%s) GROUP BY operator_id",
            [run, accounts],
        )
    report = advance(FEBRUARY + timedelta(days=1))
    assert report.runs[0] == run
    assert balances(accounts) == [0] * 3


def test_a_held_account_keeps_nobody_elses_charges_waiting() -> None:
    """Somebody works on an account of the first operator and comes to no end: its slice is left to a later run."""
    held, others = world(3), world(3)
    found: list[Report] = []
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1 FROM ledger_account WHERE account_id = %s FOR UPDATE", [held[1]])
        running = in_thread(lambda: found.append(advance(FEBRUARY, size=100)), [])
        running.join(30)
        assert not running.is_alive()
        assert (balances(held), balances(others)) == ([1_000] * 3, [0] * 3)
    (report,) = found
    assert [(row["first"], row["last"]) for row in report.failures] == [(held[0], held[2])]
    assert advance(FEBRUARY, size=100).failures == []
    assert balances(held) == [0] * 3
    assert audit() == []


def test_the_slices_of_tenants_take_turns() -> None:
    """Of a tenant with two operators and one with one, each has a slice before one has its second."""
    boxes = {}
    top = operator()
    west, east = (tree.add_below(top.id, f"t-{uuid4()}", "T", {}, now=START) for _ in range(2))
    low = tree.add_below(west.id, f"t-{uuid4()}", "T", {}, now=START)
    for seller in (west, low, east):
        save_catalogue(seller, parse_catalogue(LINE, "EUR"), now=START)
        boxes[seller.id] = [account(seller, 2_000) for _ in range(2)]
        for one in boxes[seller.id]:
            orders.subscribe(one, "line", now=START)
    (run,) = advance(FEBRUARY, size=1, workers=1).runs
    with connection.cursor() as cursor:
        cursor.execute("SELECT operator_id FROM billing_slice WHERE run_id = %s ORDER BY id", [run])
        done = [row[0] for row in cursor.fetchall()]
    assert done == [west.id, east.id, east.id, low.id, west.id, low.id]


def test_a_run_ends_whatever_its_accounts_were_charged_in_all() -> None:
    """Two slices of 9,000 accounts that were charged the largest amount are more than a bigint."""
    accounts = world(1)
    most = 9_000 * (10**15 - 1)
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO billing_run (until, started_at) VALUES (%s, now()) RETURNING id", [START])
        run = cursor.fetchone()[0]
        cursor.execute(
            "INSERT INTO billing_slice (run_id, operator_id, first, last, accounts, state, totals)"
            " SELECT %s, operator_id, account_id, account_id, 1, 'done', jsonb_build_object('amount', %s::bigint)"
            " FROM ledger_account, generate_series(1, 2) WHERE account_id = %s",
            [run, most, accounts[0]],
        )
    report = advance(FEBRUARY)
    assert report.runs[0] == run
    assert report.totals["amount"] == 2 * most + 1_000
    assert balances(accounts) == [0]
    boss = people.staff(operator_by_id(ledger.operator_of(accounts[0])))
    assert find_run(boss, run).totals["amount"] == 2 * most
    assert [finding for finding in audit() if finding.promise == "counters"] == []


def test_time_passes_instant_by_instant() -> None:
    accounts = world(2)
    report = advance_instant_by_instant(datetime(2026, 3, 15, tzinfo=UTC))
    assert (report.totals["charged"], report.totals["suspended"]) == (2, 2)
    assert {row["state"] for row in subscriptions_of(accounts).values()} == {"suspended"}


def test_only_one_operators_accounts() -> None:
    first, second = world(1), world(1)
    with connection.cursor() as cursor:
        cursor.execute("SELECT operator_id FROM ledger_account WHERE account_id = %s", [first[0]])
        chosen = cursor.fetchone()[0]
    advance(FEBRUARY, operator=chosen)
    assert (balances(first), balances(second)) == ([0], [1_000])

"""The figures of the first page: what they count, to the cent, and whose."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection

from abono.features.access.people import wall_of
from abono.features.access.rights import Role
from abono.features.accounts.operations import open_account
from abono.features.billing import blocks, figures, money, orders
from abono.features.billing.coming import coming
from abono.features.billing.runs import advance_instant_by_instant
from abono.features.operators import tree
from abono.features.operators.queries import operator_by_id

from . import people
from .worlds import START, account, operator

pytestmark = pytest.mark.django_db(transaction=True)
CATALOGUE: dict[str, Any] = {
    "services": {"line": {"kind": "onoff"}},
    "plans": {
        "month": {"price": "10.00", "period": "month", "services": {"line": {}}},
        "year": {"price": "100.00", "period": "year", "services": {"line": {}}},
        "week": {"price": "7.00", "period": "week", "services": {"line": {}}},
        "warned": {"price": "10.00", "period": "month", "look_ahead": "3 days", "services": {"line": {}}},
        "later": {"price": "5.00", "period": "month", "trial": "10 days", "services": {"line": {}}},
    },
}


def test_every_figure_is_exact_and_of_the_own_subtree() -> None:
    seller, stranger = operator(CATALOGUE), operator(CATALOGUE)
    first, second = account(seller), account(seller)
    money.pay(first, 100_000, now=START)
    money.pay(second, 3_000, now=START)
    money.refund(second, 1_000, now=START)
    money.adjust(second, 500, now=START)
    for plan in ("month", "year", "week", "later"):
        orders.subscribe(first, plan, now=START)
    orders.subscribe(second, "month", now=START, quantity=2)  # type: ignore[arg-type]  # a whole number will do
    paused = orders.subscribe(first, "month", now=START)
    blocks.pause(first, paused, now=START)
    other = account(stranger)
    money.pay(other, 9_900, now=START)
    orders.subscribe(other, "month", now=START)
    boss = people.staff(seller)
    with wall_of(boss):
        (found,) = figures.figures(boss, now=START)
    # 10.00 + 100.00/12 + 7.00 x 365.25/12/7 + 2 x 10.00, rounded once
    assert (found.active, found.trial, found.suspended, found.short, found.paused) == (4, 1, 1, 0, 1)
    assert found.monthly == 1000 + 2000 + 3877
    assert (found.accounts, found.collected, found.charged) == (2, 102_000, 1000 + 10_000 + 700 + 2000 + 1000)
    assert found.active_before is None


def test_kept_figures_are_read_until_they_are_counted_again_and_tell_a_trend() -> None:
    seller = operator(CATALOGUE)
    boss = people.staff(seller)
    made = account(seller, 100_000)
    orders.subscribe(made, "year", now=START)
    assert figures.refresh(now=START) >= 1
    later = START + timedelta(days=30)
    orders.subscribe(made, "year", now=later)
    with wall_of(boss):
        (before,) = figures.figures(boss, now=later)
        assert (before.active, before.counted_at) == (1, START)
        (after,) = figures.count_again(boss, now=later)
    assert (after.active, after.active_before, after.monthly, after.monthly_before) == (2, 1, 1667, 833)
    assert after.counted_at == later


def test_a_manager_s_figures_are_those_of_own_accounts_and_not_kept() -> None:
    seller = operator(CATALOGUE)
    manager = people.staff(seller, Role.MANAGER)
    own = open_account(seller, "own", now=START, manager=manager.membership)
    for each in (own, account(seller)):
        money.pay(each, 5_000, now=START)
        orders.subscribe(each, "month", now=START)
    with wall_of(manager):
        (found,) = figures.figures(manager, now=START)
    assert (found.accounts, found.active, found.collected) == (1, 1, 5_000)
    boss = people.staff(seller)
    with wall_of(boss):
        (everything,) = figures.figures(boss, now=START)
    assert (everything.accounts, everything.active, everything.collected) == (2, 2, 10_000)


def test_who_was_warned_of_tomorrow_is_told_until_money_comes() -> None:
    seller = operator(CATALOGUE)
    boss, stranger = people.staff(seller), people.staff(operator(CATALOGUE))
    poor, rich = account(seller, 1_500, number="poor"), account(seller, 9_000, number="rich")
    for each in (poor, rich):
        orders.subscribe(each, "warned", now=START, unit="gate")
    early = datetime(2026, 1, 30, 12, tzinfo=UTC)
    eve = datetime(2026, 1, 31, 12, tzinfo=UTC)
    advance_instant_by_instant(eve, operator=seller.id)
    with wall_of(boss):
        assert figures.suspended_tomorrow(boss, now=early) == ([], False)
        warned, more = figures.suspended_tomorrow(boss, now=eve)
    assert [(each.number, each.unit, each.plan_code) for each in warned] == [("poor", "gate", "warned")]
    assert not more
    with wall_of(stranger):
        assert figures.suspended_tomorrow(stranger, now=eve) == ([], False)
    money.pay(poor, 100, now=eve)
    with wall_of(boss):
        assert figures.suspended_tomorrow(boss, now=eve) == ([], False)


def test_what_comes_is_what_the_engine_then_charges() -> None:
    seller = operator(CATALOGUE)
    made = account(seller, 4_000)
    month, week = orders.subscribe(made, "month", now=START), orders.subscribe(made, "week", now=START)
    comes = coming(seller, made, START, 31)
    assert [(charge.on.isoformat(), charge.subscription_id, charge.amount) for charge in comes.charges] == [
        ("2026-01-08", week, 700),
        ("2026-01-15", week, 700),
        ("2026-01-22", week, 700),
        ("2026-01-29", week, 700),
        ("2026-02-01", month, 1_000),
    ]
    assert (comes.due, comes.short_by) == (3_800, 3_800 - (4_000 - 1_700))
    money.pay(made, comes.short_by, now=START)
    advance_instant_by_instant(START + timedelta(days=31), operator=seller.id)
    from abono.features.billing.queries import accounts_now

    assert accounts_now([made], START + timedelta(days=31))[made]["balance"] == 0


def test_no_tenants_amounts_break_the_figures_of_those_above() -> None:
    """10,000 payments of the largest amount, as one key makes them, are more than a bigint: told up to 10^18."""
    top = operator(CATALOGUE)
    low, beside = (operator_by_id(tree.add_below(top.id, f"{top.code}-{n}", "B", {}, now=START).id) for n in (1, 2))
    money.pay(account(beside), 700, now=START)
    mine = account(low)
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO ledger_entry (account_id, id, operator_id, booked_on, booked_at, kind, amount, counter)"
            " SELECT %s, gen_random_uuid(), %s, %s, %s, 'payment', %s, 'cash' FROM generate_series(1, 10000)",
            [mine, low.id, START.date(), START, 10**15 - 1],
        )
    figures.refresh(now=START)
    for seller, collected in ((top, 10**18), (beside, 700)):
        boss = people.staff(seller)
        with wall_of(boss):
            (found,) = figures.figures(boss, now=START)
        assert found.collected == collected

"""A forecast is what then happens: random worlds are forecast at a random instant, then the same time really passes.

HYPOTHESIS_PROFILE=deep plays more of them and shortens what fails; FORECASTS says how many.
"""

from __future__ import annotations

import os
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

import pytest
from django.db import transaction
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from abono.features.billing import queries
from abono.features.billing.forecast import forecast
from tests.features.proofs import World, cheaper_since_midnight, picture, rows
from tests.features.test_random_histories import play, steps, undone, worlds

pytestmark = [pytest.mark.django_db, pytest.mark.timeout(3000)]

DEEP = os.environ.get("HYPOTHESIS_PROFILE") == "deep"
quick = settings(
    max_examples=int(os.environ.get("FORECASTS", "250" if DEEP else "15")), deadline=None,
    suppress_health_check=list(HealthCheck), print_blob=False,
    phases=[Phase.explicit, Phase.reuse, Phase.generate, *([Phase.shrink] if DEEP else [])],
)  # fmt: skip

STOPS = (
    "SELECT id, account_id, subscription_id, day, cause, state_to, missing FROM subscriptions_transition"
    " WHERE account_id = ANY(%s)"
)
CHARGES = (
    "SELECT c.id, c.account_id, c.subscription_id, e.booked_on, c.starts_on, c.ends_on, c.amount, c.kind"
    " FROM billing_charge AS c JOIN ledger_entry AS e ON e.account_id = c.account_id AND e.id = c.id"
    " WHERE c.account_id = ANY(%s)"
)


UNPAID = """
    SELECT e.id FROM ledger_entry AS e
    JOIN billing_charge AS c ON c.account_id = e.account_id AND c.id = e.id
    JOIN subscriptions_subscription AS s ON s.account_id = c.account_id AND s.id = c.subscription_id
    JOIN catalogue_plan AS p ON p.id = s.plan_id
    JOIN ledger_account AS a ON a.account_id = e.account_id
    WHERE e.account_id = %s AND e.booked_at > %s AND p.charge = 'arrears' AND p.on_shortfall <> 'owe'
    AND a.credit_limit
        + (SELECT sum(x.amount) FROM ledger_entry AS x WHERE x.account_id = e.account_id AND x.id <= e.id)
        + coalesce((SELECT sum(g.remaining) FROM ledger_grant AS g WHERE g.account_id = e.account_id
                    AND g.starts_at <= e.booked_at AND g.ends_at > e.booked_at), 0) < 0
"""
"""A charge in arrears is made in any case. Where it is the last one, or what follows costs nothing, there is nothing
that it could stop; what it leaves is a debt all the same."""


def prepared(terms: tuple[Any, ...], script: list[tuple[Any, ...]]) -> World:
    """A world in the middle of its life: nothing is due that was not done."""
    world = World(*terms)
    for step in script:
        play(world, step)
    world.let_pass(world.now)
    return world


def told(found: list[dict[str, Any]], *, without: tuple[str, ...] = ("id",)) -> list[tuple[tuple[str, str], ...]]:
    """Rows, comparable, in no order."""
    return sorted(
        tuple((name, str(value)) for name, value in sorted(row.items()) if name not in without) for row in found
    )


def passing(world: World, days: int) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """What is charged and decided while so many days really pass."""
    accounts = list(world.accounts.values())
    before = {row["id"] for query in (CHARGES, STOPS) for row in rows(query, accounts)}
    world.let_pass(world.operator.later(world.now, days))
    charges, stops = ([row for row in rows(query, accounts) if row["id"] not in before] for query in (CHARGES, STOPS))
    return charges, stops


@quick
@given(worlds(), steps(downtimes=False), st.sampled_from([1, 7, 30, 45]))
def test_what_is_forecast_happens(terms: tuple[Any, ...], script: list[tuple[Any, ...]], days: int) -> None:
    with undone(partial(prepared, terms, script)) as world:
        before = picture()
        found = forecast(world.operator, world.now, days)
        known = queries.next_charges(world.operator, list(world.accounts.values()), world.now)
        due = queries.outlook(world.operator, list(world.accounts.values()), world.now, days)
        waiting = set(world.unlocks())
        assert picture() == before, "a forecast wrote something"
        charges, stops = passing(world, days)
        assert told(found.charges) == told(charges)
        assert found.charged == sum(row["amount"] for row in charges)
        assert told(found.outcomes) == told(stops)
        _next_charges(known, charges, stops)
        _outlook(due, charges, stops, waiting)


EARLY = {"price": "31.00", "period": "month", "anchor": "calendar", "early_block": True, "services": {"thing": {}}}


@pytest.mark.parametrize(
    ("terms", "balance", "charges", "stops"),
    [
        # 28.00 pay 25 slices of January, but not all 31 and the first of February: stopped on the 25th, after its
        # slice, and back on 1 February for 1.11 and 1.10 (of 28 days).
        (
            {"charge": "daily", "look_ahead": "1 week"}, "28.00",
            [*((f"2026-01-{day:02}", 100) for day in range(3, 26)), ("2026-02-01", 111), ("2026-02-02", 110)],
            [("2026-01-25", "early_block", 0), ("2026-02-01", "returned", 0)],
        ),
        # The last three of 31 days are blocked and cost nothing: 28.00 are owed, and nothing is there.
        (
            {"charge": "arrears", "look_ahead": "3 days"}, "0.00",
            [("2026-02-01", 2800)],
            [("2026-01-29", "early_block", 0), ("2026-02-01", "shortfall", 2800)],
        ),
    ],
)  # fmt: skip
def test_a_forecast_plays_early_blocks(
    terms: dict[str, str], balance: str, charges: list[tuple[str, int]], stops: list[tuple[str, str, int]]
) -> None:
    world = World({"currency": "EUR", "time_zone": "UTC", "tax": "0"}, datetime(2026, 1, 1),  # noqa: DTZ001 -- local
                  {"plan": {**EARLY, **terms}}, {"a": {"balance": balance}})  # fmt: skip
    world.do("subscribe", account="a", plan="plan", **{"as": "s"})
    world.let_pass(world.operator.later(world.now, 1))
    found = forecast(world.operator, world.now, 31)
    assert [(str(row["booked_on"]), row["amount"]) for row in found.charges] == charges
    assert [(str(row["day"]), row["cause"], row["missing"]) for row in found.outcomes] == stops
    charged, stopped = passing(world, 31)
    assert (told(found.charges), told(found.outcomes)) == (told(charged), told(stopped))


def _next_charges(known: dict[UUID, Any], charges: list[dict[str, Any]], stops: list[dict[str, Any]]) -> None:
    """Whoever was not stopped, or hindered by a stop, is next charged what was told, on the day that was told."""
    touched = {row["subscription_id"] for row in stops if row["cause"] != "started"}
    for key in {row["subscription_id"] for row in charges} - touched:
        mine = [row for row in charges if row["subscription_id"] == key]
        first = min(row["booked_on"] for row in mine)
        assert key in known, "a charge that was not announced"
        assert known[key].on == first, f"announced for {known[key].on}, charged on {first}"
        assert known[key].amount == sum(row["amount"] for row in mine if row["booked_on"] == first)


def _outlook(
    due: dict[int, Any], charges: list[dict[str, Any]], stops: list[dict[str, Any]], waiting: set[UUID]
) -> None:
    """Where nobody stops, and nobody returns but from a pause, what is due is what is charged."""
    back = {(row["subscription_id"], row["day"]) for row in stops if row["cause"] == "returned"}
    moved = {
        row["account_id"] for row in stops
        if row["cause"] not in {"started", "ended", "pause_over", "returned"} or row["subscription_id"] in waiting
        or (row["state_to"] == "suspended" and (row["subscription_id"], row["day"]) not in back)
    }  # fmt: skip
    for account, outlook in due.items():
        if account not in moved:
            assert outlook.due == sum(row["amount"] for row in charges if row["account_id"] == account)


@quick
@given(worlds(), steps(downtimes=False), st.integers(0, 10))
def test_the_shortfall_of_an_outlook_is_what_makes_all_of_it_pass(
    terms: tuple[Any, ...], script: list[tuple[Any, ...]], which: int
) -> None:
    """With ``short_by`` more nothing stops or ends in debt within the days; with one unit less something does."""
    with undone(partial(prepared, terms, script)) as world:
        name = list(world.accounts)[which % len(world.accounts)]
        account = world.accounts[name]
        waiting = rows("SELECT 1 FROM subscriptions_subscription WHERE account_id = %s AND state = 'suspended'"
                       " OR account_id = %s AND early", account, account)  # fmt: skip
        if waiting:  # money that arrives would be spent on a return first
            return
        short = queries.outlook(world.operator, [account], world.now)[account].short_by
        stopped = []
        began = world.now
        for payment in {short, short - 1}:
            if payment < 0:
                continue
            with transaction.atomic():
                if payment:
                    world.do("pay", account=name, amount=world.amount(payment))
                _charges, stops = passing(world, 30)
                # An early block may be for a boundary beyond the days, and it may make what falls short cheaper.
                causes = {"shortfall"} if payment == short else {"shortfall", "early_block"}
                stops = [row for row in stops if row["cause"] in causes and row["account_id"] == account]
                unpaid = rows(UNPAID, account, began)
                stopped.append((payment, bool(stops or unpaid)))
                transaction.set_rollback(True)
            world.now = began
        assert dict(stopped).get(short) is False, f"{short} more, and still something stops"
        assert dict(stopped).get(short - 1, True), f"one unit less than {short} is enough"


@quick
@given(worlds(), steps(downtimes=False))
def test_an_unlock_is_exact(terms: tuple[Any, ...], script: list[tuple[Any, ...]]) -> None:
    """One unit less than ``unlock`` brings nobody back for whom it was told; exactly that does, if he is alone."""
    with undone(partial(prepared, terms, script)) as world:
        before = picture()
        told_unlocks = world.unlocks()
        assert picture() == before, "asking for an unlock wrote something"
        for key, unlock in told_unlocks.items():
            _pay_exactly(world, key, unlock)


def _pay_exactly(world: World, key: UUID, unlock: int) -> None:
    account = next(account for account, each in world.subscriptions.values() if each == key)
    payer = next(name for name, number in world.accounts.items() if number == account)
    state = rows("SELECT * FROM subscriptions_subscription WHERE id = %s", key)[0]
    if state["reasons"] != 1:
        return  # another reason remains: it says what will be missing when that lifts
    plan = rows("SELECT code FROM catalogue_plan WHERE id = %s", state["plan_id"])[0]["code"]
    waits = state["early"] or cheaper_since_midnight(world, plan)
    assert unlock > 0 or waits, "nothing is missing, but it waits"
    # A payment repays promises first: what is promised is no more, so only what is above it helps.
    granted = rows("SELECT coalesce(sum(remaining), 0)::bigint AS left FROM ledger_grant WHERE account_id = %s"
                   " AND starts_at <= %s AND ends_at > %s", account, world.now, world.now)[0]["left"]  # fmt: skip
    rivals = rows("SELECT 1 FROM subscriptions_subscription WHERE account_id = %s AND id <> %s AND state = 'suspended'"
                  " AND reasons & 1 = 1", account, key)  # fmt: skip
    for less, back in ((1, False), (0, True)):
        if unlock - less <= 0 or (granted and not state["early"]) or (back and rivals):
            continue
        with transaction.atomic():
            world.do("pay", account=payer, amount=world.amount(unlock - less))
            now = rows("SELECT state, reasons, early FROM subscriptions_subscription WHERE id = %s", key)[0]
            transaction.set_rollback(True)
        world.lines.pop()
        world.asked.pop()
        assert (now["state"] != "suspended") is back, f"{unlock} unlocks; {less} less leaves it {now}"

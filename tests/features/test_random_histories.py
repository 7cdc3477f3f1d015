"""Random histories through the real operations; every line they leave is proved by arithmetic of its own (proofs.py).

HYPOTHESIS_PROFILE=deep plays hundreds, proves them after every step and shortens what fails; HISTORIES says how many.
A failure prints its world as a story; STORIES names a folder in which the shortest story of each is kept.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, Phase, given, note, settings
from hypothesis import strategies as st

from abono.features.billing.audit import audit
from tests.features.proofs import World, prove, prove_repeatable, rows

pytestmark = [pytest.mark.django_db, pytest.mark.timeout(3000)]

DEEP = os.environ.get("HYPOTHESIS_PROFILE") == "deep"
EXAMPLES = int(os.environ.get("HISTORIES", "400" if DEEP else "25"))
MONEY = ("0.01", "1.00", "3.33", "5.00", "9.99", "10.00", "20.00", "31.00", "100.00")


@st.composite
def plans(draw: st.DrawFn) -> dict[str, Any]:
    """Any combination of a plan's terms; what is the default is left out now and then."""
    period = draw(st.sampled_from(["month", "month", "week", "10 days", "day", "2 weeks", "quarter", "2 months"]))
    anchors: list[Any] = ["start", 1, 15, 31] if period[0].isdigit() else ["start", "start", "calendar", 15, 31]
    plan: dict[str, Any] = {
        "price": draw(st.sampled_from(["10.00", "9.99", "31.00", "7.77", "30.05", "0.00", "0.10"])),
        "period": period,
        "anchor": draw(st.sampled_from(anchors)),
        "first_period": draw(st.sampled_from(["full", "prorate", "free"])),
        "charge": draw(st.sampled_from(["advance", "advance", "arrears", "daily"])),
        "priority": draw(st.sampled_from([100, 1, 200])),
        "on_shortfall": draw(st.sampled_from(["suspend", "suspend", "suspend", "owe", "end"])),
        "resume": draw(st.sampled_from(["restart", "remainder", "full"])),
        "pause": draw(st.sampled_from(["freeze", "lose", {"mode": "freeze", "fee": "0.50"}])),
        "services": draw(st.sampled_from([{"thing": {}}, {"thing": {}, "book": {}}])),
    }
    if draw(st.booleans()):
        plan["look_ahead"] = draw(st.sampled_from(["3 days", "12 hours", "1 week"]))
        plan["early_block"] = draw(st.booleans())
    if draw(st.integers(0, 3)) == 0:
        plan["trial"] = draw(st.sampled_from(["3 days", "14 days"]))
    if draw(st.integers(0, 3)) == 0:
        plan["setup_fee"] = "2.50"
    if draw(st.integers(0, 9)) == 0:
        plan["renew"] = False
    return plan


def worlds() -> st.SearchStrategy[tuple[dict[str, Any], datetime, dict[str, Any], dict[str, dict[str, str]]]]:
    """An operator, a start, two or three plans and two accounts."""
    terms = st.fixed_dictionaries(
        {
            "currency": st.just("EUR"),
            "time_zone": st.sampled_from(["UTC", "Europe/Berlin", "America/Santiago", "Africa/Cairo", "Asia/Beirut"]),
            "prices_include_tax": st.booleans(),
            "tax": st.sampled_from(["0", "19"]),
            "tax_reduced": st.just("7"),
        }
    )
    starts = st.builds(
        lambda days, hours: datetime(2025, 1, 1) + timedelta(days=days, hours=hours),  # noqa: DTZ001 -- local
        st.integers(0, 364), st.sampled_from([0, 0, 9, 23]),
    )  # fmt: skip
    catalogue = st.lists(plans(), min_size=2, max_size=3).map(
        lambda made: {f"p{n}": plan for n, plan in enumerate(made)}
    )
    account = st.fixed_dictionaries(
        {"balance": st.sampled_from(["0", "10.00", "35.00", "100.00", "-4.00"]),
         "credit_limit": st.sampled_from(["0", "0", "5.00", "30.00"])}
    )  # fmt: skip
    return st.tuples(terms, starts, catalogue, st.fixed_dictionaries({"a": account, "b": account}))


def steps(*, downtimes: bool) -> st.SearchStrategy[list[tuple[Any, ...]]]:
    """What may be asked; names are numbers that the world reduces to what there is."""
    which, money = st.integers(0, 3), st.sampled_from(MONEY)
    hours = st.tuples(st.just("pass"), st.sampled_from([1, 5, 24, 24, 72, 168, 24 * 20, 24 * 31]))
    ends = st.sampled_from(["now", "period_end"])
    options = [
        hours,
        hours,
        hours,
        st.tuples(st.just("subscribe"), which, which, st.sampled_from(["1", "1", "2", "0.5"])),
        st.tuples(st.just("subscribe"), which, which, st.just("1")),
        st.tuples(st.just("pay"), which, money),
        st.tuples(st.just("unlock"), which, st.sampled_from([0, -1])),
        st.tuples(st.sampled_from(["refund", "adjust"]), which, st.sampled_from([*MONEY, "-10.00"])),
        st.tuples(st.just("credit_limit"), which, st.sampled_from(["0", "5.00", "30.00"])),
        st.tuples(st.just("promise"), which, money, st.integers(1, 40), st.sampled_from(["0", "1.00"])),
        st.tuples(st.just("change"), which, which, st.sampled_from([None, "1", "3"]), ends),
        st.tuples(st.just("cancel"), which, ends, st.sampled_from(["none", "prorated"])),
        st.tuples(st.just("pause"), which, st.sampled_from([None, 1, 5, 40])),
        st.tuples(st.just("resume"), which),
        st.tuples(st.sampled_from(["block", "unblock"]), which),
        st.tuples(st.sampled_from(["block_all", "unblock_all"]), which),
        st.tuples(st.just("price"), which, st.sampled_from(["10.00", "4.44", "0.00"]), st.sampled_from([0, 1, 20])),
    ]
    if downtimes:
        options.append(st.tuples(st.just("downtime"), st.sampled_from([5, 24, 60, 24 * 20, 24 * 40])))
    orders = st.lists(st.tuples(st.just("subscribe"), which, which, st.just("1")), min_size=2, max_size=4)
    return st.builds(lambda first, rest: [*first, *rest], orders, st.lists(st.one_of(options), min_size=8, max_size=30))


def play(world: World, step: tuple[Any, ...]) -> None:  # noqa: PLR0912 -- the table of steps
    """One step; those that have nothing to work on do nothing."""
    kind, rest = step[0], step[1:]
    account = "ab"[rest[0] % 2]
    names = list(world.subscriptions)
    name = names[rest[0] % len(names)] if names else None
    if kind == "pass":
        world.let_pass(world.now + timedelta(hours=rest[0]))
    elif kind == "subscribe":
        plan = f"p{rest[1] % len(world.plans)}"
        world.do("subscribe", account=account, plan=plan, quantity=rest[2], **{"as": f"s{len(names)}"})
    elif kind in {"pay", "refund", "adjust", "credit_limit"}:
        amount = rest[1].lstrip("-") if kind in {"pay", "refund"} else rest[1]
        world.do(kind, account=account, amount=amount)
    elif kind == "promise":
        world.do("promise", account=account, amount=rest[1], days=rest[2], fee=rest[3])
    elif kind == "price":
        begins = world.today + timedelta(days=rest[2])
        world.do("price", plan=f"p{rest[0] % len(world.plans)}", price=rest[1], **{"from": begins.isoformat()})
    elif kind in {"block_all", "unblock_all"}:
        world.do(kind.partition("_")[0], account=account)
    elif kind == "downtime":
        if world.down_until is None:
            until = world.local + timedelta(hours=rest[0])
            world.do("downtime", until=until.isoformat())
    elif kind == "unlock" and world.down_until is None:
        waiting = sorted(world.unlocks().items())
        if waiting:
            key, amount = waiting[rest[0] % len(waiting)]
            owner = next(account for account, each in world.subscriptions.values() if each == key)
            payer = next(each for each, number in world.accounts.items() if number == owner)
            if amount + rest[1] > 0:
                world.do("pay", account=payer, amount=world.amount(amount + rest[1]))
    elif name is None or kind == "unlock":
        return
    elif kind == "change":
        values = {"plan": f"p{rest[1] % len(world.plans)}", "when": rest[3]}
        world.do("change", subscription=name, **values, **({} if rest[2] is None else {"quantity": rest[2]}))
    elif kind == "cancel":
        world.do("cancel", subscription=name, when=rest[1], refund=rest[2])
    elif kind == "pause":
        ends = {} if rest[1] is None else {"until": (world.today + timedelta(days=rest[1])).isoformat()}
        world.do("pause", subscription=name, **ends)
    else:
        world.do(kind, subscription=name)


@contextmanager
def undone(make: Callable[[], World]) -> Iterator[World]:
    """A world in a savepoint of its own, undone in the end; where something fails, its story is told and kept."""
    with transaction.atomic():
        world = make()
        try:
            yield world
        except BaseException as error:
            note(world.story())
            keep(world.story(), error)
            raise
        finally:
            transaction.set_rollback(True)


def live(terms: tuple[Any, ...], script: list[tuple[Any, ...]]) -> None:
    """Play a history in a savepoint of its own, and prove it now and then and at its end."""
    with undone(partial(World, *terms)) as world:
        for step in script:
            play(world, step)
            if DEEP:
                prove(world)
        # What was asked just now may make something due at this very instant.
        world.let_pass(world.down_until or world.now)
        prove(world)
        prove_repeatable(world)
        world.let_pass(world.now + timedelta(days=33))
        prove(world)
        assert audit(3) == []


def keep(story: str, error: BaseException) -> None:
    """Where STORIES names a folder, the shortest story of each failure is kept there as soon as it is known."""
    folder = os.environ.get("STORIES")
    if folder:
        words = re.sub(r"[0-9a-f-]{8,}|[^a-zA-Z]+", "-", str(error).partition("\n")[0] or type(error).__name__)[:60]
        path = Path(folder, f"{words.strip('-')}.yaml")
        text = f"{story}\n# {error}".replace("\n  at", "\n# at")
        if not path.exists() or len(path.read_text()) > len(text):
            path.write_text(text)


quick = settings(
    max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck), print_blob=False,
    phases=[Phase.explicit, Phase.reuse, Phase.generate, *([Phase.shrink] if DEEP else [])],
)  # fmt: skip


@quick
@given(worlds(), steps(downtimes=False))
def test_a_history_without_a_downtime(terms: tuple[Any, ...], script: list[tuple[Any, ...]]) -> None:
    live(terms, script)


@quick
@given(worlds(), steps(downtimes=True))
def test_a_history_with_downtimes(terms: tuple[Any, ...], script: list[tuple[Any, ...]]) -> None:
    live(terms, script)


def test_a_look_comes_after_a_boundary_of_its_instant() -> None:
    """It looks as far as the period is long: one boundary is charged and passed, and the next one looked at at once."""
    terms = {"currency": "EUR", "time_zone": "UTC", "tax": "0", "tax_reduced": "0"}
    plan = {"price": "7.77", "period": "week", "charge": "arrears", "look_ahead": "1 week", "early_block": True,
            "services": {"thing": {}}}  # fmt: skip
    world = (terms, datetime(2025, 10, 6), {"p0": plan}, {"a": {"balance": "8.00"}, "b": {}})  # noqa: DTZ001 -- local
    live(world, [("subscribe", 0, 0, "1"), ("pass", 24 * 7)])
    live(world, [("subscribe", 0, 0, "1"), ("pass", 24 * 7), ("pass", 24 * 3), ("pay", 0, "20.00")])


def stops() -> st.SearchStrategy[list[tuple[Any, ...]]]:
    """Orders, and much that stops and lets go."""
    which = st.integers(0, 3)
    step = st.one_of(
        st.tuples(st.just("pass"), st.sampled_from([1, 11, 24, 24, 50, 24 * 9])),
        st.tuples(st.just("pass"), st.sampled_from([13, 24, 24 * 5])),
        st.tuples(st.just("subscribe"), which, which, st.just("1")),
        st.tuples(st.sampled_from(["block", "unblock", "unblock", "block_all", "unblock_all"]), which),
        st.one_of(st.tuples(st.just("pause"), which, st.none()), st.tuples(st.just("resume"), which)),
        # A price from today on would count for a boundary of today that was missed.
        st.tuples(st.just("price"), which, st.sampled_from(["10.00", "4.44"]), st.sampled_from([1, 20])),
    )
    orders = st.lists(st.tuples(st.just("subscribe"), which, which, st.just("1")), min_size=2, max_size=4)
    return st.builds(lambda first, rest: [*first, *rest], orders, st.lists(step, min_size=8, max_size=40))


@settings(quick, max_examples=EXAMPLES // 2)
@given(worlds(), stops(), st.sampled_from([0, 5, 24, 24 * 12]))
def test_a_downtime_changes_nothing_where_there_is_money(
    terms: tuple[Any, ...], script: list[tuple[Any, ...]], before: int
) -> None:
    """Steps that stop and let go inside a downtime end as they would have ended on time; only notices are later."""
    rich = (*terms[:3], {name: {"balance": "100000.00"} for name in terms[3]})
    ends = []
    for down in (False, True):
        with undone(partial(World, *rich)) as world:
            for step in [*script[:2], ("pass", before)]:
                play(world, step)
            if down:
                world.do("downtime", until=(world.local + timedelta(days=366)).isoformat())
            for step in script[2:]:
                play(world, step)
            if down:
                world.down_until = world.now
            world.let_pass(world.now)
            prove(world)
            ends.append(standing(world))
            assert ends[0] == ends[-1]


def standing(world: World) -> dict[str, Any]:
    """What was charged for each subscription, for which days, and how it stands."""
    return {
        name: (
            rows("SELECT starts_on, ends_on, kind, amount FROM billing_charge WHERE subscription_id = %s"
                 " ORDER BY starts_on, ends_on, kind", key),
            rows("SELECT state, reasons, early, runs, period_starts_on, period_ends_on, paid_until, frozen_days,"
                 " suspended_on, blocked FROM subscriptions_subscription WHERE id = %s", key),
        )
        for name, (_account, key) in world.subscriptions.items()
    }  # fmt: skip

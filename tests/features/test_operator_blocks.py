"""Blocks of operators: everything below stops by the reason ``parent``, and lifting restores exactly what was."""

from __future__ import annotations

import threading
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from django.db import connection, transaction
from hypothesis import given, settings
from hypothesis import strategies as st

from abono.base.database import is_away
from abono.features.billing import blocks, money, orders, parents
from abono.features.billing.audit import audit
from abono.features.billing.engine import Scope, turn_clock
from abono.features.billing.look_ahead import look
from abono.features.billing.runs import advance
from abono.features.catalogue.operations import save_catalogue
from abono.features.catalogue.terms import parse_catalogue
from abono.features.operators import tree
from abono.features.operators.operations import add_operator
from abono.features.operators.queries import subtree
from abono.features.subscriptions.states import names
from tests.features.waiting import wait_until_blocked
from tests.features.worlds import account

if TYPE_CHECKING:
    from abono.features.operators.queries import Operator

NOW = datetime(2026, 1, 10, 12, tzinfo=UTC)
CATALOGUE = {
    "services": {"line": {"kind": "onoff"}},
    "plans": {
        "line": {"price": "10.00", "period": "month", "services": {"line": {}}},
        "meter": {"price": "31.00", "period": "month", "charge": "daily", "services": {"line": {}}},
        "used": {"price": "31.00", "period": "month", "charge": "arrears", "services": {"line": {}}},
        "tried": {"price": "10.00", "period": "month", "trial": "20 days", "services": {"line": {}}},
        "film": {
            "price": "10.00", "period": "month", "look_ahead": "3 days", "early_block": True, "services": {"line": {}},
        },
    },
}  # fmt: skip


def seller(parent: Operator | None = None, *, zone: str = "UTC") -> Operator:
    code = f"op-{uuid4()}"
    terms = {"currency": "EUR", "time_zone": zone}
    made = add_operator(code, code, terms) if parent is None else tree.add_below(parent.id, code, code, terms, now=NOW)
    save_catalogue(made, parse_catalogue(CATALOGUE, "EUR"), now=NOW)
    return made


def rows(sql: str, *values: Any) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(sql, list(values))
        return list(cursor.fetchall())


def stands(accounts: list[int]) -> list[tuple[str, list[str]]]:
    found = rows(
        "SELECT state, reasons FROM subscriptions_subscription WHERE account_id = any(%s) ORDER BY account_id, id",
        accounts,
    )
    return [(state, names(reasons)) for state, reasons in found]


def snapshot(accounts: list[int]) -> list[Any]:
    return rows(
        "SELECT to_jsonb(s) - 'claim' FROM subscriptions_subscription AS s WHERE account_id = any(%s)"
        " ORDER BY account_id, id",
        accounts,
    ) + rows("SELECT account_id, balance, due_at FROM ledger_account WHERE account_id = any(%s) ORDER BY 1", accounts)


def block(operator: Operator, now: datetime = NOW) -> None:
    parents.block_operator(operator, by=operator.id, now=now)
    parents.carry(now)


def unblock(operator: Operator, now: datetime = NOW, *, by: Operator | None = None) -> None:
    parents.unblock_operator(operator, by=(by or operator).id, now=now)
    parents.carry(now)


def pass_time(operator: Operator, until: datetime) -> None:
    with transaction.atomic():
        turn_clock(Scope(operator, 0, 2**62), until, look=look)


@pytest.mark.django_db
class TestBlocks:
    def test_a_subtree_stops_and_comes_back_as_it_was(self) -> None:
        top = seller()
        middle = seller(top)
        low = seller(middle)
        beside = seller(top)
        mine = [account(each, 20_000) for each in (top, middle, low, beside)]
        for each in mine:
            for plan in CATALOGUE["plans"]:  # type: ignore[attr-defined]
                orders.subscribe(each, plan, now=NOW)
        before = snapshot(mine)
        block(middle)
        assert set(map(str, stands(mine[1:3]))) == {"('suspended', ['parent'])"}
        assert {state for state, _ in stands([mine[0], mine[3]])} == {"active", "trial"}
        assert snapshot([mine[0], mine[3]]) == [row for row in before if row in snapshot([mine[0], mine[3]])]
        unblock(middle)
        assert snapshot(mine) == before
        assert audit() == []

    def test_repeating_changes_nothing(self) -> None:
        top = seller()
        mine = account(top, 5_000)
        orders.subscribe(mine, "line", now=NOW)
        block(top)
        once = rows("SELECT count(*) FROM subscriptions_transition"), snapshot([mine])
        block(top)
        assert not parents.carry(NOW)
        assert (rows("SELECT count(*) FROM subscriptions_transition"), snapshot([mine])) == once
        assert [row[0] for row in rows("SELECT action FROM base_trail WHERE operator_id = %s AND account_id = 0 AND"
                                       " action LIKE 'operator.%%'", top.id)] == ["operator.block"]  # fmt: skip

    def test_a_block_above_and_one_below_lift_one_by_one(self) -> None:
        top = seller()
        low = seller(top)
        mine = account(low, 5_000)
        orders.subscribe(mine, "line", now=NOW)
        block(low)
        block(top)
        unblock(low)
        assert stands([mine]) == [("suspended", ["parent"])]
        assert tree.blocked_above(low.id) == (top.id, top.name)
        unblock(top)
        assert stands([mine]) == [("active", [])]
        assert audit() == []

    def test_nothing_is_charged_while_another_reason_remains(self) -> None:
        top = seller()
        mine = account(top, 5_000)
        orders.subscribe(mine, "line", now=NOW)
        blocks.block(mine, now=NOW)
        block(top)
        assert stands([mine]) == [("suspended", ["staff", "parent"])]
        march = datetime(2026, 3, 1, tzinfo=UTC)
        pass_time(top, march)
        unblock(top, march)
        assert stands([mine]) == [("suspended", ["staff"])]
        assert rows("SELECT balance FROM ledger_account WHERE account_id = %s", mine) == [(4_000,)]
        blocks.unblock(mine, now=march)
        assert stands([mine]) == [("active", [])]
        assert rows("SELECT balance FROM ledger_account WHERE account_id = %s", mine) == [(3_000,)]
        assert audit() == []

    def test_what_cannot_be_paid_at_the_return_waits_for_money(self) -> None:
        top = seller()
        rich, poor = account(top, 3_000), account(top, 1_500)
        for each in (rich, poor):
            orders.subscribe(each, "line", now=NOW)
        block(top)
        later = datetime(2026, 2, 20, 9, tzinfo=UTC)
        pass_time(top, later)
        unblock(top, later)
        assert stands([rich]) == [("active", [])]
        assert stands([poor]) == [("suspended", ["funds"])]
        assert rows("SELECT period_starts_on, period_ends_on FROM subscriptions_subscription WHERE account_id = %s",
                    rich) == [(date(2026, 2, 20), date(2026, 3, 20))]  # fmt: skip
        money.pay(poor, 500, now=later)
        assert stands([poor]) == [("active", [])]
        assert audit() == []

    def test_reasons_are_told_in_order_and_stack_with_a_pause_and_want_of_money(self) -> None:
        top = seller()
        mine = account(top, 1_000)
        orders.subscribe(mine, "line", now=NOW)
        pass_time(top, datetime(2026, 2, 11, tzinfo=UTC))
        now = datetime(2026, 2, 11, 8, tzinfo=UTC)
        assert stands([mine]) == [("suspended", ["funds"])]
        block(top, now)
        money.pay(mine, 1_000, now=now)
        assert stands([mine]) == [("suspended", ["funds", "parent"])]
        unblock(top, now)
        assert stands([mine]) == [("active", [])]
        assert audit() == []

    def test_an_early_block_is_looked_at_again(self) -> None:
        top = seller()
        mine = account(top, 1_000)
        orders.subscribe(mine, "film", now=NOW)
        eve = datetime(2026, 2, 8, tzinfo=UTC)
        pass_time(top, eve)
        assert stands([mine]) == [("suspended", ["funds"])]
        block(top, eve)
        money.pay(mine, 1_000, now=eve)
        unblock(top, eve)
        assert stands([mine]) == [("active", [])]
        assert rows("SELECT balance FROM ledger_account WHERE account_id = %s", mine) == [(1_000,)]
        assert audit() == []

    def test_blocked_days_of_arrears_and_slices_cost_nothing(self) -> None:
        top = seller()
        mine = account(top, 10_000)
        orders.subscribe(mine, "meter", now=NOW)
        block(top)
        later = NOW + timedelta(days=5)
        pass_time(top, later)
        unblock(top, later)
        assert rows("SELECT balance FROM ledger_account WHERE account_id = %s", mine) == [(9_800,)]
        assert audit() == []

    def test_nothing_new_is_sold_below_a_block(self) -> None:
        top = seller()
        low = seller(top)
        mine = account(low, 5_000)
        block(top)
        before = snapshot([mine])
        with pytest.raises(tree.OperatorBlocked) as refused:
            orders.subscribe(mine, "line", now=NOW)
        assert refused.value.code == "operator_blocked"
        assert snapshot([mine]) == before
        born = seller(top)
        assert tree.node(born.id).stopped
        with pytest.raises(tree.OperatorBlocked):
            orders.subscribe(account(born, 5_000), "line", now=NOW)

    def test_notices_tell_once(self) -> None:
        top = seller()
        mine = account(top, 5_000)
        orders.subscribe(mine, "line", now=NOW)
        blocks.block(mine, now=NOW)
        block(top)
        blocks.unblock(mine, now=NOW)
        unblock(top)
        kinds = rows("SELECT kind FROM notices_notice WHERE account_id = %s ORDER BY id", mine)
        assert [kind for (kind,) in kinds] == ["suspended", "resumed"]

    def test_a_block_from_above_is_lifted_from_there_alone(self) -> None:
        top = seller()
        middle = seller(top)
        low = seller(middle)
        mine = account(low, 5_000)
        orders.subscribe(mine, "line", now=NOW)
        parents.block_operator(low, by=top.id, now=NOW)
        parents.block_operator(low, by=middle.id, now=NOW)  # takes nothing over
        with pytest.raises(tree.BlockedFromAbove):
            parents.unblock_operator(low, by=middle.id, now=NOW)
        parents.carry(NOW)
        assert stands([mine]) == [("suspended", ["parent"])]
        unblock(low, by=top)
        assert stands([mine]) == [("active", [])]

    def test_a_block_of_two_is_the_upper_one_s(self) -> None:
        top = seller()
        middle = seller(top)
        low = seller(middle)
        parents.block_operator(low, by=middle.id, now=NOW)
        parents.block_operator(low, by=top.id, now=NOW)
        with pytest.raises(tree.BlockedFromAbove):
            parents.unblock_operator(low, by=middle.id, now=NOW)
        parents.unblock_operator(low, by=top.id, now=NOW)
        parents.block_operator(low, by=middle.id, now=NOW)
        parents.unblock_operator(low, by=top.id, now=NOW)
        assert not tree.node(low.id).stopped

    def test_who_stands_above_no_longer_keeps_no_block(self) -> None:
        top = seller()
        one, other = seller(top), seller(top)
        low = seller(one)
        parents.block_operator(low, by=one.id, now=NOW)
        parents.move_operator(low, other.id, made_by="test", now=NOW)
        assert tree.node(low.id).stopped
        parents.unblock_operator(low, by=other.id, now=NOW)
        assert not tree.node(low.id).stopped

    def test_slices_left_over_are_done_by_the_next_call(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(parents, "SLICE", 2)
        top = seller()
        mine = [account(top, 5_000) for _ in range(5)]
        for each in mine:
            orders.subscribe(each, "line", now=NOW)
        parents.block_operator(top, by=top.id, now=NOW)
        first = parents.carry(NOW, most=1)["suspended"]
        assert first in {1, 2}
        assert not tree.node(top.id).carried
        assert parents.carry(NOW)["suspended"] == 5 - first
        assert tree.node(top.id).carried
        assert {state for state, _ in stands(mine)} == {"suspended"}

    def test_tallies(self) -> None:
        top = seller()
        low = seller(top)
        mine = account(low, 5_000)
        orders.subscribe(mine, "line", now=NOW)
        orders.subscribe(mine, "tried", now=NOW)
        account(low)
        blocks.block(mine, now=NOW, subscription=orders.subscribe(mine, "line", now=NOW))
        found = parents.tallies([top.id, low.id])
        assert found == {top.id: parents.Tally(top.id, 0, 0, 0), low.id: parents.Tally(low.id, 2, 2, 1)}


ACTS = st.lists(
    st.tuples(
        st.sampled_from(["block", "unblock", "move", "subscribe", "carry"]), st.integers(0, 6), st.integers(0, 6)
    ),
    max_size=14,
)


@pytest.mark.django_db
@settings(max_examples=40)
@given(shape=st.lists(st.integers(0, 5), min_size=2, max_size=6), acts=ACTS)
def test_parent_is_there_exactly_below_a_block(shape: list[int], acts: list[tuple[str, int, int]]) -> None:
    """Random trees, blocks, lifts and moves: a subscription has ``parent`` iff its operator or one above is blocked."""
    with transaction.atomic():
        operators = [seller()]
        for above in shape:
            operators.append(seller(operators[above % len(operators)]))
        accounts = [account(each, 100_000) for each in operators]
        for each in accounts:
            orders.subscribe(each, "line", now=NOW)
        for act, one, other in acts:
            operator, second = operators[one % len(operators)], operators[other % len(operators)]
            below = subtree(operator.id)
            if act == "block":
                parents.block_operator(operator, by=operator.id, now=NOW)
            elif act == "unblock":
                parents.unblock_operator(operator, by=operator.id, now=NOW)
            elif act == "carry":
                parents.carry(NOW)
            elif act == "move" and second.id not in below and tree.node(operator.id).parent_id not in {None, second.id}:
                parents.move_operator(operator, second.id, made_by="test", now=NOW)
            elif act == "subscribe" and not tree.node(operator.id).stopped:
                orders.subscribe(accounts[one % len(operators)], "line", now=NOW)
        parents.carry(NOW)
        line = tree.parents()
        blocked = {each.id for each in operators if tree.node(each.id).blocked_at is not None}
        for operator, mine in zip(operators, accounts, strict=True):
            wanted = any(tree.is_below(line, operator.id, above) for above in blocked)
            assert tree.node(operator.id).stopped is wanted
            assert {("parent" in reasons) for _, reasons in stands([mine])} == {wanted}
        for operator in operators:
            parents.unblock_operator(operator, by=operator.id, now=NOW)
        parents.carry(NOW)
        assert {str(each) for each in stands(accounts)} == {"('active', [])"}
        assert audit() == []
        transaction.set_rollback(True)


def in_thread(act: Any, errors: list[BaseException]) -> threading.Thread:
    def run() -> None:
        try:
            act()
        except BaseException as error:  # noqa: BLE001 -- looked at by the test
            errors.append(error)
        finally:
            connection.close()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    return thread


@pytest.mark.django_db(transaction=True)
class TestRaces:
    def test_an_order_that_is_under_way_is_stopped_as_well(self) -> None:
        top = seller()
        mine = account(top, 5_000)
        errors: list[BaseException] = []
        with transaction.atomic():
            orders.subscribe(mine, "line", now=NOW)
            thread = in_thread(lambda: block(top), errors)
            thread.join(30)  # it waits for nobody's order
            assert (errors, thread.is_alive()) == ([], False)
            assert (tree.node(top.id).stopped, tree.node(top.id).carried) == (True, False)
        parents.carry(NOW)
        assert tree.node(top.id).carried
        assert stands([mine]) == [("suspended", ["parent"])]
        assert audit() == []

    def test_an_order_that_comes_during_a_block_is_stopped_with_the_others(self) -> None:
        top = seller()
        mine, later = account(top, 5_000), account(top, 5_000)
        errors: list[BaseException] = []
        with transaction.atomic():
            parents.block_operator(top, by=top.id, now=NOW)
            thread = in_thread(lambda: orders.subscribe(mine, "line", now=NOW), errors)
            thread.join(30)
        assert errors == []
        parents.carry(NOW)
        assert stands([mine]) == [("suspended", ["parent"])]
        assert tree.node(top.id).carried
        with pytest.raises(tree.OperatorBlocked):
            orders.subscribe(later, "line", now=NOW)

    def test_whatever_an_operator_does_itself_does_not_hold_its_block_up(self) -> None:
        """A change of its catalogue or its prices, an order and a new account, none of which comes to its end."""
        top = seller()
        low, other = seller(top), seller(top)
        mine = account(low, 5_000)
        errors: list[BaseException] = []
        with transaction.atomic():
            save_catalogue(low, parse_catalogue(CATALOGUE, "EUR"), now=NOW)
            orders.subscribe(mine, "line", now=NOW)
            account(low, 5_000)
            for act in (
                lambda: parents.block_operator(low, by=top.id, now=NOW),
                lambda: parents.move_operator(low, other.id, made_by="test", now=NOW),
                lambda: tree.rename(low, "Renamed", now=NOW),
                lambda: tree.add_below(top.id, f"op-{uuid4()}", "New", {}, now=NOW),
            ):
                thread = in_thread(act, errors)
                thread.join(4)
                assert (errors, thread.is_alive()) == ([], False)
        assert tree.node(low.id).stopped

    def test_who_holds_the_tree_waits_for_nobody(self) -> None:
        """Somebody keeps the row of an operator: who would change it gives the tree back at once to all others."""
        top = seller()
        low = seller(top)
        errors: list[BaseException] = []
        with transaction.atomic():
            rows("SELECT 1 FROM operators_operator WHERE id = %s FOR UPDATE", low.id)
            waiting = in_thread(lambda: parents.block_operator(low, by=top.id, now=NOW), errors)
            waiting.join(4)
            assert not waiting.is_alive()
            assert is_away(errors.pop())
            other = in_thread(lambda: tree.add_below(top.id, f"op-{uuid4()}", "New", {}, now=NOW), errors)
            other.join(4)
            assert (errors, other.is_alive()) == ([], False)
        assert not tree.node(low.id).stopped

    def test_a_lift_that_comes_during_a_block_wins(self) -> None:
        top = seller()
        mine = [account(top, 5_000) for _ in range(3)]
        for each in mine:
            orders.subscribe(each, "line", now=NOW)
        parents.block_operator(top, by=top.id, now=NOW)
        errors: list[BaseException] = []
        with transaction.atomic():
            rows("SELECT 1 FROM ledger_account WHERE account_id = %s FOR UPDATE", mine[1])
            blocking = in_thread(lambda: parents.carry(NOW), errors)
            wait_until_blocked(1)
            lifting = in_thread(lambda: unblock(top), errors)
            lifting.join(30)  # it waits for no slice, and knows that one is under way
            assert (tree.node(top.id).stopped, tree.node(top.id).carried) == (False, False)
        blocking.join(30)
        parents.carry(NOW)
        assert errors == []
        assert {str(each) for each in stands(mine)} == {"('active', [])"}
        assert tree.node(top.id).carried
        assert audit() == []

    def test_beside_a_running_roll_over(self) -> None:
        top = seller()
        low = seller(top)
        mine = [account(low, 5_000) for _ in range(40)]
        for each in mine:
            orders.subscribe(each, "line", now=NOW)
            orders.subscribe(each, "meter", now=NOW)
        boundary = datetime(2026, 2, 10, 0, 0, 1, tzinfo=UTC)
        pass_time(low, boundary - timedelta(seconds=2))
        errors: list[BaseException] = []
        running = in_thread(lambda: advance(boundary, workers=2, size=7), errors)
        for _ in range(4):
            block(top, boundary)
            unblock(top, boundary)
        block(top, boundary)
        running.join(60)
        parents.carry(boundary)
        assert errors == []
        assert {("parent" in reasons) for _, reasons in stands(mine)} == {True}
        assert advance(boundary).failures == []
        unblock(top, boundary)
        assert {"parent" in reasons for _, reasons in stands(mine)} == {False}
        assert audit() == []

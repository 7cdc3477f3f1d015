"""Moves in the tree: dated, done once, without circles whatever happens at the same time."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from django.db import transaction

from abono.base.refusal import InvalidRequest
from abono.features.billing import orders, parents
from abono.features.billing.audit import audit
from abono.features.catalogue import offers
from abono.features.catalogue.operations import save_catalogue
from abono.features.catalogue.room import TooManyPlans
from abono.features.catalogue.terms import parse_catalogue
from abono.features.operators import moves, tree
from abono.features.operators.operations import DuplicateOperator
from abono.features.operators.queries import UnknownOperator, subtree
from tests.features.test_operator_blocks import NOW, block, in_thread, rows, seller, stands
from tests.features.waiting import wait_until_blocked
from tests.features.worlds import account

if TYPE_CHECKING:
    from pytest_django.fixtures import Settings

    from abono.features.operators.queries import Operator

BERLIN = "Europe/Berlin"
FIRST = date(2026, 2, 1)
MIDNIGHT = datetime(2026, 1, 31, 23, tzinfo=UTC)


def move(operator: Operator, parent: Operator, *, day: date | None = None, now: datetime = NOW) -> bool:
    return parents.move_operator(operator, parent.id, valid_from=day, made_by="ann@example.com", now=now)


def state() -> list[object]:
    return rows("SELECT id, parent_id FROM operators_operator ORDER BY id") + rows(
        "SELECT id, state FROM operators_move ORDER BY id"
    )


@pytest.mark.django_db
class TestMoves:
    def test_at_once(self) -> None:
        top = seller()
        west, east = seller(top), seller(top)
        low = seller(west)
        assert move(low, east)
        assert subtree(east.id) == [east.id, low.id]
        assert subtree(west.id) == [west.id]
        (done,) = moves.moves_of(low.id)
        assert (done.state, done.valid_from, done.parent_name, done.parent_before_name, done.made_by, done.done_at) == (
            "done", date(2026, 1, 10), east.name, west.name, "ann@example.com", NOW,
        )  # fmt: skip

    def test_at_the_midnight_of_its_own_zone_and_once(self) -> None:
        top = seller()
        west, east = seller(top), seller(top)
        low = seller(west, zone=BERLIN)
        assert not move(low, east, day=FIRST)
        assert [each.at for each in moves.moves_of(low.id)] == [MIDNIGHT]
        assert parents.carry_out_due_moves(MIDNIGHT - timedelta(seconds=1)) == 0
        assert tree.node(low.id).parent_id == west.id
        assert parents.carry_out_due_moves(MIDNIGHT) == 1
        assert tree.node(low.id).parent_id == east.id
        assert parents.carry_out_due_moves(MIDNIGHT) == 0
        told = rows("SELECT action FROM base_trail WHERE operator_id = %s AND account_id = 0 ORDER BY id", low.id)
        assert [action for (action,) in told if action != "plan.save"] == [
            "operator.move", "operator.moved",
        ]  # fmt: skip

    def test_in_order_after_a_downtime(self) -> None:
        top = seller()
        west, east = seller(top), seller(top)
        low = seller(top)
        move(low, east, day=date(2026, 2, 2))
        move(low, west, day=date(2026, 2, 1))
        assert parents.carry_out_due_moves(datetime(2026, 3, 1, tzinfo=UTC)) == 2
        assert [(each.parent_name, each.parent_before_name) for each in moves.moves_of(low.id)] == [
            (east.name, west.name), (west.name, top.name),
        ]  # fmt: skip

    def test_a_move_at_once_comes_after_those_that_are_overdue(self) -> None:
        top = seller()
        west, east = seller(top), seller(top)
        low = seller(top)
        now = datetime(2026, 2, 5, tzinfo=UTC)
        move(low, west, day=FIRST)
        with pytest.raises(moves.TreeBusy), transaction.atomic():
            move(low, east, now=now)
        assert parents.carry_out_due_moves(now) == 1
        assert move(low, east, now=now)
        assert [each.parent_before_name for each in moves.moves_of(low.id)] == [west.name, top.name]

    def test_no_circle_now_or_later(self) -> None:
        top = seller()
        west, east = seller(top), seller(top)
        low = seller(west)
        move(west, east, day=FIRST)
        before = state()
        for moved, parent, day in (
            (west, low, None), (west, west, None), (east, low, FIRST), (east, low, date(2026, 3, 1)), (top, low, FIRST),
            # At once it would be right, but not once the move that waits is due.
            (east, west, None),
        ):  # fmt: skip
            with pytest.raises(moves.TreeCycle) as refused, transaction.atomic():
                move(moved, parent, day=day)
            assert refused.value.code == "tree_cycle"
            assert state() == before
        # Before that day it stands beside; afterwards west is below east.
        assert not move(low, top, day=date(2026, 1, 20))
        assert not move(east, low, day=date(2026, 1, 25))

    def test_withdrawing(self) -> None:
        top = seller()
        west, east = seller(top), seller(top)
        low = seller(west)
        move(low, east, day=date(2026, 2, 1))
        move(west, low, day=date(2026, 2, 2))
        late, early = moves.moves_of(west.id)[0].id, moves.moves_of(low.id)[0].id
        before = state()
        with pytest.raises(moves.TreeCycle), transaction.atomic():
            moves.withdraw_move(low, early, now=NOW)
        assert state() == before
        moves.withdraw_move(west, late, now=NOW)
        moves.withdraw_move(low, early, now=NOW)
        assert parents.carry_out_due_moves(datetime(2026, 3, 1, tzinfo=UTC)) == 0
        with pytest.raises(moves.UnknownMove):
            moves.withdraw_move(low, early, now=NOW)
        assert [each.state for each in moves.moves_of(low.id)] == ["withdrawn"]

    def test_refusals_change_nothing(self) -> None:
        top = seller()
        west = seller(top)
        low = seller(west)
        move(low, top, day=FIRST)
        before = state()
        for parent, day, error in (
            (top.id, date(2026, 1, 9), InvalidRequest),
            (west.id, None, InvalidRequest),
            (top.id, FIRST, moves.MoveWaits),
            (10**9, None, UnknownOperator),
        ):
            with pytest.raises(error), transaction.atomic():
                parents.move_operator(low, parent, valid_from=day, made_by="x", now=NOW)
            assert state() == before

    def test_so_many_moves_of_an_operator_may_wait(self) -> None:
        top = seller()
        west = seller(top)
        low, other = seller(west), seller(west)
        for days in range(20):
            move(low, (top, west)[days % 2], day=FIRST + timedelta(days=days))
        before = state()
        with pytest.raises(moves.TooManyMoves), transaction.atomic():
            parents.move_operator(low, top.id, valid_from=FIRST + timedelta(days=20), made_by="x", now=NOW)
        assert state() == before
        move(other, top, day=FIRST)
        moves.withdraw_move(low, moves.moves_of(low.id)[0].id, now=NOW)
        move(low, top, day=FIRST + timedelta(days=20))

    def test_moves_that_wait_keep_nobody_from_moving_an_operator_at_once(self) -> None:
        top = seller()
        west, east = seller(top), seller(top)
        low = seller(west)
        for days in range(20):
            move(low, (top, west)[days % 2], day=FIRST + timedelta(days=days))
        move(low, east)
        assert tree.node(low.id).parent_id == east.id

    def test_so_many_moves_of_a_tenant_may_wait(self) -> None:
        """200 of ten operators of one tenant; another tenant's wait beside them, and a move of today needs no room."""
        top = seller()
        west, east = seller(top), seller(top)
        low = [tree.add_below(west.id, f"{west.code}-{number}", "T", {}, now=NOW) for number in range(11)]
        for each in low[:10]:
            for days in range(20):
                rows(
                    "INSERT INTO operators_move (operator_id, parent_id, valid_from, at, state, made_by, made_at)"
                    " VALUES (%s, %s, %s, %s, 'waiting', 'x', %s) RETURNING id",
                    each.id, top.id, FIRST + timedelta(days=days), MIDNIGHT + timedelta(days=days), NOW,
                )  # fmt: skip
        with pytest.raises(moves.TooManyMoves), transaction.atomic():
            parents.move_operator(low[10], east.id, valid_from=FIRST, made_by="x", now=NOW)
        move(low[10], east)
        move(seller(east), top, day=FIRST)

    def test_what_moves_takes_over_the_blocks_of_its_new_place(self) -> None:
        top = seller()
        west, east = seller(top), seller(top)
        low = seller(west)
        leaf = seller(low)
        mine = account(leaf, 5_000)
        orders.subscribe(mine, "line", now=NOW)
        block(east)
        move(low, east)
        parents.carry(NOW)
        assert stands([mine]) == [("suspended", ["parent"])]
        move(low, west)
        parents.carry(NOW)
        assert stands([mine]) == [("active", [])]
        assert audit() == []

    def test_creating_below(self) -> None:
        top = seller(zone=BERLIN)
        made = tree.add_below(top.id, f"{top.code}-n", "  North ", {"tax": "19"}, now=NOW)
        assert (made.name, made.currency, made.time_zone, str(made.tax)) == ("North", "EUR", BERLIN, "19.0000")
        with pytest.raises(DuplicateOperator):
            tree.add_below(top.id, made.code, "North", {}, now=NOW)
        for code in ("", "North", "-n", "a b", "x" * 61, "é"):
            with pytest.raises(InvalidRequest) as refused:
                tree.add_below(top.id, code, "North", {}, now=NOW)
            assert refused.value.field == "code"
        for name in ("", " ", "x" * 201, "a\nb"):
            with pytest.raises(InvalidRequest) as refused:
                tree.rename(made, name, now=NOW)
            assert refused.value.field == "name"
        tree.rename(made, "Nord", now=NOW)
        assert [(each.name, each.depth) for each in tree.nodes([top.id, made.id])] == [(top.name, 0), ("Nord", 1)]

    def test_a_name_is_nothing_that_a_mail_program_makes_a_link_of(self) -> None:
        top = seller(zone=BERLIN)
        links = (
            "see https://a.example", "WWW.a.example", "Locked! Confirm: evil.com/login", "//evil.com/x", "//evil",
            "http:\\\\evil", "https:\u2215\u2215evil", "http:evil", "\uff57\uff57\uff57\uff0eevil.x",
            "evil\uff0ecom/login", "evil\u3002com", "evil.xn--p1ai", "mailto:a now", "a@evil", "Go to 10.0.0.1 now",
        )  # fmt: skip
        for name in links:
            with pytest.raises(InvalidRequest, match="address of the web") as refused:
                tree.rename(top, name, now=NOW)
            assert refused.value.field == "name"
        for name in ("Dr. Weber & Söhne", "G.m.b.H. Nord", "Version 2.0", "Nord/Süd", "A: B", "Сеть № 1"):
            tree.rename(top, name, now=NOW)
            assert tree.node(top.id).name == name

    def test_a_tenant_has_only_so_many_below_it(self, settings: Settings) -> None:
        settings.MAX_OPERATORS = 2
        provider = seller(zone=BERLIN)
        one, other = (tree.add_below(provider.id, f"{provider.code}-{name}", "T", {}, now=NOW) for name in "ab")
        below = tree.add_below(one.id, f"{one.code}-1", "T", {}, now=NOW)
        tree.add_below(below.id, f"{one.code}-2", "T", {}, now=NOW)
        for parent in (one, below):
            with pytest.raises(tree.TooManyOperators):
                tree.add_below(parent.id, f"{one.code}-3", "T", {}, now=NOW)
        tree.add_below(other.id, f"{other.code}-1", "T", {}, now=NOW)
        tree.add_below(provider.id, f"{provider.code}-c", "T", {}, now=NOW)

    def test_an_operator_and_a_tenant_sell_only_so_many_plans(self, settings: Settings) -> None:
        """Two of an operator, twenty of a tenant, also by an offer; the provider sells as many as it likes."""
        settings.MAX_PLANS = 2

        def save(house: Operator, *codes: str) -> None:
            plans = {code: {"price": "1.00", "period": "month"} for code in codes}
            save_catalogue(house, parse_catalogue({"plans": plans}, "EUR"), now=NOW)

        provider = seller()
        one = tree.add_below(provider.id, f"{provider.code}-a", "T", {}, now=NOW)
        below = [tree.add_below(one.id, f"{one.code}-{number}", "T", {}, now=NOW) for number in range(10)]
        save(one, "a", "b")
        save(one, "b")  # another version of it is no other plan
        with pytest.raises(TooManyPlans), transaction.atomic():
            save(one, "c")
        with pytest.raises(TooManyPlans):
            offers.offer_plan(provider, one, "line", now=NOW)
        for each in below[:9]:
            save(each, "a", "b")
        with pytest.raises(TooManyPlans), transaction.atomic():
            save(below[9], "a")
        save(tree.add_below(provider.id, f"{provider.code}-b", "T", {}, now=NOW), "a", "b")


@pytest.mark.django_db(transaction=True)
class TestRaces:
    def test_two_moves_that_would_close_a_circle(self) -> None:
        top = seller()
        west, east = seller(top), seller(top)
        errors: list[BaseException] = []
        with transaction.atomic():
            move(west, east)
            other = in_thread(lambda: move(east, west), errors)
            wait_until_blocked(1)
        other.join(30)
        assert [type(error) for error in errors] == [moves.TreeCycle]
        assert subtree(top.id) == [top.id, east.id, west.id]

    def test_a_due_move_is_done_by_one_of_many(self) -> None:
        top = seller()
        west = seller(top)
        low = seller(top)
        move(low, west, day=FIRST)
        errors: list[BaseException] = []
        done: list[int] = []
        threads = [in_thread(lambda: done.append(parents.carry_out_due_moves(MIDNIGHT + timedelta(days=1))), errors)
                   for _ in range(4)]  # fmt: skip
        for thread in threads:
            thread.join(30)
        assert errors == []
        assert sorted(done) == [0, 0, 0, 1]
        assert rows("SELECT count(*) FROM base_trail WHERE action = 'operator.moved'") == [(1,)]

    def test_a_due_move_that_fails_stops_no_other(self) -> None:
        """Somebody keeps the row of an operator that is to move: it moves later, and all others in time."""
        top = seller()
        west, kept, low = seller(top), seller(top), seller(top)
        move(kept, west, day=FIRST)
        move(kept, top, day=FIRST + timedelta(days=1))
        move(low, west, day=FIRST)
        errors: list[BaseException] = []
        done: list[int] = []
        late = MIDNIGHT + timedelta(days=3)
        with transaction.atomic():
            rows("SELECT 1 FROM operators_operator WHERE id = %s FOR UPDATE", kept.id)
            thread = in_thread(lambda: done.append(parents.carry_out_due_moves(late)), errors)
            thread.join(10)
            assert (errors, done) == ([], [1])
        assert [tree.node(each.id).parent_id for each in (low, kept)] == [west.id, top.id]
        assert parents.carry_out_due_moves(late) == 2
        assert tree.node(kept.id).parent_id == top.id
        assert [each.state for each in moves.moves_of(kept.id)] == ["done", "done"]

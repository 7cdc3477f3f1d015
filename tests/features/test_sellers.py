"""Terms of an operator: what accounts hang on stays; taxes count for periods that begin from then on."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import transaction

from abono.base.refusal import InvalidRequest
from abono.features.access.operations import add_membership, add_user
from abono.features.access.rights import Kind, Role
from abono.features.accounts.operations import open_account
from abono.features.billing import orders, sellers
from abono.features.billing.audit import audit
from abono.features.catalogue import offers
from abono.features.operators import tree
from abono.features.operators.queries import operator_by_id
from abono.kernel.errors import InvalidValue
from tests.features.test_offers import below, charges
from tests.features.test_operator_blocks import NOW, in_thread, pass_time, rows, seller
from tests.features.waiting import wait_until_blocked
from tests.features.worlds import account, operator


def change(house: int, *, manager: int | None = None, require_mfa: bool = False, **terms: object) -> None:
    sellers.change_settings(house, terms, manager=manager, require_mfa=require_mfa, now=NOW)


def member(house: int, email: str) -> int:
    return add_membership(add_user(email, now=NOW), house, Kind.STAFF, now=NOW, role=Role.MANAGER)


@pytest.mark.django_db
class TestSettings:
    def test_everything_while_there_is_nothing(self) -> None:
        top = operator()
        low = below(top)
        change(low.id, currency="USD", time_zone="Europe/Berlin", locale="de", prices_include_tax=False, tax="19",
               tax_reduced="7", require_mfa=True, manager=(anna := member(top.id, "anna@example.com")))  # fmt: skip
        now = operator_by_id(low.id)
        assert (now.currency, now.time_zone, now.locale) == ("USD", "Europe/Berlin", "de")
        assert (now.prices_include_tax, str(now.tax), str(now.tax_reduced)) == (False, "19.0000", "7.0000")
        found = tree.node(low.id)
        assert (found.manager_id, found.require_mfa) == (anna, True)
        assert [each.name for each in sellers.staff_of(top.id)] == ["anna@example.com"]

    def test_only_what_changed_is_told(self) -> None:
        top = operator()
        change(top.id, locale="de")
        change(top.id, locale="de")
        found = rows("SELECT before, after FROM base_trail WHERE action = 'operator.change'")
        assert len(found) == 1
        assert "locale" in str(found[0][1])
        assert "currency" not in str(found[0][1])

    def test_taxes_count_for_periods_that_begin_afterwards(self) -> None:
        top = operator(tax="19")
        mine = account(top, 9_000)
        orders.subscribe(mine, "line", now=NOW)
        change(top.id, tax="25")
        pass_time(top, datetime(2026, 2, 10, tzinfo=UTC))
        assert charges(mine) == [(top.id, 1_000, 160), (top.id, 1_000, 200)]
        change(top.id, prices_include_tax=False)
        pass_time(top, datetime(2026, 3, 10, tzinfo=UTC))
        assert charges(mine)[-1] == (top.id, 1_250, 250)
        assert audit() == []

    def test_who_waits_for_money_may_return_by_it(self) -> None:
        top = operator(tax="20", prices_include_tax=False)
        mine = account(top, 2_300)
        orders.subscribe(mine, "line", now=NOW)
        february = datetime(2026, 2, 10, 9, tzinfo=UTC)
        pass_time(top, february)
        assert rows("SELECT state FROM subscriptions_subscription WHERE account_id = %s", mine) == [("suspended",)]
        sellers.change_settings(top.id, {"tax": "0"}, manager=None, require_mfa=False, now=february)
        pass_time(top, february)
        assert charges(mine) == [(top.id, 1_200, 200)]  # cheaper is no money that arrives: midnight tries the return
        pass_time(top, february + timedelta(days=1))
        assert charges(mine) == [(top.id, 1_200, 200), (top.id, 1_000, 0)]
        assert audit() == []

    def test_refusals_change_nothing(self) -> None:
        top, other = operator(), operator()
        low, bare = below(top), below(top)
        account(top)
        offers.offer_plan(top, low, "line", now=NOW)
        gone = member(top.id, "gone@example.com")
        rows("UPDATE access_membership SET ended_at = now() WHERE id = %s RETURNING id", gone)
        alien = member(other.id, "alien@example.com")
        before = rows("SELECT to_jsonb(o) FROM operators_operator AS o ORDER BY id")
        cases: list[tuple[type[Exception], str, str, int, dict[str, Any]]] = [
            (sellers.OperatorInUse, "operator_in_use", "currency", top.id, {"currency": "USD"}),
            (sellers.OperatorInUse, "operator_in_use", "time_zone", top.id, {"time_zone": "Europe/Berlin"}),
            (sellers.OperatorInUse, "operator_in_use", "currency", low.id, {"currency": "USD"}),
            (sellers.OperatorInUse, "operator_in_use", "currency", other.id, {"currency": "JPY"}),
            (InvalidValue, "invalid", "currency", bare.id, {"currency": "euro"}),
            (InvalidValue, "invalid", "time_zone", bare.id, {"time_zone": "Mars/Base"}),
            (InvalidValue, "out_of_range", "tax", bare.id, {"tax": "101"}),
            (InvalidValue, "invalid", "tax", bare.id, {"tax": "19.00001"}),  # beyond what is kept
            (InvalidValue, "unknown_field", "name", bare.id, {"name": "x"}),
            (InvalidRequest, "invalid", "manager", bare.id, {"manager": gone}),
            (InvalidRequest, "invalid", "manager", bare.id, {"manager": alien}),
            (InvalidRequest, "invalid", "manager", top.id, {"manager": alien}),
        ]
        for kind, code, field, house, terms in cases:
            with pytest.raises(kind) as refused, transaction.atomic():
                change(house, **terms)
            assert (refused.value.code, refused.value.field) == (code, field), terms  # type: ignore[attr-defined]
            assert rows("SELECT to_jsonb(o) FROM operators_operator AS o ORDER BY id") == before


@pytest.mark.django_db(transaction=True)
def test_an_account_that_is_being_opened_keeps_the_currency() -> None:
    top = seller()
    errors: list[BaseException] = []
    with transaction.atomic():
        open_account(top, "1", now=NOW)
        thread = in_thread(lambda: change(top.id, currency="USD"), errors)
        wait_until_blocked(1)
    thread.join(30)
    assert [type(error) for error in errors] == [sellers.OperatorInUse]
    assert operator_by_id(top.id).currency == "EUR"

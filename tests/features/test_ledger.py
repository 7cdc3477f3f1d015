"""The ledger: entries and balances, holds, reversals, statements, keys."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from functools import partial
from uuid import uuid4

import pytest
from django.db import connection

from abono.base.refusal import InvalidRequest, KeyConflict
from abono.features.accounts.operations import DuplicateNumber
from abono.features.billing import money
from abono.features.ledger import operations as ledger
from abono.features.ledger.queries import statement
from abono.kernel.money import LIMIT

from .worlds import START, account, operator

pytestmark = pytest.mark.django_db
DAY = date(2026, 1, 1)


def test_a_statement_tells_every_movement_with_the_balance_after_it() -> None:
    one = account(operator())
    money.pay(one, 5_000, now=START, text="bank")
    money.adjust(one, -1_250, now=START + timedelta(days=1))
    money.refund(one, 750, now=START + timedelta(days=2))
    told = [(line.kind, line.amount, line.balance) for line in statement(one).items]
    assert told == [("refund", -750, 3_000), ("adjustment", -1_250, 3_750), ("payment", 5_000, 5_000)]
    second = statement(one, since=DAY + timedelta(days=1), until=DAY + timedelta(days=2)).items
    assert [(line.amount, line.balance) for line in second] == [(-1_250, 3_750)]


def test_an_entry_is_reversed_once() -> None:
    one = account(operator())
    entry = money.pay(one, 1_000, now=START)
    ledger.reverse(one, entry, day=DAY, now=START)
    assert ledger.available(one, START) == 0
    with pytest.raises(ledger.AlreadyReversed):
        ledger.reverse(one, entry, day=DAY, now=START)
    with pytest.raises(ledger.UnknownEntry):
        ledger.reverse(one, uuid4(), day=DAY, now=START)
    assert ledger.available(one, START) == 0


def test_held_money_cannot_be_spent_and_is_captured_or_released_once() -> None:
    one = account(operator(), 1_000)
    hold = ledger.place_hold(one, 600, text="order", now=START)
    assert ledger.available(one, START) == 400
    with pytest.raises(ledger.InsufficientFunds):
        ledger.place_hold(one, 401, text="more", now=START)
    ledger.capture_hold(one, hold, counter="integrators", day=DAY, now=START)
    assert ledger.available(one, START) == 400
    with pytest.raises(ledger.HoldClosed):
        ledger.release_hold(one, hold, now=START)
    second = ledger.place_hold(one, 400, text="order", now=START)
    assert ledger.release_hold(one, second, now=START) == 400
    assert ledger.available(one, START) == 400


def test_a_refund_pays_out_money_but_no_credit() -> None:
    one = account(operator(), 300, credit_limit=1_000)
    with pytest.raises(ledger.InsufficientFunds):
        money.refund(one, 301, now=START)
    money.refund(one, 300, now=START)
    assert ledger.available(one, START) == 1_000


def test_no_sequence_of_movements_passes_what_books_hold() -> None:
    most = LIMIT - 1
    one = account(operator(), most)
    for more in (partial(money.pay, one, 1, now=START), partial(money.adjust, one, most, now=START)):
        with pytest.raises(ledger.BalanceLimit) as refused:
            more()
        assert refused.value.code == "balance_limit"
    money.adjust(one, -most, now=START)
    money.adjust(one, -most, now=START)
    with pytest.raises(ledger.BalanceLimit):
        money.adjust(one, -1, now=START)
    money.pay(one, most, now=START)
    assert ledger.available(one, START) == 0
    assert [line.amount for line in statement(one).items] == [most, -most, -most, most]


def test_a_debt_beyond_what_books_hold_is_paid_off() -> None:
    one = account(operator())
    with connection.cursor() as cursor:  # as an engine that may let accounts owe would leave it
        cursor.execute("UPDATE ledger_account SET balance = %s WHERE account_id = %s", [-3 * LIMIT, one])
    money.pay(one, LIMIT - 1, now=START)
    assert ledger.available(one, START) == -2 * LIMIT - 1
    with pytest.raises(ledger.BalanceLimit):
        money.adjust(one, -1, now=START)


@pytest.mark.parametrize("amount", [0, -1])
def test_a_payment_is_above_zero(amount: int) -> None:
    one = account(operator())
    with pytest.raises(InvalidRequest) as refused:
        money.pay(one, amount, now=START)
    assert refused.value.code == "out_of_range"


def test_a_key_stands_for_one_request() -> None:
    one = account(operator())
    first = money.pay(one, 1_000, now=START, key="bank-1")
    assert money.pay(one, 1_000, now=START + timedelta(hours=1), key="bank-1") == first
    others = (partial(money.pay, one, 1_001), partial(money.adjust, one, 1_000))
    for other in others:
        with pytest.raises(KeyConflict):
            other(now=START, key="bank-1")
    assert ledger.available(one, START) == 1_000


def test_a_refused_request_keeps_no_key() -> None:
    one = account(operator(), 100)
    with pytest.raises(ledger.InsufficientFunds):
        ledger.debit(one, 101, key="order-1", counter="integrators", day=DAY, now=START)
    money.pay(one, 1, now=START)
    entry = ledger.debit(one, 101, key="order-1", counter="integrators", day=DAY, now=START)
    assert ledger.debit(one, 101, key="order-1", counter="integrators", day=DAY, now=START) == entry
    assert ledger.available(one, START) == 0


def test_a_debit_counts_a_promise() -> None:
    one = account(operator())
    money.promise(one, 500, 3, now=START)
    ledger.debit(one, 500, key="k", counter="integrators", day=DAY, now=START)
    with pytest.raises(ledger.InsufficientFunds):
        ledger.debit(one, 1, key="k2", counter="integrators", day=DAY, now=START)
    with pytest.raises(ledger.UnknownAccount):
        ledger.debit(10**15, 1, key="k", counter="integrators", day=DAY, now=START)


def test_a_number_is_given_once_per_seller() -> None:
    seller = operator()
    account(seller, number="100")
    account(operator(), number="100")
    with pytest.raises(DuplicateNumber):
        account(seller, number="100")


def test_a_promise_is_bounded() -> None:
    one = account(operator())
    for bad in ({"amount": 0, "days": 1}, {"amount": 1, "days": 0}, {"amount": 1, "days": 367}):
        with pytest.raises(InvalidRequest):
            money.promise(one, bad["amount"], bad["days"], now=START)
    with pytest.raises(InvalidRequest):
        money.promise(one, 1, 1, now=START, fee=-1)
    with pytest.raises(ledger.InsufficientFunds):
        money.promise(one, 10, 1, now=START, fee=11)
    assert not ledger.has_active_grant(one, START)


def test_what_is_available_counts_a_grant_while_it_is_active() -> None:
    one = account(operator())
    money.promise(one, 500, 2, now=datetime.fromisoformat("2026-01-01T10:00:00+00:00"))
    for instant, expected in (
        ("2026-01-01T09:59:59", 0),
        ("2026-01-01T10:00:00", 500),
        ("2026-01-02T23:59:59", 500),
        ("2026-01-03T00:00:00", 0),
    ):
        assert ledger.available(one, datetime.fromisoformat(f"{instant}+00:00")) == expected

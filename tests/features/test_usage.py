"""Use: counted once, within its limits, rated as it should be, whatever comes late, twice, together or in any order."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from fractions import Fraction
from functools import partial
from random import Random
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from abono.base.refusal import KeyConflict, Refusal
from abono.features.billing import blocks, money, orders, reserving
from abono.features.billing.audit import audit
from abono.features.billing.engine import Scope, turn_clock
from abono.features.billing.forecast import forecast
from abono.features.billing.look_ahead import look
from abono.features.billing.previews import preview
from abono.features.billing.queries import accounts_now, charges_of, next_charges, outlook
from abono.features.billing.using import use, use_many
from abono.features.ledger.operations import InsufficientFunds
from abono.features.usage import queries
from abono.features.usage.events import Batch, Use
from abono.features.usage.keeping import keep_months
from abono.features.usage.operations import count
from abono.kernel.money import round_half_up
from tests.features import worlds
from tests.features.test_operator_blocks import in_thread

if TYPE_CHECKING:
    from abono.features.operators.queries import Operator

pytestmark = pytest.mark.django_db

START = worlds.START
CATALOGUE: dict[str, Any] = {
    "services": {
        "support": {"kind": "onoff"},
        "prints": {"kind": "usage", "unit": "page"},
        "letters": {"kind": "usage"},
        "sms": {"kind": "usage"},
        "calls": {"kind": "usage"},
        "people": {"kind": "seats", "unit": "person"},
    },
    "plans": {
        "office": {
            "price": "10.00",
            "period": "month",
            "services": {
                "support": {"quantity": "2"},
                "prints": {"included": "10", "model": "package", "size": "10", "price": "5.00"},
                "letters": {"included": "100", "limit": "hard"},
                "sms": {"included": "5", "model": "package", "size": "5", "price": "3.00", "overage": "on_use"},
                "calls": {"included": "3", "quota_period": "day", "model": "standard", "unit": "0.10"},
                "people": {"included": "2", "model": "package", "size": "1", "price": "7.00"},
            },
        },
        "office-big": {
            "price": "20.00",
            "period": "month",
            "services": {"prints": {"included": "50", "model": "package", "size": "10", "price": "5.00"}},
        },
        "office-week": {
            "price": "4.00",
            "period": "week",
            "services": {"prints": {"included": "1", "model": "standard", "unit": "1.00"}},
        },
        "tap": {
            "price": "0.00",
            "period": "month",
            "services": {"prints": {"model": "standard", "unit": "0.50", "minimum": "2.00", "maximum": "9.00"}},
        },
        "crew": {
            "price": "10.00",
            "period": "month",
            "setup_fee": "1.00",
            "services": {
                "people": {"included": "2", "model": "package", "size": "1", "price": "7.00", "overage": "on_use"}
            },
        },
        "four": {"price": "1.00", "period": "month", "services": {"people": {"included": "4", "limit": "hard"}}},
        "four-weekly": {"price": "1.00", "period": "week", "services": {"people": {"included": "4", "limit": "hard"}}},
        "five": {"price": "1.00", "period": "month", "services": {"people": {"included": "5", "limit": "hard"}}},
        "bare": {"price": "1.00", "period": "month", "services": {"support": {}}},
        "team": {
            "price": "10.00",
            "period": "month",
            "services": {
                "people": {"included": "2", "model": "package", "size": "1", "price": "7.00", "seats_billed": "time"}
            },
        },
        "team-week": {
            "price": "4.00",
            "period": "week",
            "services": {"people": {"included": "2", "model": "standard", "unit": "1.00", "seats_billed": "time"}},
        },
    },
}


@pytest.fixture
def seller() -> Operator:
    return worlds.operator(CATALOGUE, tax="20")


def days(number: int, hour: int = 12) -> datetime:
    return START + timedelta(days=number, hours=hour)


def office(seller: Operator, plan: str = "office", balance: int = 100_000, quantity: int = 1) -> tuple[int, UUID]:
    account = worlds.account(seller, balance)
    return account, orders.subscribe(account, plan, now=START, quantity=Decimal(quantity))


def let_pass(account: int, seller: Operator, until: datetime) -> None:
    with transaction.atomic():
        turn_clock(Scope.of_account(seller, account), until, look=look)


def quota(account: int, now: datetime, service: str = "prints") -> Any:  # its decimals are held against whole numbers
    (found,) = [each for each in queries.quotas_of([account], now) if each.service == service]
    return found


def charged(account: int) -> list[tuple[str, str, int]]:
    return [
        (row["starts_on"].isoformat(), row["ends_on"].isoformat(), row["amount"])
        for rows in charges_of([account]).values()
        for row in rows
    ]


def balance(account: int, now: datetime) -> int:
    return int(accounts_now([account], now)[account]["balance"])


def refused(each: Use, code: str, now: datetime, **more: Any) -> None:
    before = (queries.quotas_of([each.account], now), balance(each.account, now))
    with pytest.raises(Refusal) as found:
        use(each, now=now, **more)
    assert found.value.code == code
    assert (queries.quotas_of([each.account], now), balance(each.account, now)) == before


# ---- counted once


def test_a_repeated_event_is_counted_once_and_another_one_is_a_conflict(seller: Operator) -> None:
    account, sub = office(seller)
    first = Use(account, sub, "prints", Decimal(7), days(1), "job")
    assert use(first, now=days(2))
    assert not use(first, now=days(3))
    assert not use(first._replace(quantity=Decimal("7.000")), now=days(3))
    assert not use(first._replace(at=days(1).astimezone()), now=days(3))
    with pytest.raises(KeyConflict):
        use(first._replace(quantity=Decimal(8)), now=days(3))
    with pytest.raises(KeyConflict):
        use(first._replace(at=None), now=days(3))
    assert quota(account, days(3)).used == 7
    other, other_sub = office(seller)
    assert use(Use(other, other_sub, "prints", Decimal(1), days(1), "job"), now=days(3))
    assert audit() == []


def test_events_whose_numbers_have_one_hash_are_not_the_same(seller: Operator) -> None:
    account, sub = office(seller)
    late = days(6)
    event = Use(account, sub, "prints", Decimal(7), days(1, 11), "job")
    assert use(event, now=late)
    with pytest.raises(KeyConflict):
        use(event._replace(quantity=Decimal(-7)), now=late)
    # PostgreSQL hashes an instant by the exclusive or of the halves of its microseconds since 2000.
    since = datetime(2000, 1, 1, tzinfo=UTC)
    whole = (days(1, 11) - since) // timedelta(microseconds=1)
    high, low = whole >> 32, whole & 0xFFFFFFFF
    twin = since + timedelta(microseconds=(high + 1 << 32) + (low ^ high ^ high + 1))
    with pytest.raises(KeyConflict):
        use(event._replace(at=twin), now=late)
    assert quota(account, late).used == 7


def test_a_refused_event_claims_no_key(seller: Operator) -> None:
    account, sub = office(seller)
    too_much = Use(account, sub, "letters", Decimal(101), None, "k")
    refused(too_much, "quota_exceeded", days(1))
    assert use(too_much._replace(quantity=Decimal(100)), now=days(1))
    assert quota(account, days(1), "letters").used == 100


def test_a_key_decides_before_anything_else(seller: Operator) -> None:
    account, sub = office(seller)
    letters = Use(account, sub, "letters", Decimal(100), None, "k")
    assert use(letters, now=days(1))
    orders.cancel(account, sub, now=days(2), at_period_end=False)
    assert not use(letters, now=days(3))
    refused(letters._replace(key="n"), "subscription_ended", days(3))


def test_a_batch_with_one_key_many_times(seller: Operator) -> None:
    account, sub = office(seller)
    letters = Use(account, sub, "letters", Decimal(101), None, "k")
    batch = [
        letters,
        letters._replace(quantity=Decimal(60)),
        letters,
        letters._replace(quantity=Decimal(60)),
        letters._replace(quantity=Decimal(5)),
    ]
    assert count(batch, now=days(1)) == ["quota_exceeded", "counted", "quota_exceeded", "repeated", "key_conflict"]
    more = [Decimal(41), Decimal(39), Decimal(2), Decimal(-10), Decimal(11), Decimal(12)]
    assert count([Use(account, sub, "letters", each) for each in more], now=days(1)) == [
        "quota_exceeded", "counted", "quota_exceeded", "counted", "counted", "quota_exceeded",
    ]  # fmt: skip
    assert quota(account, days(1), "letters").used == 100


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"service": "nothing"}, "unknown_service"),
        ({"service": "support"}, "not_quantifiable"),
        ({"at": START - timedelta(minutes=5, seconds=1)}, "out_of_range"),
        ({"at": days(5) + timedelta(minutes=5, seconds=1)}, "out_of_range"),
        ({"quantity": Decimal("NaN")}, "invalid"),
        ({"quantity": Decimal("1e15")}, "out_of_range"),
        ({"quantity": Decimal("1e-13")}, "out_of_range"),
        ({"key": "a\nb"}, "invalid"),
        ({"key": ""}, "invalid"),
        ({"key": "x" * 201}, "invalid"),
    ],
)
def test_refusals(seller: Operator, change: dict[str, Any], code: str) -> None:
    account, sub = office(seller)
    refused(Use(account, sub, "prints", Decimal(1), days(4), "k")._replace(**change), code, days(5))


def test_no_other_account_s_subscription(seller: Operator) -> None:
    account, sub = office(seller)
    other, _ = office(seller)
    refused(Use(other, sub, "prints", Decimal(1)), "unknown_subscription", days(1))
    assert quota(account, days(1)).used == 0


def test_keys_and_services_of_every_letter(seller: Operator) -> None:
    account, sub = office(seller)
    for key in ("a\\tb", "\\N", "\\", "ключ 1", "x" * 200, "'; DROP TABLE usage_event; --"):
        each = Use(account, sub, "prints", Decimal(1), None, key)
        assert use(each, now=days(1))
        assert not use(each, now=days(1))
    refused(Use(account, sub, "\\N", Decimal(1)), "unknown_service", days(1))
    assert quota(account, days(1)).used == 6


# ---- limits, overage, periods


def test_corrections_give_back_and_late_events_count_where_the_count_is_open(seller: Operator) -> None:
    account, sub = office(seller)
    use(Use(account, sub, "prints", Decimal("12.5")), now=days(3))
    use(Use(account, sub, "prints", Decimal("-3.5")), now=days(4))
    assert (quota(account, days(4)).used, quota(account, days(4)).remaining) == (9, 1)
    let_pass(account, seller, days(32))
    use(Use(account, sub, "prints", Decimal(11), days(20)), now=days(32))
    assert (quota(account, days(32)).used, quota(account, days(32)).packs) == (11, 1)
    closed: Any
    (closed,) = [row for row in queries.closed_periods(account, sub).items if row.service == "prints"]
    assert (closed.used, closed.over, closed.amount) == (9, 0, 0)
    assert audit() == []


def test_quantity_multiplies_the_included_and_not_the_packs(seller: Operator) -> None:
    account, sub = office(seller, quantity=3)
    use(Use(account, sub, "prints", Decimal(31)), now=days(3))
    found = quota(account, days(3))
    assert (found.included, found.over, found.packs) == (30, 1, 1)


def test_an_event_after_a_boundary_that_is_still_to_be_worked_off_counts_for_the_next_period(seller: Operator) -> None:
    account, sub = office(seller)
    use(Use(account, sub, "prints", Decimal(10)), now=days(3))
    use(Use(account, sub, "calls", Decimal(4), days(31)), now=days(31))
    use(Use(account, sub, "prints", Decimal(4), days(31)), now=days(31))
    use(Use(account, sub, "prints", Decimal(1), days(30)), now=days(31))
    use(Use(account, sub, "people", Decimal(3), days(31)), now=days(31))
    assert audit() == [] or [each.promise for each in audit()] == ["due"]
    let_pass(account, seller, days(31, 13))
    assert quota(account, days(31, 13)).used == 4
    assert quota(account, days(31, 13), "calls").over == 1
    assert quota(account, days(31, 13), "people").used == 3
    assert charged(account) == [
        ("2026-01-01", "2026-02-01", 1_000), ("2026-01-01", "2026-02-01", 500), ("2026-02-01", "2026-03-01", 1_000),
    ]  # fmt: skip
    assert audit() == []


def test_use_told_after_the_end_is_charged_as_overage_of_that_period(seller: Operator) -> None:
    # 10 prints are included, a pack of 10 costs 5.00; of calls 3 a day, each other costs 0.10.
    account, sub = office(seller, balance=1_000)
    assert use(Use(account, sub, "prints", Decimal(8)), now=days(3))
    orders.cancel(account, sub, now=days(5), at_period_end=False)
    later, before = days(5, 20), days(5, 11)
    told = Use(account, sub, "prints", Decimal(2), before, "a")
    assert use(told, now=later)
    assert balance(account, later) == 0
    assert use(told._replace(quantity=Decimal(1), key="b"), now=later)
    assert not use(told._replace(quantity=Decimal(1), key="b"), now=later)
    refused(told._replace(quantity=Decimal(3), key="b"), "key_conflict", later)
    assert balance(account, later) == -500
    # What was never used had no count; batches take it too.
    calls = Use(account, sub, "calls", Decimal(4), before, "c")
    batch = [calls, calls, calls._replace(key="d", quantity=Decimal(1))]
    assert use_many(batch, now=later) == ["counted", "repeated", "counted"]
    assert balance(account, later) == -500 - 20
    refused(told._replace(at=days(5), key="e"), "subscription_ended", later)
    refused(told._replace(at=None, key="e"), "subscription_ended", later)
    refused(told._replace(quantity=Decimal(-1), key="e"), "subscription_ended", later)
    refused(told._replace(service="letters", quantity=Decimal(101), key="e"), "quota_exceeded", later)
    assert use(told._replace(key="e", quantity=Decimal(1)), now=before + timedelta(days=1))
    refused(told._replace(key="f"), "subscription_ended", before + timedelta(days=1, microseconds=1))
    assert balance(account, later) == -500 - 20
    assert audit() == []


def test_cancelled_now_the_overage_is_owed_and_seats_are_released(seller: Operator) -> None:
    account, sub = office(seller)
    use(Use(account, sub, "prints", Decimal(21)), now=days(3))
    use(Use(account, sub, "people", Decimal(4)), now=days(3), seats=True)
    use(Use(account, sub, "people", Decimal(-3)), now=days(4), seats=True)
    orders.cancel(account, sub, now=days(9), at_period_end=False)
    assert charged(account)[1:] == [("2026-01-01", "2026-01-10", 1_000), ("2026-01-01", "2026-01-10", 1_400)]
    assert quota(account, days(9), "people").used == 0
    refused(Use(account, sub, "people", Decimal(1)), "subscription_ended", days(9), seats=True)
    assert audit() == []


def test_a_suspended_subscription_takes_no_use_but_seats_may_leave(seller: Operator) -> None:
    account, sub = office(seller, balance=1_500)
    use(Use(account, sub, "people", Decimal(2)), now=days(3), seats=True)
    let_pass(account, seller, days(32))
    refused(Use(account, sub, "prints", Decimal(1)), "subscription_suspended", days(32))
    refused(Use(account, sub, "people", Decimal(1)), "subscription_suspended", days(32), seats=True)
    assert use(Use(account, sub, "people", Decimal(-1)), now=days(32), seats=True)
    refused(Use(account, sub, "people", Decimal(-2)), "out_of_range", days(32), seats=True)
    money.pay(account, 10_000, now=days(40))
    assert quota(account, days(40), "people").used == 1
    assert audit() == []


def test_seats_are_not_usage(seller: Operator) -> None:
    account, sub = office(seller)
    refused(Use(account, sub, "prints", Decimal(1)), "not_quantifiable", days(1), seats=True)


def test_a_change_now_keeps_the_counts_and_the_plan_at_the_end_rates_all(seller: Operator) -> None:
    account, sub = office(seller)
    use(Use(account, sub, "prints", Decimal(61)), now=days(3))
    orders.change(account, sub, plan_code="office-big", now=days(10), at_period_end=False)
    assert (quota(account, days(10)).used, quota(account, days(10)).packs) == (61, 2)
    let_pass(account, seller, days(32))
    assert ("2026-01-01", "2026-02-01", 1_000) in charged(account)[1:]
    assert audit() == []


def test_a_change_now_is_refused_where_more_is_taken_than_the_new_plan_allows(seller: Operator) -> None:
    account, sub = office(seller, "crew")
    assert use(Use(account, sub, "people", Decimal(5)), now=days(1))
    for plan, code in (("four", "quota_exceeded"), ("four-weekly", "quota_exceeded"), ("five", None)):
        before = (balance(account, days(2)), quota(account, days(2), "people"))
        seen = preview(account, days(2), partial(change_now, account, sub, plan))
        assert (seen.refusal and seen.refusal.code) == code
        if code:
            with pytest.raises(Refusal) as found:
                change_now(account, sub, plan)
            assert found.value.code == code
            assert (balance(account, days(2)), quota(account, days(2), "people")) == before
    # At the boundary, and with what was given back, it passes.
    orders.change(account, sub, plan_code="four", now=days(2))
    assert use(Use(account, sub, "people", Decimal(-1)), now=days(2))
    change_now(account, sub, "four")
    with pytest.raises(Refusal) as found:
        use(Use(account, sub, "people", Decimal(1)), now=days(2))
    assert found.value.code == "quota_exceeded"
    assert audit() == []


def change_now(account: int, sub: UUID, plan: str) -> None:
    orders.change(account, sub, plan_code=plan, at_period_end=False, now=days(2))


def test_a_change_to_another_length_closes_the_count(seller: Operator) -> None:
    account, sub = office(seller)
    use(Use(account, sub, "prints", Decimal(11)), now=days(3))
    orders.change(account, sub, plan_code="office-week", now=days(10), at_period_end=False)
    assert ("2026-01-01", "2026-01-11", 500) in charged(account)
    assert (quota(account, days(10)).used, quota(account, days(10)).included) == (0, 1)
    assert audit() == []


def test_what_was_used_before_a_plan_without_counts_is_forgotten(seller: Operator) -> None:
    account, sub = office(seller)
    use(Use(account, sub, "prints", Decimal(11)), now=days(3))
    orders.change(account, sub, plan_code="bare", now=days(10), at_period_end=False)
    let_pass(account, seller, days(40))
    orders.change(account, sub, plan_code="office", now=days(40), at_period_end=False)
    assert quota(account, days(40)).used == 0
    assert all(amount != 500 for _from, _to, amount in charged(account))
    assert audit() == []


def test_a_minimum_is_owed_for_nothing_and_a_maximum_is_the_most(seller: Operator) -> None:
    account, sub = office(seller, "tap")
    let_pass(account, seller, days(32))
    use(Use(account, sub, "prints", Decimal(50)), now=days(33))
    let_pass(account, seller, days(60))
    assert charged(account) == [("2026-01-01", "2026-02-01", 200), ("2026-02-01", "2026-03-01", 900)]
    assert audit() == []


def test_a_pack_on_use_is_paid_once_also_after_a_correction(seller: Operator) -> None:
    account, sub = office(seller, balance=1_600)
    use(Use(account, sub, "sms", Decimal(6)), now=days(1))
    assert balance(account, days(1)) == 300
    use(Use(account, sub, "sms", Decimal(-6)), now=days(2))
    assert (quota(account, days(2), "sms").used, quota(account, days(2), "sms").packs) == (0, 1)
    use(Use(account, sub, "sms", Decimal(10)), now=days(3))
    assert balance(account, days(3)) == 300
    assert use_many(
        [
            Use(account, sub, "sms", Decimal(1)),
            Use(account, sub, "sms", Decimal(5)),
            Use(account, sub, "prints", Decimal(1)),
        ],
        now=days(4),
    ) == ["counted", "insufficient_funds", "counted"]
    assert (balance(account, days(4)), quota(account, days(4), "sms").used) == (0, 11)
    with pytest.raises(InsufficientFunds):
        use(Use(account, sub, "sms", Decimal(5), None, "k"), now=days(4))
    money.pay(account, 300, now=days(4))
    assert use(Use(account, sub, "sms", Decimal(5), None, "k"), now=days(4))
    assert not use(Use(account, sub, "sms", Decimal(5), None, "k"), now=days(4))
    assert (balance(account, days(4)), quota(account, days(4), "sms").packs) == (0, 3)
    let_pass(account, seller, days(32))
    assert [row[2] for row in charged(account)] == [1_000, 300, 300, 300]
    assert audit() == []


def test_a_pack_of_the_period_to_come_is_paid_as_it_opens(seller: Operator) -> None:
    # 5 sms are included; a pack of 5 costs 3.00.
    account, sub = office(seller, balance=1_000 + 599)
    last = START.replace(month=2) - timedelta(minutes=2)
    ahead = START.replace(month=2) + timedelta(minutes=1)
    first = Use(account, sub, "sms", Decimal(6), ahead, "a")
    assert use(first, now=last)
    assert balance(account, last) == 299
    refused(first._replace(key="b", quantity=Decimal(5)), "insufficient_funds", last)
    assert use(first._replace(key="b", quantity=Decimal(4)), now=last)
    assert balance(account, last) == 299
    assert audit() == []
    money.pay(account, 701, now=last)
    let_pass(account, seller, START.replace(month=2))
    assert (balance(account, ahead), quota(account, ahead, "sms").packs) == (0, 1)
    assert audit() == []


def test_a_batch_over_several_missed_boundaries_is_counted_month_by_month(seller: Operator) -> None:
    # 10 prints are included, a pack of 10 costs 5.00; 5 sms, a pack of 5 costs 3.00 at once. The period costs 10.00.
    february, march = START.replace(month=2, day=20), START.replace(month=3, day=5)
    account, sub = office(seller, balance=4_000)
    poor, poor_sub = office(seller, balance=1_000)
    batch = [
        Use(account, sub, "prints", Decimal(11), days(19), "january"),
        Use(account, sub, "prints", Decimal(12), february, "february"),
        Use(account, sub, "prints", Decimal(4), march, "march"),
        Use(account, sub, "sms", Decimal(5), february),
        Use(account, sub, "sms", Decimal(4), march),
        Use(poor, poor_sub, "prints", Decimal(1), march, "poor"),
        Use(account, sub, "prints", Decimal(4), march, "march"),
        Use(account, sub, "prints", Decimal(3), march + timedelta(days=1)),
    ]
    assert use_many(batch, now=march) == [*["counted"] * 5, "subscription_suspended", "repeated", "out_of_range"]
    # Three periods and the packs of January and February.
    assert balance(account, march) == 4_000 - 3 * 1_000 - 2 * 500
    assert (quota(account, march).used, quota(account, march, "sms").used) == (4, 4)
    assert use_many(batch[:3], now=march) == ["repeated"] * 3
    assert audit() == []


def test_what_was_reserved_before_a_boundary_with_a_change_is_used_under_the_new_plan(seller: Operator) -> None:
    account, sub = office(seller)
    orders.change(account, sub, now=days(3), plan_code="office-week", at_period_end=True)
    before, after = days(30, hour=23), days(31, hour=1)
    held = reserving.reserve(account, sub, "prints", Decimal(2), now=before, lasts=timedelta(hours=4))
    reserving.commit(account, held, now=after)
    # The price of January and of the week, and nothing yet of what is used in it.
    assert balance(account, after) == 100_000 - 1_000 - 400
    assert (quota(account, after).used, quota(account, after).included) == (2, 1)
    assert audit() == []


@pytest.mark.parametrize("late", [timedelta(minutes=-1), timedelta(minutes=1)])
def test_seats_that_come_at_the_boundary_open_their_packs_once(seller: Operator, late: timedelta) -> None:
    # 2 people are included; each other costs 7.00, and the period 10.00. The boundary is to come, or to be worked off.
    account, sub = office(seller, "crew", balance=100_000)
    assert use(Use(account, sub, "people", Decimal(4)), now=days(1))
    before = balance(account, days(1))
    assert use(
        Use(account, sub, "people", Decimal(1), START.replace(month=2) + timedelta(minutes=1)),
        now=START.replace(month=2) + late,
    )
    assert balance(account, days(31)) == before - 700
    let_pass(account, seller, START.replace(month=2) + timedelta(minutes=1))
    assert balance(account, days(31)) == before - 700 - 1_000 - 1_400
    assert audit() == []


def test_an_event_in_the_second_of_the_order_is_in_time(seller: Operator) -> None:
    account = worlds.account(seller, 100_000)
    ordered = START + timedelta(hours=10, microseconds=500_000)
    sub = orders.subscribe(account, "office", now=ordered)
    first = Use(account, sub, "prints", Decimal(1), ordered.replace(microsecond=0))
    assert use(first, now=ordered)
    assert use(first._replace(at=ordered - timedelta(minutes=5)), now=ordered)
    refused(first._replace(at=ordered - timedelta(minutes=5, microseconds=1)), "out_of_range", ordered)
    assert quota(account, ordered).used == 2


def test_carried_seats_that_are_paid_on_use_are_charged_with_the_price_of_the_period(seller: Operator) -> None:
    account, sub = office(seller, "crew", balance=5_000)
    use(Use(account, sub, "people", Decimal(4)), now=days(3), seats=True)
    use(Use(account, sub, "people", Decimal(-1)), now=days(5), seats=True)
    assert (balance(account, days(5)), quota(account, days(5), "people").packs) == (2_500, 2)
    assert next_charges(seller, [account], days(5))[sub].amount == 1_700
    let_pass(account, seller, days(32))
    assert charged(account) == [
        ("2026-01-01", "2026-02-01", 1_000),
        ("2026-01-01", "2026-02-01", 100),
        ("2026-01-01", "2026-02-01", 1_400),
        ("2026-02-01", "2026-03-01", 1_000),
        ("2026-02-01", "2026-03-01", 700),
    ]
    assert (balance(account, days(32)), quota(account, days(32), "people").packs) == (800, 1)
    # The price would fit, but it is one decision with its packs.
    money.adjust(account, 300, now=days(33))
    let_pass(account, seller, days(60))
    assert balance(account, days(60)) == 1_100
    refused(Use(account, sub, "people", Decimal(1)), "subscription_suspended", days(60), seats=True)
    money.pay(account, 600, now=days(61))
    assert (balance(account, days(61)), charged(account)[-1]) == (0, ("2026-03-03", "2026-04-03", 700))
    assert audit() == []


def test_seats_by_time_cost_their_average_so_far_and_at_the_end(seller: Operator) -> None:
    account, sub = office(seller, "team")
    assert (quota(account, START, "people").billed, quota(account, START, "people").measured_by) == (0, "time")
    use(Use(account, sub, "people", Decimal(5)), now=START, seats=True)
    assert quota(account, START, "people").billed == 5
    use(Use(account, sub, "people", Decimal(-4)), now=days(10, 0), seats=True)
    assert quota(account, days(10, 0), "people").billed == 5
    found = quota(account, days(20, 0), "people")
    assert (found.used, found.billed, found.over, found.packs) == (1, 3, 0, 1)
    assert outlook(seller, [account], days(20, 0))[account].due == 1_000 + 700
    assert next_charges(seller, [account], days(20, 0))[sub].amount == 1_700
    let_pass(account, seller, days(32))
    closed: Any
    (closed,) = queries.closed_periods(account, sub).items
    # Five for 10 days of January and one for 21: 71 of 31.
    assert (closed.used, closed.billed, closed.over) == (1, Decimal("2.290322580645"), Decimal("0.290322580645"))
    assert charged(account)[1] == ("2026-01-01", "2026-02-01", 700)
    assert audit() == []


def test_seats_by_time_weigh_the_days_of_an_early_close_in_one_period_only(seller: Operator) -> None:
    account, sub = office(seller, "team")
    use(Use(account, sub, "people", Decimal(4)), now=START, seats=True)
    use(Use(account, sub, "people", Decimal(30)), now=days(10, 6), seats=True)
    orders.change(account, sub, plan_code="team-week", now=days(10, 9), at_period_end=False)
    let_pass(account, seller, days(17, 0))
    found: Any = [(row.ends_on.isoformat(), row.used, row.billed) for row in queries.closed_periods(account, sub).items]
    assert found == [("2026-01-18", 34, 34), ("2026-01-11", 34, 4)]
    assert charged(account)[1] == ("2026-01-01", "2026-01-11", 1_400)
    assert ("2026-01-11", "2026-01-18", 3_200) in charged(account)
    assert audit() == []


def test_tax_on_top_of_overage() -> None:
    seller = worlds.operator(CATALOGUE, tax="20", prices_include_tax=False)
    account, sub = office(seller)
    use(Use(account, sub, "prints", Decimal(11)), now=days(1))
    use(Use(account, sub, "sms", Decimal(6)), now=days(1))
    let_pass(account, seller, days(32))
    assert [row[2] for row in charged(account)] == [1_200, 360, 600, 1_200]
    assert audit() == []


def test_a_forecast_counts_what_was_used_so_far(seller: Operator) -> None:
    account, sub = office(seller, balance=3_000)
    use(Use(account, sub, "prints", Decimal(11)), now=days(3))
    use(Use(account, sub, "people", Decimal(4)), now=days(3), seats=True)
    use(Use(account, sub, "people", Decimal(-4)), now=days(4), seats=True)
    use(Use(account, sub, "calls", Decimal(5)), now=days(5))
    before = queries.quotas_of([account], days(6))
    seen = outlook(seller, [account], days(6))[account]
    assert (seen.due, seen.short_by) == (1_000 + 500 + 1_400 + 20, 920)
    assert next_charges(seller, [account], days(6))[sub].amount == 2_920
    assert forecast(seller, days(6), 30).charged == 1_920
    assert queries.quotas_of([account], days(6)) == before
    let_pass(account, seller, days(32))
    assert balance(account, days(32)) == 3_000 - 1_000 - 1_920
    assert audit() == []


def test_entitlements_in_one_query(seller: Operator, django_assert_num_queries: Any) -> None:
    account, _sub = office(seller)
    with django_assert_num_queries(1):
        found: Any = queries.entitlements_of(account)
    assert [(each.service, each.quantity, each.granted) for each in found][:2] == [
        ("support", 2, True), ("prints", 1, True),
    ]  # fmt: skip


def test_events_behind_a_number(seller: Operator) -> None:
    account, sub = office(seller)
    for number in range(5):
        use(Use(account, sub, "prints", Decimal(number), days(1), f"k{number}"), now=days(2))
    first = queries.events_of(account, sub, service="prints", limit=3)
    rest = queries.events_of(account, sub, service="prints", limit=3, after=first.next)
    assert [row.key for row in [*first.items, *rest.items]] == ["k4", "k3", "k2", "k1", "k0"]
    assert rest.next is None
    assert queries.events_of(account, sub, turn=2).items == []


def test_the_day_on_which_a_quota_runs_out(seller: Operator) -> None:
    account, sub = office(seller)
    use(Use(account, sub, "prints", Decimal(4)), now=days(3))
    found = quota(account, days(3))
    assert (found.pace, found.runs_out_on) == (1, (START + timedelta(days=9)).date())
    assert quota(account, days(20)).runs_out_on is None
    assert quota(account, days(3), "people").pace is None


# ---- any order


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32))
def test_any_order_duplication_and_batching_counts_and_costs_the_same(seed: int) -> None:
    """The same events, each given at least once, in batches as they come: the same counters and the same charges."""
    random = Random(seed)
    events = [
        (
            random.choice(["prints", "calls", "people"]),
            Decimal(random.randrange(1, 40)) / 4,
            random.randrange(30),
            f"k{n}",
        )
        for n in range(random.randrange(5, 40))
    ]
    seller = worlds.operator(CATALOGUE, tax="20")
    outcomes = []
    for _ in range(2):
        account, sub = office(seller)
        given_ = [*events, *random.choices(events, k=10)]
        random.shuffle(given_)
        while given_:
            size = random.randrange(1, 15)
            batch, given_ = given_[:size], given_[size:]
            uses = [Use(account, sub, name, number, days(day), key) for name, number, day, key in batch]
            assert set(use_many(uses, now=days(30))) <= {"counted", "repeated"}
        found = [(row.service, row.used, row.packs) for row in queries.quotas_of([account], days(29))]
        let_pass(account, seller, days(32))
        outcomes.append((found, charged(account), balance(account, days(32))))
    assert outcomes[0] == outcomes[1]
    assert sum(number for name, number, _day, _key in events if name == "prints") == outcomes[0][0][0][1]
    assert audit() == []


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32))
def test_seats_by_time_are_the_average_of_their_dates_in_any_order(seed: int) -> None:
    """The changes of two months as they come, each at least once, in batches: what a list of them averages to."""
    random = Random(seed)
    changes = [
        (Decimal(random.randrange(1, 400)) / 8, timedelta(seconds=random.randrange(28 * 86_400)), f"k{n}")
        for n in range(random.randrange(1, 12))
    ]
    february = [(Decimal(-1) / 8, timedelta(days=33, seconds=n * 7_919), f"f{n}") for n in range(random.randrange(4))]
    seller = worlds.operator(CATALOGUE, tax="20")
    account, sub = office(seller, "team", balance=100_000_000)
    for month, now in ((changes, days(30)), (february, days(50))):
        sent = [*month, *random.choices(month, k=4)] if month else []
        random.shuffle(sent)
        while sent:
            size = random.randrange(1, 6)
            batch, sent = sent[:size], sent[size:]
            uses = [Use(account, sub, "people", number, START + at, key) for number, at, key in batch]
            assert set(use_many(uses, now=now)) <= {"counted", "repeated"}
        let_pass(account, seller, now + timedelta(days=10))

    def average(begins: datetime, ends: datetime) -> Decimal:
        total = sum(
            (
                Fraction(number) * Fraction((ends - max(START + at, begins)).total_seconds())
                for number, at, _key in [*changes, *february]
                if START + at < ends
            ),
            Fraction(0),
        )
        return Decimal(round_half_up(total / Fraction((ends - begins).total_seconds()) * 10**12)).scaleb(-12)

    found = {row.turn: (row.billed, row.used) for row in queries.closed_periods(account, sub).items}
    taken = sum((number for number, _at, _key in changes), Decimal(0))
    assert found == {
        1: (average(START, days(31, 0)), taken),
        2: (average(days(31, 0), days(59, 0)), taken + sum(number for number, _at, _key in february)),
    }
    assert audit() == []


def test_who_may_ask(seller: Operator) -> None:
    from abono.features.access.people import NotFound
    from abono.features.usage.access import find_entitlements, find_quotas
    from tests.features import people

    account, sub = office(seller)
    other, _ = office(seller)
    own, foreign = people.subscriber(seller, account), people.subscriber(seller, other)
    assert [each.service for each in find_quotas(own, account, sub, now=days(1))] == [
        "prints", "letters", "sms", "calls", "people",
    ]  # fmt: skip
    assert len(find_entitlements(own, account, now=days(1))) == 6
    for person in (foreign, people.staff(worlds.operator())):
        with pytest.raises(NotFound):
            find_quotas(person, account, sub, now=days(1))
        with pytest.raises(NotFound):
            find_entitlements(person, account, now=days(1))


def test_of_what_is_counted_one_by_one_a_batch_has_a_most(seller: Operator) -> None:
    """Two of three events that charge on use, however many others there are; the third counts when sent again."""
    account, sub = office(seller, balance=10_000)
    uses = [Use(account, sub, "sms", Decimal(1), None, f"s{number}") for number in range(3)]
    others = [Use(account, sub, "prints", Decimal(1), None, f"p{number}") for number in range(5)]
    assert use_many([*uses, *others], now=days(1), most=2) == ["counted", "counted", "too_many", *["counted"] * 5]
    assert (quota(account, days(1), "sms").used, quota(account, days(1), "prints").used) == (2, 5)
    assert use_many(uses[2:], now=days(1), most=2) == ["counted"]
    assert audit() == []


# ---- reserving


@pytest.mark.django_db(transaction=True)
def test_reservations_of_others_end_beside_an_account_that_is_held_and_one_tenants_many(
    seller: Operator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reserving, "_MOST", 3)
    first = [office(seller) for _ in range(4)]
    other = office(worlds.operator(CATALOGUE))
    late = days(2) + timedelta(minutes=2)
    for place, (account, sub) in enumerate([*first, other]):
        reserving.reserve(account, sub, "letters", Decimal(9), now=days(2), lasts=timedelta(seconds=place + 1))
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1 FROM ledger_account WHERE account_id = %s FOR UPDATE", [first[0][0]])
        freed: list[int] = []
        thread = in_thread(lambda: freed.append(reserving.expire(late)), [])
        thread.join(10)
        assert freed == [1]  # one of each tenant, of which one is held
    held = [quota(account, late, "letters").held for account, _ in [*first, other]]
    assert held == [9, 9, 9, 9, 0]
    assert [reserving.expire(late) for _ in range(3)] == [3, 1, 0]
    assert audit() == []


def test_a_reservation_takes_room_until_it_is_committed_cancelled_or_over(seller: Operator) -> None:
    account, sub = office(seller)
    first = reserving.reserve(account, sub, "letters", Decimal(60), now=days(1), key="r")
    assert reserving.reserve(account, sub, "letters", Decimal(60), now=days(1), key="r") == first
    with pytest.raises(Refusal) as full:
        reserving.reserve(account, sub, "letters", Decimal(41), now=days(1))
    assert full.value.code == "quota_exceeded"
    refused(Use(account, sub, "letters", Decimal(41)), "quota_exceeded", days(1))
    second = reserving.reserve(account, sub, "letters", Decimal(40), now=days(1))
    assert (quota(account, days(1), "letters").used, quota(account, days(1), "letters").held) == (0, 100)
    reserving.commit(account, first, now=days(1), quantity=Decimal(50))
    reserving.commit(account, first, now=days(1), quantity=Decimal(50))
    reserving.cancel(account, second, now=days(1))
    assert (quota(account, days(1), "letters").used, quota(account, days(1), "letters").held) == (50, 0)
    with pytest.raises(reserving.ReservationClosed):
        reserving.cancel(account, second, now=days(1))
    third = reserving.reserve(account, sub, "letters", Decimal(50), now=days(2), lasts=timedelta(minutes=1))
    assert reserving.expire(days(2)) == 0
    assert reserving.expire(days(2) + timedelta(minutes=1)) == 1
    assert quota(account, days(3), "letters").held == 0
    with pytest.raises(reserving.ReservationClosed):
        reserving.commit(account, third, now=days(3))
    assert audit() == []


def test_a_reservation_sets_the_money_for_its_packs_aside(seller: Operator) -> None:
    account, sub = office(seller, balance=1_600)
    first = reserving.reserve(account, sub, "sms", Decimal(6), now=days(1))
    second = reserving.reserve(account, sub, "sms", Decimal(4), now=days(1))
    third = reserving.reserve(account, sub, "sms", Decimal(1), now=days(1))
    state = accounts_now([account], days(1))[account]
    assert (state["balance"], state["held"], state["available"]) == (600, 600, 0)
    before = queries.quotas_of([account], days(1))
    with pytest.raises(InsufficientFunds):
        reserving.reserve(account, sub, "sms", Decimal(5), now=days(1))
    assert queries.quotas_of([account], days(1)) == before
    reserving.commit(account, first, now=days(1))
    reserving.cancel(account, third, now=days(1))
    reserving.commit(account, second, now=days(1))
    state = accounts_now([account], days(1))[account]
    assert (state["balance"], state["held"]) == (300, 0)
    assert quota(account, days(1), "sms").used == 10
    assert audit() == []


@pytest.mark.parametrize(
    ("service", "code"),
    [("support", "not_quantifiable"), ("nothing", "unknown_service"), ("prints", "subscription_suspended")],
)
def test_what_cannot_be_reserved(seller: Operator, service: str, code: str) -> None:
    account, sub = office(seller)
    if service == "prints":
        blocks.block(account, now=days(1))
    with pytest.raises(Refusal) as found:
        reserving.reserve(account, sub, service, Decimal(1), now=days(1))
    assert found.value.code == code
    assert all(each.held == 0 for each in queries.quotas_of([account], days(1)))


# ---- months


def test_old_months_are_dropped_and_the_sums_stay(seller: Operator, settings: Any) -> None:
    account, sub = office(seller)
    use(Use(account, sub, "prints", Decimal(7), None, "k"), now=days(3))
    use(Use(account, sub, "calls", Decimal(2)), now=days(3))
    let_pass(account, seller, days(100))
    use(Use(account, sub, "prints", Decimal(3), days(40)), now=days(100))
    assert keep_months(days(100)) == []
    settings.USAGE_MONTHS = 1
    later = [Decimal(3)]
    assert [month.isoformat() for month in keep_months(days(100))] == ["2026-01-01", "2026-02-01"]
    assert quota(account, days(100)).used in later
    assert queries.events_of(account, sub).items == []
    refused(Use(account, sub, "prints", Decimal(7), days(3), "k"), "out_of_range", days(100))
    assert audit() == []
    use(Use(account, sub, "people", Decimal(2)), now=days(100), seats=True)
    settings.USAGE_MONTHS = 0
    assert audit() == []


def test_a_month_is_kept_while_an_average_of_seats_needs_it(seller: Operator, settings: Any) -> None:
    account, sub = office(seller, "team")
    use(Use(account, sub, "people", Decimal(4)), now=START, seats=True)
    settings.USAGE_MONTHS = 1
    assert keep_months(days(100)) == []
    let_pass(account, seller, days(100))
    assert [month.isoformat() for month in keep_months(days(100))] == ["2026-01-01"]
    assert [row.billed for row in queries.closed_periods(account, sub).items] == [4, 4, 4]
    assert audit() == []


@pytest.mark.parametrize(
    ("at", "outcome"),
    [
        (datetime(2026, 1, 3, 18, 15, tzinfo=timezone(timedelta(hours=18, minutes=16))), "counted"),
        (datetime(2026, 1, 2, 0, 0, tzinfo=timezone(timedelta(hours=-23, minutes=-59))), "counted"),
        (datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=5))), "out_of_range"),
        (datetime(9999, 12, 31, 23, tzinfo=timezone(timedelta(hours=-5))), "out_of_range"),
    ],
)
def test_an_instant_may_be_told_by_any_clock(at: datetime, outcome: str) -> None:
    account = worlds.account(worlds.operator(CATALOGUE), 1_000)
    sub = orders.subscribe(account, "office", now=START)
    assert count([Use(account, sub, "prints", Decimal(1), at, "k")], now=START + timedelta(days=3)) == [outcome]


@settings(max_examples=200, deadline=None)
@given(
    at=st.datetimes(
        min_value=datetime(1970, 1, 1),  # noqa: DTZ001 -- hypothesis adds the zone
        max_value=datetime(2200, 1, 1),  # noqa: DTZ001 -- likewise
        timezones=st.sampled_from([UTC, timezone(timedelta(hours=14)), timezone(timedelta(hours=-11, minutes=-30))]),
    )
)
def test_an_instant_reaches_the_database_to_the_microsecond(at: datetime) -> None:
    columns = Batch([Use(1, UUID(int=1), "calls", Decimal(1), at)]).columns([0])
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT e.at = %(at)s::timestamptz FROM abono_events(%(spots)s, %(quantities)s, %(instants)s, %(keys)s,"
            " NULL, NULL, NULL, NULL) AS e",
            {**columns, "at": at.isoformat()},
        )
        assert cursor.fetchall() == [(True,)]

"""How events add up: sums, counts, the most, different values, the latest; by filters on their properties."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from random import Random
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from abono.base.refusal import KeyConflict, Refusal
from abono.features.billing import orders, reserving
from abono.features.billing.audit import audit
from abono.features.billing.engine import Scope, turn_clock
from abono.features.billing.look_ahead import look
from abono.features.billing.queries import accounts_now, charges_of
from abono.features.billing.using import use, use_many
from abono.features.usage import queries
from abono.features.usage.events import Use
from abono.features.usage.keeping import keep_months
from abono.features.usage.operations import count
from abono.kernel.rating import parse_model, rate_amount
from tests.features import worlds

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from uuid import UUID

    from abono.features.operators.queries import Operator

pytestmark = pytest.mark.django_db
START = worlds.START
PACK = {"model": "package", "size": "10", "price": "5.00"}
UNIT = {"model": "standard", "unit": "0.01"}
FILTERS: dict[str, list[dict[str, Any]]] = {
    "prints": [
        {"when": {"colour": "yes"}, "counts": "3"},
        {"when": {"colour": "yes", "size": "A3"}, "counts": "5"},
        {"when": {"colour": "no", "size": ["A2", "A1"]}, "as": "posters"},
        {"when": {"colour": "no", "size": "A3"}, "as": "posters", "counts": "0.25"},
    ],
    "calls": [{"when": {"zone": ["2", "3"]}, "counts": "2"}, {"when": {"zone": "4"}, "as": "visitors"}],
}
CATALOGUE: dict[str, Any] = {
    "services": {
        "prints": {"kind": "usage", "unit": "page"},
        "posters": {"kind": "usage"},
        "calls": {"kind": "usage", "aggregation": "count"},
        "storage": {"kind": "usage", "aggregation": "max"},
        "visitors": {"kind": "usage", "aggregation": "unique", "property": "visitor"},
        "meter": {"kind": "usage", "aggregation": "latest"},
        "daily": {"kind": "usage", "aggregation": "count"},
    },
    "plans": {
        "office": {
            "price": "10.00",
            "period": "month",
            "services": {
                "prints": {"included": "10", **PACK, "filters": FILTERS["prints"]},
                "posters": {"included": "2", **UNIT},
                "calls": {"included": "3", **UNIT, "filters": FILTERS["calls"]},
                "storage": {"included": "5", **PACK},
                "visitors": {"included": "2", **UNIT},
                "meter": {"included": "7", **UNIT},
                "daily": {"included": "1", "quota_period": "day", **UNIT},
            },
        },
        "strict": {
            "price": "10.00",
            "period": "month",
            "services": {
                "storage": {"included": "10", "limit": "hard"},
                "visitors": {"included": "2", "limit": "hard"},
                "meter": {"included": "10", "limit": "hard"},
                "calls": {"included": "3", "limit": "hard", "filters": [{"when": {"zone": "2"}, "counts": "2"}]},
                "prints": {"filters": [{"when": {"size": "A2"}, "as": "posters"}]},
                "posters": {"included": "4", "limit": "hard"},
            },
        },
        "prepaid": {
            "price": "10.00",
            "period": "month",
            "services": {
                "prints": {"included": "10", **PACK, "filters": [{"when": {"size": "A2"}, "as": "posters"}]},
                "posters": {"included": "1", "model": "package", "size": "1", "price": "2.00", "overage": "on_use"},
                "storage": {"included": "1", "model": "package", "size": "10", "price": "3.00", "overage": "on_use"},
            },
        },
    },
}


@pytest.fixture
def seller() -> Operator:
    return worlds.operator(CATALOGUE, tax="20")


def days(number: int, hour: int = 12) -> datetime:
    return START + timedelta(days=number, hours=hour)


def office(seller: Operator, plan: str = "office", balance: int = 1_000_000) -> tuple[int, UUID]:
    account = worlds.account(seller, balance)
    return account, orders.subscribe(account, plan, now=START)


def let_pass(account: int, seller: Operator, until: datetime) -> None:
    with transaction.atomic():
        turn_clock(Scope.of_account(seller, account), until, look=look)


def used(account: int, now: datetime) -> dict[str, Any]:  # its decimals are held against whole numbers
    return {row.service: row.used for row in queries.quotas_of([account], now)}


def charged(account: int) -> list[int]:
    return [row["amount"] for rows in charges_of([account]).values() for row in rows]


def refused(each: Use, code: str, now: datetime) -> None:
    before = (queries.quotas_of([each.account], now), events(each.account), charged(each.account))
    with pytest.raises(Refusal) as found:
        use(each, now=now)
    assert found.value.code == code
    assert (queries.quotas_of([each.account], now), events(each.account), charged(each.account)) == before


def events(account: int) -> list[tuple[Any, ...]]:
    """What is kept of each event, in the order of their ids."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT v.code, e.quantity, e.reported, w.code, e.weight, e.properties::text FROM usage_event AS e"
            " INNER JOIN catalogue_service AS v ON e.service_id = v.id"
            " LEFT JOIN catalogue_service AS w ON e.reported_service_id = w.id"
            " WHERE e.account_id = %s ORDER BY e.id",
            [account],
        )
        return [tuple(row) for row in cursor.fetchall()]


# ---- what each way makes of reports


@pytest.mark.parametrize(
    ("service", "reports", "wanted"),
    [
        ("calls", ["5", "0", "-2", "7"], [1, 1, 0, 1]),
        ("storage", ["4", "2", "-3", "9.5", "9.5", "1"], [4, 4, 4, "9.5", "9.5", "9.5"]),
        ("meter", ["4", "2", "9", "-1", "0"], [4, 2, 9, -1, 0]),
    ],
)
def test_ways_of_adding_up(seller: Operator, service: str, reports: list[str], wanted: list[Any]) -> None:
    account, sub = office(seller)
    seen = []
    for day, report in enumerate(reports, 1):
        assert use(Use(account, sub, service, Decimal(report)), now=days(day))
        seen.append(used(account, days(day))[service])
    assert seen == [Decimal(each) for each in wanted]
    assert [row[1] if row[2] is None else row[2] for row in events(account)] == [Decimal(each) for each in reports]
    assert audit() == []


def test_different_values_count_once_a_period(seller: Operator) -> None:
    account, sub = office(seller)

    def visit(visitor: str, day: int) -> Decimal:
        use(Use(account, sub, "visitors", Decimal(1), None, None, {"visitor": visitor, "page": "7"}), now=days(day))
        return Decimal(used(account, days(day))["visitors"])

    assert [visit(*each) for each in (("a", 1), ("b", 1), ("a", 2), ("A", 2), ("b", 3))] == [1, 2, 2, 3, 3]
    let_pass(account, seller, days(32))
    assert [visit(*each) for each in (("a", 32), ("a", 33))] == [1, 1]
    refused(Use(account, sub, "visitors", Decimal(1)), "invalid", days(33))
    refused(Use(account, sub, "visitors", Decimal(1), None, None, {"page": "7"}), "invalid", days(33))
    assert keep_months(days(33)) == []
    assert [visit(*each) for each in (("a", 34), ("b", 34))] == [1, 2]
    assert audit() == []


def test_the_latest_says_what_holds_whenever_it_comes(seller: Operator) -> None:
    account, sub = office(seller)

    def report(number: str, at: datetime) -> Decimal:
        use(Use(account, sub, "meter", Decimal(number), at), now=days(20))
        return Decimal(used(account, days(20))["meter"])

    assert report("5", days(10)) == 5
    assert report("9", days(9)) == 5
    assert report("4", days(10)) == 5
    assert report("6", days(10)) == 6
    assert report("2", days(11)) == 2
    assert audit() == []


def test_what_is_reported_for_the_next_period_waits_for_it(seller: Operator) -> None:
    account, sub = office(seller)
    for service, reports in {"storage": ("8", "3"), "meter": ("8", "3"), "calls": ("8", "3")}.items():
        for number, at in zip(reports, (days(20), days(31)), strict=True):
            use(Use(account, sub, service, Decimal(number), at), now=days(31))
    for at in (days(20), days(31)):
        use(Use(account, sub, "visitors", Decimal(1), at, None, {"visitor": "a"}), now=days(31))
    use(Use(account, sub, "meter", Decimal(7), days(31, 11)), now=days(31))
    assert {name: number for name, number in used(account, days(31)).items() if number} == {
        "calls": 1, "storage": 8, "visitors": 1, "meter": 8,
    }  # fmt: skip
    let_pass(account, seller, days(31))
    assert {name: number for name, number in used(account, days(31)).items() if number} == {
        "calls": 1, "storage": 3, "visitors": 1, "meter": 3,
    }  # fmt: skip
    use(Use(account, sub, "meter", Decimal(6), days(31, 11)), now=days(31))
    assert used(account, days(31))["meter"] == 3
    assert audit() == []


def test_the_filter_with_the_most_conditions_that_match_holds(seller: Operator) -> None:
    account, sub = office(seller)
    cases: list[tuple[Mapping[str, str] | None, str, str]] = [
        (None, "prints", "2"),
        ({"colour": "grey"}, "prints", "2"),
        ({"colour": "yes"}, "prints", "6"),
        ({"colour": "yes", "size": "A3", "tray": "1"}, "prints", "10"),
        ({"colour": "yes", "size": "A2"}, "prints", "6"),
        ({"colour": "no", "size": "A2"}, "posters", "2"),
        ({"colour": "no", "size": "A3"}, "posters", "0.5"),
        ({"size": "A2"}, "prints", "2"),
    ]
    for properties, _service, _quantity in cases:
        assert use(Use(account, sub, "prints", Decimal(2), None, None, properties), now=days(1))
    assert [(row[0], row[1]) for row in events(account)] == [(each[1], Decimal(each[2])) for each in cases]
    assert [(row[2], row[3], row[4]) for row in events(account)] == [
        (None, None, None), (None, None, None), (2, None, 3), (2, None, 5), (2, None, 3), (None, "prints", None),
        (2, "prints", Decimal("0.25")), (None, None, None),
    ]  # fmt: skip
    found = used(account, days(1))
    assert (found["prints"], found["posters"]) == (28, Decimal("2.5"))
    use(Use(account, sub, "prints", Decimal(-2), None, None, {"colour": "yes"}), now=days(2))
    assert used(account, days(2))["prints"] == 22
    assert audit() == []


def test_filters_of_counts_and_to_different_values(seller: Operator) -> None:
    account, sub = office(seller)
    for zone, quantity in (("1", "9"), ("2", "9"), ("3", "-4"), ("2", "0")):
        use(Use(account, sub, "calls", Decimal(quantity), None, None, {"zone": zone}), now=days(1))
    assert used(account, days(1))["calls"] == 1 + 2 - 2
    for visitor in "aba":
        use(Use(account, sub, "calls", Decimal(1), None, None, {"zone": "4", "visitor": visitor}), now=days(1))
    assert (used(account, days(1))["calls"], used(account, days(1))["visitors"]) == (1, 2)
    refused(Use(account, sub, "calls", Decimal(1), None, None, {"zone": "4"}), "invalid", days(1))
    assert audit() == []


def test_counts_by_the_day(seller: Operator) -> None:
    account, sub = office(seller)
    for day in (1, 1, 1, 2, 3, 3):
        use(Use(account, sub, "daily", Decimal(70), days(day)), now=days(3))
    assert used(account, days(3))["daily"] == 2
    let_pass(account, seller, days(32))
    assert charged(account) == [1_000, 3, 1_000]
    assert audit() == []


# ---- keys and what comes with an event


def test_properties_are_part_of_what_a_key_stands_for(seller: Operator) -> None:
    account, sub = office(seller)
    first = Use(account, sub, "prints", Decimal(1), days(1), "k", {"colour": "yes", "size": "A4"})
    assert use(first, now=days(2))
    assert not use(first._replace(properties={"size": "A4", "colour": "yes"}), now=days(2))
    for other in ({"colour": "yes"}, {"colour": "yes", "size": "A3"}, None, {}):
        with pytest.raises(KeyConflict):
            use(first._replace(properties=other), now=days(2))
    plain = Use(account, sub, "prints", Decimal(1), days(1), "p")
    assert use(plain, now=days(2))
    assert not use(plain._replace(properties={}), now=days(2))
    assert used(account, days(2))["prints"] == 4


@pytest.mark.parametrize(
    "properties",
    [
        {f"p{n}": "1" for n in range(21)},
        {"x" * 61: "1"},
        {"": "1"},
        {"x": ""},
        {"x": "y" * 201},
        {"x": "a\nb"},
        {"a\tb": "1"},
        {"x": 3},
    ],
)
def test_properties_that_are_refused(seller: Operator, properties: Any) -> None:
    account, sub = office(seller)
    refused(Use(account, sub, "prints", Decimal(1), None, "k", properties), "invalid", days(1))


def test_properties_of_every_letter(seller: Operator) -> None:
    account, sub = office(seller)
    for value in ("a\\tb", "\\N", "\\", '"}', "цвет 1", "y" * 200, "'; DROP TABLE usage_event; --"):
        each = Use(account, sub, "visitors", Decimal(1), None, f"k{value}"[:200], {"visitor": value, "\\n": value})
        assert use(each, now=days(1))
        assert not use(each, now=days(1))
    assert used(account, days(1))["visitors"] == 7
    assert audit() == []


# ---- limits, and what is paid on use


def test_hard_limits_hold_for_every_way(seller: Operator) -> None:
    account, sub = office(seller, "strict")

    def tried(service: str, number: str, properties: Mapping[str, str] | None = None, day: int = 1) -> str:
        (outcome,) = count([Use(account, sub, service, Decimal(number), days(day), None, properties)], now=days(9))
        return outcome

    assert [tried("storage", each) for each in ("4", "11", "10", "3", "10.5")] == [
        "counted", "quota_exceeded", "counted", "counted", "quota_exceeded",
    ]  # fmt: skip
    assert [tried("visitors", "1", {"visitor": each}) for each in "abcab"] == [
        "counted", "counted", "quota_exceeded", "counted", "counted",
    ]  # fmt: skip
    assert [tried("meter", each, day=day) for each, day in (("9", 2), ("11", 3), ("10", 3), ("12", 1), ("2", 4))] == [
        "counted", "quota_exceeded", "counted", "counted", "counted",
    ]  # fmt: skip
    assert [tried("calls", "1", {"zone": each}) for each in "1221"] == [
        "counted", "counted", "quota_exceeded", "quota_exceeded",
    ]  # fmt: skip
    assert [tried("prints", each, {"size": "A2"}) for each in ("3", "2", "1")] == [
        "counted", "quota_exceeded", "counted",
    ]  # fmt: skip
    assert used(account, days(9)) == {"storage": 10, "visitors": 2, "meter": 2, "calls": 3, "prints": 0, "posters": 4}
    assert audit() == []


def test_hard_limits_hold_within_a_batch(seller: Operator) -> None:
    account, sub = office(seller, "strict")
    batch = [
        *(Use(account, sub, "storage", Decimal(each)) for each in (4, 11, 10, 3)),
        *(Use(account, sub, "visitors", Decimal(1), None, None, {"visitor": each}) for each in "abca"),
        *(Use(account, sub, "meter", Decimal(each), days(day)) for each, day in ((9, 2), (11, 3), (10, 3), (12, 1))),
    ]
    assert count(batch, now=days(9)) == [
        "counted", "quota_exceeded", "counted", "counted",
        "counted", "counted", "quota_exceeded", "counted",
        "counted", "quota_exceeded", "counted", "counted",
    ]  # fmt: skip
    assert used(account, days(9)) == {"storage": 10, "visitors": 2, "meter": 10, "calls": 0, "prints": 0, "posters": 0}
    assert audit() == []


def test_what_counts_as_another_service_is_paid_as_that_one(seller: Operator) -> None:
    account, sub = office(seller, "prepaid", balance=1_700)
    big = Use(account, sub, "prints", Decimal(2), None, None, {"size": "A2"})
    assert use_many([big, Use(account, sub, "prints", Decimal(12))], now=days(1)) == ["counted", "counted"]
    assert (accounts_now([account], days(1))[account]["balance"], charged(account)) == (500, [1_000, 200])
    refused(big._replace(quantity=Decimal(3)), "insufficient_funds", days(1))
    assert use(Use(account, sub, "storage", Decimal(11)), now=days(2))
    assert use(Use(account, sub, "storage", Decimal(9)), now=days(2))
    assert charged(account) == [1_000, 200, 300]
    let_pass(account, seller, days(32))
    assert audit() == []


@pytest.mark.parametrize("service", ["calls", "storage", "visitors", "meter"])
def test_only_sums_are_reserved(seller: Operator, service: str) -> None:
    account, sub = office(seller)
    with pytest.raises(Refusal) as found:
        reserving.reserve(account, sub, service, Decimal(1), now=days(1))
    assert found.value.code == "not_quantifiable"
    assert all(each.held == 0 for each in queries.quotas_of([account], days(1)))


def test_a_reservation_of_what_is_charged_at_the_end_costs_nothing_before(seller: Operator) -> None:
    account, sub = office(seller)
    reserving.commit(account, reserving.reserve(account, sub, "prints", Decimal(15), now=days(1)), now=days(1))
    assert charged(account) == [1_000]
    let_pass(account, seller, days(32))
    assert charged(account) == [1_000, 500, 1_000]
    assert audit() == []


# ---- any order


class Report(NamedTuple):
    service: str
    quantity: Decimal
    at: datetime
    key: str
    properties: Mapping[str, str] | None


def reports(random: Random) -> list[Report]:
    def properties(service: str) -> Mapping[str, str] | None:
        choices = {
            "colour": ["yes", "no"],
            "size": ["A1", "A2", "A3", "A4"],
            "zone": list("1234"),
            "visitor": list("abcd"),
        }
        names = {name for name in choices if random.random() < 0.6} | ({"visitor"} if service != "prints" else set())
        return {name: random.choice(choices[name]) for name in sorted(names)} or None

    found = []
    for number in range(random.randrange(5, 40)):
        service = random.choice(["prints", "calls", "storage", "visitors", "meter"])
        quantity = Decimal(random.randrange(-8, 60)) / 4
        at = START + timedelta(hours=random.randrange(0, 29 * 24, 24))
        found.append(Report(service, quantity, at, f"k{number}", properties(service)))
    return found


def counted(said: Sequence[Report]) -> dict[str, Fraction]:
    """What reports of one period add up to, by service: worked out from all of them together."""
    by_service: dict[str, list[tuple[Fraction, Report]]] = {name: [] for name in CATALOGUE["services"]}
    for each in said:
        properties = each.properties or {}
        best: dict[str, Any] = {"when": {}}
        for one in FILTERS.get(each.service, []):
            met = all(
                properties.get(name) in ([allowed] if isinstance(allowed, str) else allowed)
                for name, allowed in one["when"].items()
            )
            best = one if met and len(one["when"]) > len(best["when"]) else best
        by_service[best.get("as", each.service)].append((Fraction(best.get("counts", "1")), each))
    return {
        name: level(CATALOGUE["services"][name].get("aggregation", "sum"), found) for name, found in by_service.items()
    }


def level(aggregation: str, found: Sequence[tuple[Fraction, Report]]) -> Fraction:
    """What reports, each with its weight, come to."""
    numbers = [Fraction(each.quantity) for _weight, each in found]
    if aggregation == "sum":
        return sum((weight * Fraction(each.quantity) for weight, each in found), Fraction(0))
    if aggregation == "count":
        signs = [weight * ((each.quantity > 0) - (each.quantity < 0)) for weight, each in found]
        return sum(signs, Fraction(0))
    if aggregation == "max":
        return max([*numbers, Fraction(0)])
    if aggregation == "unique":
        return Fraction(len({(each.properties or {})["visitor"] for _weight, each in found}))
    return Fraction(max(((each.at, each.quantity) for _weight, each in found), default=(START, Decimal(0)))[1])


def cost(terms: Mapping[str, Any], quantity: Fraction) -> int:
    model = parse_model(
        {name: value for name, value in terms.items() if name not in ("included", "filters", "quota_period")}
    )
    return rate_amount(model, max(quantity, Fraction(0)), "EUR", included=Fraction(terms["included"]))


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32))
def test_any_order_duplication_and_batching_adds_up_to_the_same(seed: int) -> None:
    random = Random(seed)
    said = reports(random)
    wanted = counted(said)
    seller = worlds.operator(CATALOGUE, tax="20")
    for _ in range(2):
        account, sub = office(seller)
        sent = [*said, *random.choices(said, k=10)]
        random.shuffle(sent)
        while sent:
            size = random.randrange(1, 15)
            batch, sent = sent[:size], sent[size:]
            uses = [
                Use(account, sub, each.service, each.quantity, each.at, each.key, each.properties) for each in batch
            ]
            assert set(use_many(uses, now=days(30))) <= {"counted", "repeated"}
        assert {name: Fraction(number) for name, number in used(account, days(30)).items() if name != "daily"} == {
            name: number for name, number in wanted.items() if name != "daily"
        }
        let_pass(account, seller, days(32))
        amounts = [cost(CATALOGUE["plans"]["office"]["services"][name], number) for name, number in wanted.items()]
        assert sorted(charged(account)) == sorted([1_000, 1_000, *(each for each in amounts if each)])
    assert audit() == []


def test_any_order_across_a_boundary_keeps_every_period_provable(seller: Operator) -> None:
    """Late reports take part in the running period; what each period counted is what its own reports add up to."""
    random = Random(7)
    account, sub = office(seller)
    said = reports(random)
    first, late = said[: len(said) // 2], said[len(said) // 2 :]
    for part, now in ((first, days(30)), (late, days(40))):
        let_pass(account, seller, now)
        uses = [Use(account, sub, each.service, each.quantity, each.at, each.key, each.properties) for each in part]
        assert set(use_many(uses, now=now)) == {"counted"}
        assert {name: Fraction(number) for name, number in used(account, now).items()} == counted(part)
    let_pass(account, seller, days(60))
    assert audit() == []

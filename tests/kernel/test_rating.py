"""Price models against oracles that count step by step in decimals, and every field that is refused."""

from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from abono.kernel.money import LIMIT
from abono.kernel.rating import (
    MODEL_FIELDS,
    Package,
    Percentage,
    Standard,
    packs,
    parse_limits,
    parse_model,
    rate,
    rate_amount,
    remaining,
)

from .conftest import Refused

TENTH = Decimal("0.1")
prices = st.decimals(0, 50, allow_nan=False, places=3)
tenths = st.integers(0, 600).map(lambda number: number * TENTH)


@st.composite
def tier_rows(draw: st.DrawFn) -> list[dict[str, str | None]]:
    """Tiers whose ends are whole tenths, ascending, the last open."""
    ends = sorted(draw(st.sets(st.integers(1, 400), max_size=5)))
    tops = [str(end * TENTH) for end in ends] + [None]
    return [{"up_to": top, "unit": str(draw(prices)), "flat": str(draw(prices))} for top in tops]


def tier_at(rows: list[dict[str, Any]], quantity: Decimal) -> dict[str, Any]:
    """Find the first tier that reaches as far as a quantity."""
    return next(row for row in rows if row["up_to"] is None or quantity <= Decimal(row["up_to"]))


@given(tier_rows(), tenths)
def test_graduated_is_every_tenth_at_its_own_tier(rows: list[dict[str, Any]], quantity: Decimal) -> None:
    cost = Decimal(0)
    touched: list[dict[str, Any]] = []
    for number in range(1, int(quantity / TENTH) + 1):
        row = tier_at(rows, number * TENTH)
        cost += TENTH * Decimal(row["unit"])
        if row not in touched[-1:]:
            touched.append(row)
    # Tiers may be equal in all but their end, which is always different; so `touched` names each tier once.
    cost += sum((Decimal(row["flat"]) for row in touched), Decimal(0))
    assert rate(parse_model({"model": "graduated", "tiers": rows}), Fraction(quantity)) == Fraction(cost)


@given(tier_rows(), tenths)
def test_volume_is_the_whole_at_the_tier_it_ends_in(rows: list[dict[str, Any]], quantity: Decimal) -> None:
    row = tier_at(rows, quantity)
    cost = Decimal(row["flat"]) + quantity * Decimal(row["unit"]) if quantity else Decimal(0)
    assert rate(parse_model({"model": "volume", "tiers": rows}), Fraction(quantity)) == Fraction(cost)


@given(st.integers(1, 90).map(lambda n: n * TENTH), prices, tenths, tenths)
def test_packs_are_opened_one_by_one(size: Decimal, price: Decimal, quantity: Decimal, included: Decimal) -> None:
    opened, left = 0, quantity - included
    while left > 0:
        opened, left = opened + 1, left - size
    model = parse_model({"model": "package", "size": str(size), "price": str(price)})
    assert isinstance(model, Package)
    assert packs(model, Fraction(quantity), Fraction(included)) == opened
    assert rate(model, Fraction(quantity), Fraction(included)) == Fraction(price * opened)


@given(prices, prices, st.none() | prices, st.none() | prices, tenths)
def test_percentage_is_a_part_and_a_fixed_within_its_limits(
    percent: Decimal, fixed: Decimal, least: Decimal | None, more: Decimal | None, quantity: Decimal
) -> None:
    most = None if more is None else more + (least or 0)
    cost = quantity * percent / 100 + fixed
    if least is not None and cost < least:
        cost = least
    if most is not None and cost > most:
        cost = most
    named = {"rate": percent, "fixed": fixed, "min": least, "max": most}
    fields = {name: None if value is None else str(value) for name, value in named.items()}
    model = parse_model({"model": "percentage", **fields})
    assert rate(model, Fraction(quantity)) == Fraction(cost if quantity else 0)


@given(prices, tenths, tenths, prices, prices)
def test_standard_beyond_the_included_within_minimum_and_maximum(
    unit: Decimal, quantity: Decimal, included: Decimal, minimum: Decimal, more: Decimal
) -> None:
    maximum = minimum + more
    cost = unit * (quantity - included) if quantity > included else Decimal(0)
    wanted = sorted([minimum, cost, maximum])[1]
    model = parse_model({"model": "standard", "unit": str(unit)})
    assert rate(model, *map(Fraction, (quantity, included, minimum, maximum))) == Fraction(wanted)
    assert rate(model, Fraction(quantity), Fraction(included)) == Fraction(cost)


def test_the_fields_of_all_models_are_known() -> None:
    assert {"model", "unit", "tiers", "size", "price", "rate", "fixed", "min", "max"} == MODEL_FIELDS


def test_the_amount_is_rounded_once_in_the_currency() -> None:
    model = Standard(Fraction("0.005"))
    assert rate_amount(model, Fraction(1), "EUR") == 1
    assert rate_amount(model, Fraction(1), "KWD") == 5
    assert rate_amount(model, Fraction(99), "JPY") == 0
    assert rate_amount(model, Fraction(0), "EUR", included=Fraction(5), minimum=Fraction(2), maximum=Fraction(3)) == 200
    assert rate_amount(model, Fraction(10**6), "EUR", maximum=Fraction("12.005")) == 1201


def test_optional_fields_may_be_absent_or_null() -> None:
    bare = Percentage(rate=Fraction(1), fixed=Fraction(0), least=None, most=None)
    assert parse_model({"model": "percentage", "rate": "1"}) == bare
    assert parse_model({"model": "percentage", "rate": "1", "fixed": None, "min": None, "max": None}) == bare
    assert parse_model({"model": "volume", "tiers": [{"unit": "1"}]}) == parse_model(
        {"model": "volume", "tiers": [{"up_to": None, "unit": "1", "flat": "0"}]}
    )
    assert parse_limits({}) == (None, None)
    assert parse_limits({"minimum": "1", "maximum": "1"}) == (Fraction(1), Fraction(1))


OPEN = {"up_to": None, "unit": "1", "flat": "0"}


def tiers(*rows: object) -> dict[str, object]:
    """Write a graduated model of these tiers."""
    return {"model": "graduated", "tiers": list(rows)}


@pytest.mark.parametrize(
    ("fields", "code", "field"),
    [
        ({}, "required", "model"),
        ({"model": "flat"}, "invalid", "model"),
        ({"model": ["standard"]}, "invalid", "model"),
        ({"model": "standard"}, "required", "unit"),
        ({"model": "standard", "unit": None}, "required", "unit"),
        ({"model": "standard", "unit": 1}, "invalid", "unit"),
        ({"model": "standard", "unit": "-1"}, "out_of_range", "unit"),
        ({"model": "standard", "unit": "1", "size": "1"}, "unknown_field", "size"),
        ({"model": "package", "price": "1"}, "required", "size"),
        ({"model": "package", "size": "1"}, "required", "price"),
        ({"model": "package", "size": "0.0", "price": "1"}, "out_of_range", "size"),
        ({"model": "package", "size": "-1", "price": "1"}, "out_of_range", "size"),
        ({"model": "percentage"}, "required", "rate"),
        ({"model": "percentage", "rate": "-1"}, "out_of_range", "rate"),
        ({"model": "percentage", "rate": "1", "fixed": "-1"}, "out_of_range", "fixed"),
        ({"model": "percentage", "rate": "1", "min": "x"}, "invalid", "min"),
        ({"model": "percentage", "rate": "1", "min": "2", "max": "1.99"}, "out_of_range", "max"),
        ({"model": "volume"}, "required", "tiers"),
        ({"model": "volume", "tiers": {}}, "invalid", "tiers"),
        (tiers(), "required", "tiers"),
        (tiers(*[OPEN] * 1001), "out_of_range", "tiers"),
        (tiers(1), "invalid", "tiers.0"),
        (tiers({"up_to": None}), "required", "tiers.0.unit"),
        (tiers({**OPEN, "price": "1"}), "unknown_field", "tiers.0.price"),
        (tiers({**OPEN, "flat": "-1"}), "out_of_range", "tiers.0.flat"),
        (tiers({**OPEN, "up_to": 5}, OPEN), "invalid", "tiers.0.up_to"),
        (tiers({**OPEN, "up_to": "5"}), "invalid", "tiers.0.up_to"),
        (tiers(OPEN, OPEN), "invalid", "tiers.0.up_to"),
        (tiers(OPEN, {**OPEN, "up_to": "5"}), "invalid", "tiers.0.up_to"),
        (tiers({**OPEN, "up_to": "0"}, OPEN), "out_of_range", "tiers.0.up_to"),
        (tiers({**OPEN, "up_to": "5"}, {**OPEN, "up_to": "5"}, OPEN), "out_of_range", "tiers.1.up_to"),
    ],
)
def test_a_model_that_is_wrong_is_refused(fields: dict[str, object], code: str, field: str, refused: Refused) -> None:
    with refused(code, field):
        parse_model(fields)
    with refused(code, f"services.prints.{field}"):
        parse_model(fields, "services.prints.")


def test_limits_that_cross_are_refused(refused: Refused) -> None:
    with refused("out_of_range", "plan.maximum"):
        parse_limits({"minimum": "2", "maximum": "1"}, "plan.")
    with refused("invalid", "minimum"):
        parse_limits({"minimum": 2})


def test_a_negative_quantity_is_refused(refused: Refused) -> None:
    with refused("out_of_range", "quantity"):
        remaining(Fraction(-1, 10), Fraction(0))
    with refused("out_of_range", "quantity"):
        rate(Standard(Fraction(1)), Fraction(-1))


def test_what_books_and_counters_cannot_hold_is_refused(refused: Refused) -> None:
    assert rate_amount(Standard(Fraction(1)), Fraction(LIMIT - 1), "JPY") == LIMIT - 1
    with refused("out_of_range", "quantity"):
        rate_amount(Standard(Fraction(1)), Fraction(LIMIT), "JPY")
    with refused("out_of_range", "quantity"):
        packs(Package(Fraction(1), Fraction(0)), Fraction(LIMIT))

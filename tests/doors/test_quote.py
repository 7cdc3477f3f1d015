"""`abono quote`: JSON lines in, JSON lines out, whatever comes in."""

import json
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from abono.interfaces.cli.quote import MOST_CHARACTERS, run
from abono.kernel.quotes import MOST_ROWS, answer

PERIODS: dict[str, object] = {"quote": "periods", "period": "month", "start": "2026-01-31", "until": "2026-03-01"}
CHARGES: dict[str, object] = {**PERIODS, "quote": "charges", "price": "31.00"}
PRICE: dict[str, object] = {"quote": "price", "model": "standard", "unit": "0.10", "quantity": "5"}
TERM: dict[str, object] = {"quote": "term", "now": "2025-03-01T10:00:00Z", "ends_at": None, "days": 30}
SHARE: dict[str, object] = {"quote": "share", "total": "10.00", "weights": ["1", "2"]}
TAX: dict[str, object] = {"quote": "tax", "amount": "119.00", "rate": "19"}
ALL = [PERIODS, CHARGES, PRICE, TERM, SHARE, TAX]


def asked(*lines: str) -> tuple[int, list[Any]]:
    """Run over lines; answer the exit code and what was written, each line read back."""
    written: list[str] = []
    code = run(lines, written.append)
    assert all(text.endswith("\n") and text.count("\n") == 1 for text in written)
    assert all(text.encode("utf-8") for text in written)
    return code, [json.loads(text) for text in written]


def refusal(request: object) -> tuple[str, str]:
    """Answer code and field of the error that a request must be answered with."""
    told = answer(request)
    assert list(told) == ["error"]
    error = told["error"]
    assert isinstance(error, Mapping)
    assert list(error) == ["code", "message", "field"]
    assert error["message"]
    return error["code"], error["field"]


@pytest.mark.parametrize("request_", ALL, ids=lambda request: str(request["quote"]))
def test_each_quote_is_answered_with_its_defaults(request_: dict[str, object]) -> None:
    assert "error" not in answer(request_)


def test_the_defaults_are_those_of_the_semantics() -> None:
    named = {"anchor": "start", "end": None, "charge": "advance"}
    assert answer(PERIODS) == answer({**PERIODS, **named})
    assert answer(CHARGES) == answer({**CHARGES, **named, "first_period": "full", "currency": "EUR"})
    late = {**CHARGES, "anchor": "calendar"}
    assert answer(late) == answer({**late, "first_period": "full"}) != answer({**late, "first_period": "prorate"})
    assert answer(TAX) == answer({**TAX, "inclusive": True}) == {"net": "100.00", "tax": "19.00", "gross": "119.00"}
    assert answer(PRICE) == answer({**PRICE, "included": "0", "minimum": None, "maximum": None, "currency": "EUR"})
    assert answer({name: TERM[name] for name in ("quote", "now", "days")}) == answer(TERM)


@pytest.mark.parametrize("request_", ALL, ids=lambda request: str(request["quote"]))
def test_fields_nobody_knows_are_refused(request_: dict[str, object]) -> None:
    assert refusal({**request_, "colour": "red"}) == ("unknown_field", "colour")


@pytest.mark.parametrize(
    ("request_", "name"),
    [(PERIODS, name) for name in ("quote", "period", "start", "until")]
    + [(CHARGES, name) for name in ("period", "start", "until", "price")]
    + [(PRICE, name) for name in ("model", "unit", "quantity")]
    + [(TERM, name) for name in ("now", "days")]
    + [(SHARE, name) for name in ("total", "weights")]
    + [(TAX, name) for name in ("amount", "rate")],
)
def test_fields_that_are_missing_or_null_are_required(request_: dict[str, object], name: str) -> None:
    assert refusal({**request_, name: None}) == ("required", name)
    assert refusal({field: value for field, value in request_.items() if field != name}) == ("required", name)


@pytest.mark.parametrize(
    ("request_", "changed", "code", "field"),
    [
        (PERIODS, {"quote": "horoscope"}, "invalid", "quote"),
        (PERIODS, {"quote": 1}, "invalid", "quote"),
        (PERIODS, {"charge": "daily"}, "invalid", "charge"),
        (PERIODS, {"price": "1"}, "unknown_field", "price"),
        (PERIODS, {"period": "fortnight"}, "invalid", "period"),
        (PERIODS, {"period": "0 days"}, "out_of_range", "period"),
        (PERIODS, {"period": "3 months", "anchor": "calendar"}, "invalid", "anchor"),
        (PERIODS, {"anchor": 0}, "out_of_range", "anchor"),
        (PERIODS, {"anchor": "31"}, "invalid", "anchor"),
        (PERIODS, {"anchor": True}, "invalid", "anchor"),
        (PERIODS, {"start": "2026-02-30"}, "invalid", "start"),
        (PERIODS, {"start": "31.01.2026"}, "invalid", "start"),
        (PERIODS, {"start": "9999-12-31", "until": "9999-12-31"}, "out_of_range", "start"),
        (PERIODS, {"start": "9999-01-01", "until": "9999-12-31"}, "out_of_range", "until"),
        (PERIODS, {"end": "2026-01-30"}, "out_of_range", "end"),
        (PERIODS, {"end": ""}, "invalid", "end"),
        (PERIODS, {"until": 20260301}, "invalid", "until"),
        (PERIODS, {"period": "day", "start": "0001-01-01", "until": "9999-12-31"}, "out_of_range", "until"),
        (CHARGES, {"price": "0", "charge": "daily", "until": "9999-12-31"}, "out_of_range", "until"),
        (CHARGES, {"price": "-1.00"}, "out_of_range", "price"),
        (CHARGES, {"price": 31}, "invalid", "price"),
        (CHARGES, {"price": "31.001"}, "invalid", "price"),
        (CHARGES, {"price": "1e2"}, "invalid", "price"),
        (CHARGES, {"price": "99999999999999.00"}, "out_of_range", "price"),
        (CHARGES, {"currency": "eur"}, "invalid", "currency"),
        (CHARGES, {"currency": 978}, "invalid", "currency"),
        (CHARGES, {"first_period": "half"}, "invalid", "first_period"),
        (CHARGES, {"charge": "weekly"}, "invalid", "charge"),
        (PRICE, {"quantity": "-1"}, "out_of_range", "quantity"),
        (PRICE, {"quantity": 5}, "invalid", "quantity"),
        (PRICE, {"quantity": 5.5}, "invalid", "quantity"),
        (PRICE, {"quantity": True}, "invalid", "quantity"),
        (PRICE, {"quantity": "999999999999999", "unit": "1000"}, "out_of_range", "quantity"),
        (PRICE, {"included": "-1"}, "out_of_range", "included"),
        (PRICE, {"minimum": "2", "maximum": "1"}, "out_of_range", "maximum"),
        (PRICE, {"size": "10"}, "unknown_field", "size"),
        (PRICE, {"model": "free"}, "invalid", "model"),
        (TERM, {"days": "30"}, "invalid", "days"),
        (TERM, {"days": 30.0}, "invalid", "days"),
        (TERM, {"days": True}, "invalid", "days"),
        (TERM, {"days": 0}, "out_of_range", "days"),
        (TERM, {"days": 3_000_000}, "out_of_range", "days"),
        (TERM, {"days": 10**40}, "out_of_range", "days"),
        (TERM, {"now": "2025-03-01T10:00:00"}, "invalid", "now"),
        (TERM, {"ends_at": "2025-03-01"}, "invalid", "ends_at"),
        (TERM, {"ends_at": "9999-12-31T23:00:00-05:00"}, "out_of_range", "ends_at"),
        (SHARE, {"total": "-1"}, "out_of_range", "total"),
        (SHARE, {"weights": []}, "out_of_range", "weights"),
        (SHARE, {"weights": ["0", "0.0"]}, "out_of_range", "weights"),
        (SHARE, {"weights": ["1", "-1"]}, "out_of_range", "weights.1"),
        (SHARE, {"weights": ["1", 1]}, "invalid", "weights.1"),
        (SHARE, {"weights": "111"}, "invalid", "weights"),
        (SHARE, {"weights": ["1"] * (MOST_ROWS + 1)}, "out_of_range", "weights"),
        (TAX, {"rate": "-1"}, "out_of_range", "rate"),
        (TAX, {"rate": "1001"}, "out_of_range", "rate"),
        (TAX, {"rate": 19}, "invalid", "rate"),
        (TAX, {"inclusive": "yes"}, "invalid", "inclusive"),
        (TAX, {"inclusive": 0}, "invalid", "inclusive"),
        (TAX, {"amount": "1.234"}, "invalid", "amount"),
    ],
)
def test_a_wrong_value_is_refused(
    request_: dict[str, object], changed: dict[str, object], code: str, field: str
) -> None:
    assert refusal({**request_, **changed}) == (code, field)


@pytest.mark.parametrize("request_", [None, [], "price", 1, True, [PRICE]])
def test_a_request_is_an_object(request_: object) -> None:
    assert refusal(request_) == ("invalid", "")


def test_a_fraction_has_nine_decimals_and_a_credit_its_sign() -> None:
    third = {**PERIODS, "anchor": "calendar", "start": "2026-04-21", "until": "2026-04-21"}
    told = answer(third)
    assert told == {"periods": [{"starts_on": "2026-04-21", "ends_on": "2026-05-01", "fraction": "0.333333333"}]}
    assert answer({**TAX, "amount": "-119.00"}) == {"net": "-100.00", "tax": "-19.00", "gross": "-119.00"}


def test_packs_are_told_as_they_will_be_billed_whatever_the_maximum() -> None:
    prints = {"quote": "price", "model": "package", "size": "10", "price": "5.00", "included": "10", "quantity": "45"}
    assert answer(prints) == {"amount": "20.00", "packs": 4}
    assert answer({**prints, "maximum": "12.00"}) == {"amount": "12.00", "packs": 4}


def test_no_charge_is_a_row_of_zero() -> None:
    free = {**CHARGES, "anchor": "calendar", "first_period": "free"}
    assert answer(free) == {
        "charges": [
            {"on": day, "starts_on": day, "ends_on": end, "amount": "31.00"}
            for day, end in [("2026-02-01", "2026-03-01"), ("2026-03-01", "2026-04-01")]
        ]
    }
    slices = {**CHARGES, "price": "0.02", "charge": "daily", "anchor": 1, "start": "2026-04-01", "until": "2026-04-30"}
    told = answer(slices)["charges"]
    assert isinstance(told, list)
    assert [(row["on"], row["amount"]) for row in told] == [("2026-04-08", "0.01"), ("2026-04-23", "0.01")]


def test_the_last_row_that_is_allowed_is_told() -> None:
    days = {**PERIODS, "period": "day", "start": "2000-01-01", "until": "2027-05-18"}
    told = answer(days)["periods"]
    assert isinstance(told, list)
    assert len(told) == MOST_ROWS
    assert refusal({**days, "until": "2027-05-19"}) == ("out_of_range", "until")


def test_lines_are_answered_in_order_and_one_bad_line_spoils_no_other() -> None:
    code, told = asked(json.dumps(SHARE) + "\n", "\n", "  \t\r\n", "{nonsense\n", json.dumps(TAX))
    assert code == 2
    assert told[0] == {"parts": ["3.33", "6.67"]}
    assert told[1]["error"]["code"] == "invalid"
    assert told[1]["error"]["field"] == ""
    assert told[2]["gross"] == "119.00"
    assert len(told) == 3


def test_the_exit_code_is_0_when_all_is_answered() -> None:
    assert asked() == (0, [])
    assert asked("\n", json.dumps(SHARE)) == (0, [{"parts": ["3.33", "6.67"]}])


def test_answers_are_compact() -> None:
    written: list[str] = []
    run([json.dumps(SHARE)], written.append)
    assert written == ['{"parts":["3.33","6.67"]}\n']


@pytest.mark.parametrize(
    ("line", "field"),
    [
        ("{", ""),
        ("[]", ""),
        ("null", ""),
        ("NaN", ""),
        ("\ufeff{}", ""),
        ("{} {}", ""),
        ("'a'", ""),
        ('{"quote": "tax", "amount": NaN, "rate": "19"}', ""),
        ('{"quote": "tax", "amount": "1.00", "rate": -Infinity}', ""),
        ('{"quote": "tax", "amount": "1.00", "rate": "19", "amount": "2.00"}', "amount"),
        ('{"quote": "price", "model": "volume", "tiers": [{"unit": "1", "unit": "1"}], "quantity": "1"}', "unit"),
        ('{"quote": "tax", "amount": 1e999, "rate": "19"}', "amount"),
        ("[" * 100_000, ""),
        ('{"a":' * 50_000, ""),
        ("9" * 10_000, ""),
        (f'{{"quote": "{"x" * MOST_CHARACTERS}"}}', ""),
    ],
    ids=range(16),
)
def test_a_hostile_line_is_invalid(line: str, field: str) -> None:
    code, (told,) = asked(line)
    assert code == 2
    assert (told["error"]["code"], told["error"]["field"]) == ("invalid", field)


def test_an_unknown_field_is_told_as_it_was_written_even_half_a_surrogate() -> None:
    code, told = asked('{"quote": "tax", "\\ud800": 1}', '{"quote": "tax", "größe": 1}', '{"quote": "tax", "a\\nb": 1}')
    assert code == 2
    assert [row["error"]["field"] for row in told] == ["\ud800", "größe", "a\nb"]


values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["1", "-1", "month"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)


@given(st.sampled_from(ALL), st.data())
def test_whatever_a_field_holds_the_answer_is_an_answer(request_: dict[str, object], data: st.DataObject) -> None:
    name = data.draw(st.sampled_from([*request_, "currency", "anchor", "end", "tiers", "maximum"]))
    told = answer({**request_, name: data.draw(values)})
    assert told
    json.dumps(told)


@given(st.text(max_size=60))
def test_whatever_a_line_holds_every_line_is_answered(line: str) -> None:
    code, told = asked(line)
    assert (code, len(told)) == ((2, 1) if line.strip() else (0, 0))


def test_it_starts_without_a_database_or_a_framework() -> None:
    program = (
        "import sys, abono.interfaces.cli.quote; "
        "print([name for name in ('django', 'psycopg', 'typer', 'ruamel') if name in sys.modules])"
    )
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "[]"

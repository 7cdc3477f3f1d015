"""Reading fields from outside: what is taken, and how each refusal is told."""

import pickle
from collections.abc import Callable
from datetime import UTC, date, datetime

import pytest

from abono.kernel import fields
from abono.kernel.errors import InvalidValue

from .conftest import Refused


def test_an_error_reads_as_field_and_message_and_survives_pickling() -> None:
    error = pickle.loads(pickle.dumps(InvalidValue("invalid", "tiers.0.up_to", "Write a number.")))
    assert (error.code, error.field, error.message) == ("invalid", "tiers.0.up_to", "Write a number.")
    assert str(error) == "tiers.0.up_to: Write a number."
    assert str(InvalidValue("invalid", "", "Write an object.")) == "Write an object."


def test_what_is_right_comes_back_as_it_is() -> None:
    assert fields.mapping({"a": 1}, "f") == {"a": 1}
    assert fields.sequence(["a"], "f", most=1) == ["a"]
    assert fields.required({"a": 0}, "a") == 0
    assert fields.choice("b", "f", ("a", "b")) == "b"
    assert fields.boolean(False, "f") is False
    assert [fields.integer(n, "f", 1, 3) for n in (1, 3)] == [1, 3]
    assert fields.civil_day("2028-02-29", "f") == date(2028, 2, 29)
    for day in (fields.FIRST_DAY, fields.LAST_DAY):
        assert fields.working_day(day.isoformat(), "f") == day
    for time in ("1970-01-01T02:00:00+02:00", "2999-12-31T18:59:59-05:00"):
        instant = fields.plausible_instant(datetime.fromisoformat(time), "f")
        assert (instant, instant.tzinfo) == (datetime.fromisoformat(time), UTC)
    fields.only({"a": 1}, {"a", "b"})
    for code in ("a", "7", "av-month", "TV.plus_1", "тариф-1", "a" * 60):
        assert fields.code(code, "f") == code


@pytest.mark.parametrize(
    ("read", "code"),
    [
        (lambda: fields.mapping([], "f"), "invalid"),
        (lambda: fields.mapping(None, "f"), "invalid"),
        (lambda: fields.sequence("abc", "f", most=9), "invalid"),
        (lambda: fields.sequence({}, "f", most=9), "invalid"),
        (lambda: fields.sequence(["a", "b"], "f", most=1), "out_of_range"),
        (lambda: fields.only({"a": 1, "f": 1}, ("a",)), "unknown_field"),
        (lambda: fields.required({}, "f"), "required"),
        (lambda: fields.required({"f": None}, "f"), "required"),
        (lambda: fields.choice("c", "f", ("a", "b")), "invalid"),
        (lambda: fields.choice(["a"], "f", ("a", "b")), "invalid"),
        *(
            (lambda code=code: fields.code(code, "f"), "invalid")
            for code in (
                *(
                    "",
                    "a/b",
                    "/",
                    "..",
                    ".",
                    "-a",
                    "_a",
                    "a b",
                    " a",
                    "a ",
                    "a\n",
                    "a\x00",
                    "a?b",
                    "a#b",
                    "a%2Fb",
                    "a:b",
                ),
                *("a&b", "<a>", "a\\b", "a,b", "a'b", "a" * 61, 7, None, ["a"], "\U0001f4a9", "a\u202eb"),
            )
        ),
        (lambda: fields.boolean("true", "f"), "invalid"),
        (lambda: fields.boolean(1, "f"), "invalid"),
        (lambda: fields.integer(True, "f", 0, 9), "invalid"),
        (lambda: fields.integer("1", "f", 0, 9), "invalid"),
        (lambda: fields.integer(1.0, "f", 0, 9), "invalid"),
        (lambda: fields.integer(0, "f", 1, 9), "out_of_range"),
        (lambda: fields.integer(10, "f", 1, 9), "out_of_range"),
        (lambda: fields.civil_day(20260131, "f"), "invalid"),
        (lambda: fields.civil_day("20260131", "f"), "invalid"),
        (lambda: fields.civil_day("2026-W05-6", "f"), "invalid"),
        (lambda: fields.civil_day("2026-01-31T00:00:00", "f"), "invalid"),
        (lambda: fields.civil_day("2026-01-31\n", "f"), "invalid"),
        (lambda: fields.civil_day("٢٠٢٦-01-31", "f"), "invalid"),
        (lambda: fields.civil_day("2026-02-30", "f"), "invalid"),
        (lambda: fields.civil_day("0000-01-01", "f"), "invalid"),
        *(
            (lambda day=day: fields.working_day(day, "f"), "out_of_range")
            for day in ("0001-01-01", "1969-12-31", "3000-01-01", "9999-12-31")
        ),
        (lambda: fields.working_day("1970-01-01T00:00", "f"), "invalid"),
        *(
            (lambda time=time: fields.plausible_instant(datetime.fromisoformat(time), "f"), "out_of_range")
            for time in (
                "9999-12-31T23:59:59-12:00",
                "0001-01-01T00:00:00+14:00",
                "3000-01-01T00:00:00+00:00",
                "2999-12-31T23:00:00-02:00",
                "1970-01-01T00:00:00+01:00",
            )
        ),
    ],
)
def test_what_is_wrong_is_refused(read: Callable[[], object], code: str, refused: Refused) -> None:
    with refused(code, "f"):
        read()


def test_a_prefix_leads_the_path(refused: Refused) -> None:
    with refused("required", "tiers.1.unit"):
        fields.required({}, "unit", "tiers.1.")
    with refused("unknown_field", "tiers.1.price"):
        fields.only({"price": 1}, ("unit",), "tiers.1.")

"""Reading the fields of a record that came from outside (JSON, YAML, a form) without trusting its types.

Everywhere `null` means "not given". Every refusal is an `InvalidValue` that names the field by its dotted path.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import TypeVar

from abono.kernel.errors import InvalidValue
from abono.kernel.texts import composed, refuse_unseen

T = TypeVar("T", bound=str)

CODE = r"[^\W_][\w.-]{0,59}"
"""What a code consists of: it stands in addresses, file names and lists of words, and is typed by people."""
_LANGUAGE = r"[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8})*"
_LONGEST_LANGUAGE = 20
# `date.fromisoformat` alone would also take `20260131` and `2026-W05-6`.
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
FIRST_DAY, LAST_DAY = date(1970, 1, 1), date(2999, 12, 31)
"""The days on which work is done: one beyond them is a slip, and what is counted from it may leave the calendar."""


def mapping(value: object, field: str) -> Mapping[str, object]:
    """Promise an object whose keys are text; anything else is `invalid`."""
    if not isinstance(value, Mapping):
        raise InvalidValue("invalid", field, "Give an object of named fields.")
    return value


def sequence(value: object, field: str, most: int) -> Sequence[object]:
    """Promise a list of at most `most` entries; another type is `invalid`, a longer list `out_of_range`."""
    if not isinstance(value, list | tuple):
        raise InvalidValue("invalid", field, "Give a list.")
    if len(value) > most:
        raise InvalidValue("out_of_range", field, f"Give at most {most} entries.")
    return value


def only(record: Mapping[str, object], allowed: Collection[str], prefix: str = "") -> None:
    """Refuse the first field of `record` that is not among `allowed` as `unknown_field`."""
    for name in record:
        if name not in allowed:
            message = f"Remove this field; known here are {', '.join(sorted(allowed))}."
            raise InvalidValue("unknown_field", f"{prefix}{name}", message)


def required(record: Mapping[str, object], name: str, prefix: str = "") -> object:
    """Promise the value of a field that must be given; absent or `null` is `required`."""
    value = record.get(name)
    if value is None:
        raise InvalidValue("required", f"{prefix}{name}", f"Give a value for `{name}`.")
    return value


def code(value: object, field: str) -> str:
    """Promise a code of a plan, a service or an operator; anything else is `invalid`.

    Letters (of any script, composed), digits, `.`, `_` and `-`, at most 60, a letter or a digit first: what a slash
    or a blank would do to an address never comes up.
    """
    if not isinstance(value, str):
        raise InvalidValue("invalid", field, "Put the code in quotes; a code is a text.")
    refuse_unseen(value, field)
    spelling = composed(value)
    if re.fullmatch(CODE, spelling) is None:
        message = "Write a code of up to 60 letters, digits, . _ and - that begins with a letter or a digit."
        raise InvalidValue("invalid", field, message)
    return spelling


def coded(value: object, field: str) -> dict[str, object]:
    """Promise an object of things by their codes, each code as `code` promises it and once."""
    found: dict[str, object] = {}
    for name, each in mapping(value, field).items():
        key = code(name, f"{field}.{name}")
        if key in found:
            raise InvalidValue("invalid", f"{field}.{name}", "Write each code once; composed accents are the same.")
        found[key] = each
    return found


def language(value: object, field: str) -> str:
    """Promise a language as its code, such as `de` or `pt-BR`; anything else is `invalid`."""
    if not isinstance(value, str) or len(value) > _LONGEST_LANGUAGE or re.fullmatch(_LANGUAGE, value) is None:
        raise InvalidValue("invalid", field, "Write a language, such as de or pt-BR.")
    return value


def choice(value: object, field: str, options: Collection[T]) -> T:
    """Promise one of `options`; anything else is `invalid`."""
    for option in options:
        if value == option:
            return option
    raise InvalidValue("invalid", field, f"Write one of {', '.join(options)}.")


def boolean(value: object, field: str) -> bool:
    """Promise true or false; text and numbers are `invalid`."""
    if not isinstance(value, bool):
        raise InvalidValue("invalid", field, "Write true or false, without quotes.")
    return value


def integer(value: object, field: str, least: int, most: int) -> int:
    """Promise a whole number within `least` … `most` (both allowed).

    Text, fractions and booleans are `invalid`, a number beyond the limits is `out_of_range`.
    """
    if isinstance(value, bool) or not isinstance(value, int):
        raise InvalidValue("invalid", field, "Write a whole number, without quotes or decimals.")
    if not least <= value <= most:
        raise InvalidValue("out_of_range", field, f"Write a whole number from {least} to {most}.")
    return value


def civil_day(value: object, field: str) -> date:
    """Promise the civil day written as `YYYY-MM-DD`; any other form, or a day that never comes, is `invalid`."""
    if not isinstance(value, str) or not _DATE.fullmatch(value):
        raise InvalidValue("invalid", field, "Write the day as YYYY-MM-DD.")
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise InvalidValue("invalid", field, "Write a day that is in the calendar, as YYYY-MM-DD.") from None


def working_day(value: object, field: str) -> date:
    """Promise the civil day written as `YYYY-MM-DD`, as `civil_day` does, and one on which work may be done."""
    return plausible(civil_day(value, field), field)


def plausible(day: date, field: str) -> date:
    """Promise a day on which work may be done; one before `FIRST_DAY` or after `LAST_DAY` is `out_of_range`."""
    if not FIRST_DAY <= day <= LAST_DAY:
        raise InvalidValue("out_of_range", field, f"Write a day from {FIRST_DAY} to {LAST_DAY}.")
    return day


def plausible_instant(instant: datetime, field: str) -> datetime:
    """Promise an aware instant in UTC on a day on which work may be done; any other is `out_of_range`.

    An offset may lead out of the calendar: `9999-12-31T23:00-05:00` has no day in UTC.
    """
    try:
        there = instant.astimezone(UTC)
    except OverflowError:
        raise InvalidValue("out_of_range", field, f"Write a day from {FIRST_DAY} to {LAST_DAY}.") from None
    plausible(there.date(), field)
    return there

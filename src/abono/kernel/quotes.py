"""Quotes: prices, periods, charges, terms, shares and tax, worked out from a request alone (doors.md §2).

The command, the API and the pages answer by this one formula. In a request `null` is the same as not given.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date
from fractions import Fraction
from typing import TypeVar

from abono.kernel.calendars import Grid, Period, grid_for, parse_anchor
from abono.kernel.charges import (
    FIRST_PERIODS,
    TIMINGS,
    Charge,
    Timing,
    daily_charges,
    due_periods,
    period_charges,
)
from abono.kernel.errors import InvalidValue
from abono.kernel.fields import boolean, choice, civil_day, integer, mapping, only, required, sequence
from abono.kernel.money import (
    format_amount,
    minor_digits,
    parse_amount,
    parse_unsigned,
    round_half_up,
    share,
)
from abono.kernel.rating import MODEL_FIELDS, Package, packs, parse_limits, parse_model, rate_amount
from abono.kernel.tax import split_tax
from abono.kernel.terms import extend, format_instant, parse_instant

MOST_ROWS = 10_000
"""No answer walks through more periods or days than this; nor does a list in a request have more entries."""

Answer = dict[str, object]
Fields = Mapping[str, object]
Row = TypeVar("Row")

_FRACTION_DIGITS = 9
_DEEPEST = 32
_PRICE_FIELDS = ("quote", "currency", "quantity", "included", "minimum", "maximum")
_PERIOD_FIELDS = ("quote", "period", "anchor", "start", "end", "until", "charge")


def quote(request: object) -> Answer:
    """Promise the answer to one request. Raises InvalidValue."""
    fields = mapping(request, "")
    kind = choice(required(fields, "quote"), "quote", tuple(_QUOTES))
    return _QUOTES[kind](fields)


def answer(request: object) -> Answer:
    """Promise the answer to one request, or `{"error": {"code", "message", "field"}}` when it is refused."""
    try:
        return quote(request)
    except InvalidValue as refusal:
        return error_of(refusal)


def error_of(refusal: InvalidValue) -> Answer:
    """Promise the answer that tells of a refusal."""
    return {"error": {"code": refusal.code, "message": refusal.message, "field": refusal.field}}


def parse_record(text: str | bytes) -> object:
    """Promise what a JSON text says: every field once, numbers as JSON knows them, and not nested deeply.

    Raises InvalidValue.
    """
    try:
        record: object = json.loads(text, object_pairs_hook=_unique, parse_constant=_no_constant)
    except InvalidValue:
        raise
    except (ValueError, RecursionError):  # not JSON; a number of thousands of digits; nested thousands deep
        raise InvalidValue("invalid", "", "Write one JSON value, every text of it in quotes.") from None
    level: list[object] = [record]
    for _depth in range(_DEEPEST):
        level = [part for each in level for part in _parts(each) if isinstance(part, dict | list)]
        if not level:
            return record
    raise InvalidValue("invalid", "", f"Nest objects and lists at most {_DEEPEST} levels deep.")


def _parts(value: object) -> Iterable[object]:
    return value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    record = dict(pairs)
    if len(record) < len(pairs):
        names = [name for name, _value in pairs]
        twice = next(name for place, name in enumerate(names) if name in names[:place])
        raise InvalidValue("invalid", twice, "Give every field once.")
    return record


def _no_constant(_name: str) -> object:
    raise InvalidValue("invalid", "", "Write numbers as JSON knows them; NaN and Infinity are none.")


def _price(fields: Fields) -> Answer:
    only(fields, (*_PRICE_FIELDS, *MODEL_FIELDS))
    currency = _currency(fields)
    model = parse_model({name: value for name, value in fields.items() if name not in _PRICE_FIELDS})
    quantity = parse_unsigned(required(fields, "quantity"), "quantity")
    included = parse_unsigned(_given(fields, "included", "0"), "included")
    minimum, maximum = parse_limits(fields)
    amount = rate_amount(model, quantity, currency, included=included, minimum=minimum, maximum=maximum)
    told: Answer = {"amount": format_amount(amount, currency)}
    if isinstance(model, Package):
        told["packs"] = packs(model, quantity, included)
    return told


def _periods(fields: Fields) -> Answer:
    only(fields, _PERIOD_FIELDS)
    timing = choice(_given(fields, "charge", "advance"), "charge", TIMINGS)
    spans = due_periods(*_schedule(fields), timing)
    return {
        "periods": [
            {"starts_on": str(span.starts_on), "ends_on": str(span.ends_on), "fraction": _decimals(span.fraction)}
            for span in _bounded(spans)
        ]
    }


def _charges(fields: Fields) -> Answer:
    only(fields, (*_PERIOD_FIELDS, "price", "first_period", "currency"))
    currency = _currency(fields)
    charges = _bounded(_all_charges(fields, Fraction(_unsigned_amount(fields, "price", currency))))
    return {
        "charges": [
            {
                "on": str(charge.on),
                "starts_on": str(charge.starts_on),
                "ends_on": str(charge.ends_on),
                "amount": format_amount(charge.amount, currency),
            }
            for charge in charges
            if charge.amount
        ]
    }


def _all_charges(fields: Fields, price: Fraction) -> Iterator[Charge]:
    """Promise the charges that a request for them describes, those of 0 among them."""
    first_period = choice(_given(fields, "first_period", "full"), "first_period", FIRST_PERIODS)
    charge = choice(_given(fields, "charge", "advance"), "charge", (*TIMINGS, "daily"))
    grid, start, end, until = _schedule(fields)
    if charge == "daily":
        return daily_charges(price, due_periods(grid, start, end, until, "advance"), until)
    timing: Timing = "advance" if charge == "advance" else "arrears"
    return period_charges(price, due_periods(grid, start, end, until, timing), timing, first_period)


def _term(fields: Fields) -> Answer:
    only(fields, ("quote", "now", "ends_at", "days"))
    now = parse_instant(required(fields, "now"), "now")
    present = fields.get("ends_at")
    ends_at = None if present is None else parse_instant(present, "ends_at")
    days = integer(required(fields, "days"), "days", 1, date.max.toordinal())
    starts_at, ends_at = extend(now, ends_at, days)
    return {"starts_at": format_instant(starts_at), "ends_at": format_instant(ends_at)}


def _share(fields: Fields) -> Answer:
    only(fields, ("quote", "total", "weights", "currency"))
    currency = _currency(fields)
    total = _unsigned_amount(fields, "total", currency)
    rows = sequence(required(fields, "weights"), "weights", MOST_ROWS)
    weights = [parse_unsigned(row, f"weights.{place}") for place, row in enumerate(rows)]
    return {"parts": [format_amount(part, currency) for part in share(total, weights)]}


def _tax(fields: Fields) -> Answer:
    only(fields, ("quote", "amount", "rate", "inclusive", "currency"))
    currency = _currency(fields)
    amount = parse_amount(required(fields, "amount"), currency, "amount")
    rate = parse_unsigned(required(fields, "rate"), "rate")
    line = split_tax(amount, rate, boolean(_given(fields, "inclusive", default=True), "inclusive"))
    return {part: format_amount(minor, currency) for part, minor in line._asdict().items()}


def _schedule(fields: Fields) -> tuple[Grid, date, date | None, date]:
    """Promise the grid, the start, the end and the last day that a request for periods or charges names."""
    period = Period.parse(required(fields, "period"))
    anchor = parse_anchor(_given(fields, "anchor", "start"), period)
    start = civil_day(required(fields, "start"), "start")
    written_end = fields.get("end")
    end = None if written_end is None else civil_day(written_end, "end")
    if end is not None and end < start:
        raise InvalidValue("out_of_range", "end", "Give an end that is not before the start.")
    return grid_for(period, anchor, start), start, end, civil_day(required(fields, "until"), "until")


def _bounded(rows: Iterator[Row]) -> Iterator[Row]:
    """Promise the same rows, and refuse `until` when there are more than `MOST_ROWS`."""
    for number, row in enumerate(rows):
        if number == MOST_ROWS:
            raise InvalidValue("out_of_range", "until", f"Give an earlier day; there are over {MOST_ROWS} rows.")
        yield row


def _given(fields: Fields, name: str, default: object) -> object:
    value = fields.get(name)
    return default if value is None else value


def _currency(fields: Fields) -> str:
    code = _given(fields, "currency", "EUR")
    minor_digits(code)
    return str(code)


def _unsigned_amount(fields: Fields, name: str, currency: str) -> int:
    amount = parse_amount(required(fields, name), currency, name)
    if amount < 0:
        raise InvalidValue("out_of_range", name, "Write an amount that is 0 or more.")
    return amount


def _decimals(value: Fraction) -> str:
    whole, rest = divmod(round_half_up(value * 10**_FRACTION_DIGITS), 10**_FRACTION_DIGITS)
    return f"{whole}.{rest:0{_FRACTION_DIGITS}d}"


_QUOTES: dict[str, Callable[[Fields], Answer]] = {
    "price": _price,
    "periods": _periods,
    "charges": _charges,
    "term": _term,
    "share": _share,
    "tax": _tax,
}

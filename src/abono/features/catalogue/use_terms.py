"""Reading what a plan says of the use of its services. Every refusal is an InvalidValue naming the field.

Source of the fields and defaults: semantics.md §4, docs/guide/operator/usage.md.
"""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING, Any

from abono.kernel import fields
from abono.kernel.errors import InvalidValue
from abono.kernel.money import parse_decimal, parse_unsigned
from abono.kernel.rating import parse_limits, parse_model

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from decimal import Decimal

    from abono.features.catalogue.terms import ServiceTerms

AGGREGATIONS = ("sum", "count", "max", "unique", "latest")
"""How the events of a service add up: see docs/guide/operator/usage.md."""
LEVELLED = frozenset({"max", "unique", "latest"})
"""Aggregations in which what an event adds depends on those before it."""
MOST_NAME = 60
MOST_VALUE = 200
MOST_FILTERS = 50
MOST_CONDITIONS = 10
MOST_VALUES = 100
_OWN_FIELDS = (
    "quantity", "included", "minimum", "maximum", "overage", "limit", "quota_period", "seats_billed", "warn", "filters",
)  # fmt: skip
_MOST_THRESHOLDS = 10
_MOST_PERCENT = 1000
_MOST_FACTOR = 1_000_000
_FACTOR_DECIMALS = 6


def check_use(record: Mapping[str, object], service: ServiceTerms, period: str, prefix: str) -> None:
    """Judge the terms of use of a service in a plan; they are kept as they are written."""
    model = {name: value for name, value in record.items() if name not in _OWN_FIELDS}
    if model:
        parse_model(model, prefix)
    if record.get("included") is not None:
        parse_unsigned(record["included"], f"{prefix}included")
    parse_limits(record, prefix)
    for name, options in {
        "overage": ("on_use", "period_end"), "limit": ("hard", "soft"),
        "quota_period": ("day", period), "seats_billed": ("peak", "end", "time"),
    }.items():  # fmt: skip
        if record.get(name) is not None:
            fields.choice(record[name], f"{prefix}{name}", options)
    if record.get("warn") is not None:
        _check_thresholds(record["warn"], f"{prefix}warn")
    if record.get("limit") == "hard" and (model or record.get("overage") is not None):
        raise InvalidValue("invalid", f"{prefix}limit", "A hard limit sells no overage; remove the model or the limit.")
    if record.get("overage") == "on_use" and not model:
        raise InvalidValue("required", f"{prefix}model", "Say by a price model what is charged on use.")
    if record.get("overage") == "on_use" and record.get("seats_billed") == "time":
        message = "What seats cost by time is known at the end; bill them by their peak, or charge at the period's end."
        raise InvalidValue("invalid", f"{prefix}overage", message)
    if record.get("quota_period") == "day" and service.aggregation in LEVELLED:
        message = (
            f"What adds up by {service.aggregation} is counted over the plan's period; remove the quota by the day."
        )
        raise InvalidValue("invalid", f"{prefix}quota_period", message)


def _check_thresholds(value: object, path: str) -> None:
    """Percents of what is included at which the subscriber is told; an empty list tells nothing."""
    before = 0
    for place, each in enumerate(fields.sequence(value, path, _MOST_THRESHOLDS)):
        percent = fields.integer(each, f"{path}.{place}", 1, _MOST_PERCENT)
        if percent <= before:
            raise InvalidValue("invalid", f"{path}.{place}", "Let every percentage be above the one before it.")
        before = percent


def check_filters(
    parts: Mapping[str, tuple[Decimal, Mapping[str, Any]]], services: Mapping[str, ServiceTerms], prefix: str
) -> None:
    """Judge the filters of all services of a plan (``prefix`` is the plan's): they may name one another.

    A filter has conditions (``when``: a property and the values it may have) and says how often an event that meets
    them ``counts``, or as which other service of the plan (``as``), or both. Of those that match the one with the most
    conditions holds; two of as many that could both match are refused.
    """
    for code, (_quantity, use) in parts.items():
        if use.get("filters") is None:
            continue
        path = f"{prefix}services.{code}.filters"
        if services[code].kind != "usage":
            raise InvalidValue("invalid", path, "Only services of kind usage have filters; remove them.")
        filters = fields.sequence(use["filters"], path, MOST_FILTERS)
        conditions = [_filter(each, code, parts, services, f"{path}.{place}") for place, each in enumerate(filters)]
        for (first, one), (second, other) in combinations(enumerate(conditions), 2):
            if rivals(one, other):
                message = f"It could match the same event as filter {first}; give one of them one more condition."
                raise InvalidValue("invalid", f"{path}.{second}", message)


def rivals(one: Mapping[str, frozenset[str]], other: Mapping[str, frozenset[str]]) -> bool:
    """Whether filters with these conditions could match the same event, and neither has more of them."""
    return len(one) == len(other) and all(one[name] & other[name] for name in one.keys() & other.keys())


def matching(filters: Sequence[Mapping[str, Any]], properties: Mapping[str, str]) -> Mapping[str, Any] | None:
    """The filter with the most conditions of those whose conditions all hold for an event's properties."""
    best: Mapping[str, Any] | None = None
    for each in filters:
        conditions = each["when"]
        if (best is None or len(conditions) > len(best["when"])) and all(
            properties.get(name) in ([allowed] if isinstance(allowed, str) else allowed)
            for name, allowed in conditions.items()
        ):
            best = each
    return best


def _filter(
    value: object,
    code: str,
    parts: Mapping[str, tuple[Decimal, Mapping[str, Any]]],
    services: Mapping[str, ServiceTerms],
    path: str,
) -> dict[str, frozenset[str]]:
    """The conditions of a filter: the values that each property may have."""
    record = fields.mapping(value, path)
    fields.only(record, ("when", "counts", "as"), f"{path}.")
    conditions = fields.mapping(fields.required(record, "when", f"{path}."), f"{path}.when")
    if not 1 <= len(conditions) <= MOST_CONDITIONS:
        raise InvalidValue("out_of_range", f"{path}.when", f"Give 1 to {MOST_CONDITIONS} conditions.")
    found = {_name(name, f"{path}.when"): _values(each, f"{path}.when.{name}") for name, each in conditions.items()}
    if record.get("counts") is None and record.get("as") is None:
        raise InvalidValue("required", f"{path}.counts", "Say how often it counts, or as which other service.")
    target = code
    if record.get("as") is not None:
        target = fields.code(record["as"], f"{path}.as")
        if target == code or target not in parts or services[target].kind != "usage":
            raise InvalidValue("invalid", f"{path}.as", "Name another service of the plan whose kind is usage.")
    if record.get("counts") is not None:
        _factor(record["counts"], services[target].aggregation, f"{path}.counts")
    return found


def _factor(value: object, aggregation: str, path: str) -> None:
    factor = parse_unsigned(value, path)
    exponent = parse_decimal(value, path).normalize().as_tuple().exponent
    if factor >= _MOST_FACTOR or (isinstance(exponent, int) and -exponent > _FACTOR_DECIMALS):
        message = f"Write a number below {_MOST_FACTOR:,} with at most {_FACTOR_DECIMALS} decimals."
        raise InvalidValue("out_of_range", path, message)
    if aggregation in LEVELLED:
        message = f"What adds up by {aggregation} cannot be multiplied; remove `counts`."
        raise InvalidValue("invalid", path, message)


def _values(value: object, path: str) -> frozenset[str]:
    values: Sequence[object] = [value] if isinstance(value, str) else fields.sequence(value, path, MOST_VALUES)
    if not values:
        raise InvalidValue("required", path, "Give at least one value.")
    return frozenset(_text(each, path, MOST_VALUE) for each in values)


def _name(value: object, path: str) -> str:
    return _text(value, path, MOST_NAME)


def _text(value: object, path: str, most: int) -> str:
    if not isinstance(value, str) or not value.isprintable() or not 0 < len(value) <= most:
        raise InvalidValue("invalid", path, f"Write a text of 1 to {most} printable characters, in quotes.")
    return value


def parse_aggregation(record: Mapping[str, object], kind: str, prefix: str) -> tuple[str, str]:
    """How the events of a service add up, and the property whose values are counted (``unique`` only)."""
    if kind != "usage":
        for name in ("aggregation", "property"):
            if record.get(name) is not None:
                raise InvalidValue("invalid", f"{prefix}{name}", "Only services of kind usage add up; remove it.")
        return "sum", ""
    aggregation = fields.choice(record.get("aggregation") or "sum", f"{prefix}aggregation", AGGREGATIONS)
    counted = record.get("property")
    if aggregation == "unique":
        return aggregation, _name(fields.required(record, "property", prefix), f"{prefix}property")
    if counted is not None:
        raise InvalidValue("invalid", f"{prefix}property", "Only `unique` counts the values of a property; remove it.")
    return aggregation, ""

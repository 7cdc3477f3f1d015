"""Reading a catalogue as people write it (stories, imports, forms): services and plans with their terms.

Source of the fields and defaults: semantics.md §2-4, doors.md §3. Every refusal is an InvalidValue naming the field.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from decimal import Decimal, localcontext
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from abono.features.catalogue.use_terms import check_filters, check_use, parse_aggregation
from abono.kernel import fields
from abono.kernel.calendars import Period, parse_anchor
from abono.kernel.errors import InvalidValue
from abono.kernel.money import minor_digits, parse_amount, parse_decimal, parse_unsigned
from abono.kernel.texts import one_line

if TYPE_CHECKING:
    from collections.abc import Mapping

_PLAN_FIELDS = (
    "price", "period", "anchor", "first_period", "charge", "trial", "setup_fee", "priority", "on_shortfall",
    "look_ahead", "early_block", "resume", "pause", "renew", "services",
)  # fmt: skip
_SERVICE_FIELDS = ("kind", "unit", "tax", "price", "aggregation", "property", "distributor")
_PAUSE_FIELDS = ("mode", "days_per_year", "min_days", "fee")
_DURATION = re.compile(r"([0-9]{1,6}) (hour|day|week)s?")
_MOST_PRIORITY = 1_000_000
_MOST_DAYS = 36_500
_DAYS_A_WEEK = 7
_MOST_DIGITS = 60
_LONGEST_UNIT = 40


@dataclass(frozen=True)
class ServiceTerms:
    """A service: its kind, unit, tax category and price a unit (exact, in major units).

    ``aggregation`` is how its events add up (kind usage), ``property`` the one whose values ``unique`` counts.
    """

    kind: str
    unit: str = ""
    tax: str = "standard"
    price: Decimal | None = None
    aggregation: str = "sum"
    property: str = ""


@dataclass(frozen=True)
class PauseTerms:
    """What a pause does and costs: ``mode`` freeze, lose or none; fee in minor units."""

    mode: str = "freeze"
    days_per_year: int | None = None
    min_days: int = 0
    fee: int = 0


@dataclass(frozen=True)
class PlanTerms:
    """A plan as it is sold; ``price`` exact in major units (None: the sum of its services), fee in minor units."""

    price: Decimal | None
    period: Period
    period_text: str
    anchor: str
    first_period: str = "full"
    charge: str = "advance"
    renews: bool = True
    trial_days: int = 0
    setup_fee: int = 0
    priority: int = 100
    on_shortfall: str = "suspend"
    look_ahead: tuple[int | None, int | None] = (None, None)
    early_block: bool = False
    resume: str = "restart"
    pause: PauseTerms = PauseTerms()
    services: Mapping[str, tuple[Decimal, Mapping[str, Any]]] = field(default_factory=dict)


@dataclass(frozen=True)
class CatalogueTerms:
    """Services and plans by code."""

    services: Mapping[str, ServiceTerms]
    plans: Mapping[str, PlanTerms]


def parse_catalogue(value: object, currency: str, prefix: str = "catalogue.") -> CatalogueTerms:
    """The services and plans that a record describes; sections may be absent."""
    record = fields.mapping(value, prefix.rstrip("."))
    fields.only(record, ("services", "plans", "distributors", "products", "articles"), prefix)
    services = {
        code: _service(terms, f"{prefix}services.{code}.")
        for code, terms in _section(record, "services", prefix).items()
    }
    plans = {
        code: parse_plan(terms, currency, services, f"{prefix}plans.{code}.")
        for code, terms in _section(record, "plans", prefix).items()
    }
    return CatalogueTerms(services, plans)


def parse_plan(value: object, currency: str, services: Mapping[str, ServiceTerms], prefix: str = "") -> PlanTerms:
    """The plan that a record describes, with the defaults of semantics.md §2."""
    record = fields.mapping(value, prefix.rstrip("."))
    fields.only(record, _PLAN_FIELDS, prefix)
    period_text = fields.required(record, "period", prefix)
    period = Period.parse(period_text, f"{prefix}period")
    parts = {
        code: _plan_service(code, terms, services, str(period_text), f"{prefix}services.{code}.")
        for code, terms in _section(record, "services", prefix).items()
    }
    check_filters(parts, services, prefix)
    return PlanTerms(
        price=_price(record, prefix, parts, services),
        period=period,
        period_text=str(period_text),
        anchor=str(parse_anchor(_anchor(record.get("anchor", "start")), period, f"{prefix}anchor")),
        first_period=_choice(record, prefix, "first_period", ("full", "prorate", "free")),
        charge=_choice(record, prefix, "charge", ("advance", "arrears", "daily")),
        renews=fields.boolean(record.get("renew", True), f"{prefix}renew"),
        trial_days=_trial(record.get("trial"), f"{prefix}trial"),
        setup_fee=_amount(record.get("setup_fee", "0"), currency, f"{prefix}setup_fee"),
        priority=fields.integer(record.get("priority", 100), f"{prefix}priority", 0, _MOST_PRIORITY),
        on_shortfall=_choice(record, prefix, "on_shortfall", ("suspend", "end", "owe")),
        look_ahead=_look_ahead(record.get("look_ahead"), f"{prefix}look_ahead"),
        early_block=_early_block(record, prefix),
        resume=_choice(record, prefix, "resume", ("restart", "remainder", "full")),
        pause=_pause(record.get("pause", "freeze"), currency, f"{prefix}pause"),
        services=parts,
    )


def _section(record: Mapping[str, object], name: str, prefix: str) -> Mapping[str, object]:
    found = record.get(name)
    return {} if found is None else fields.coded(found, f"{prefix}{name}")


def _anchor(value: object) -> object:
    return int(value) if isinstance(value, str) and value.isascii() and value.isdigit() else value


def _choice(record: Mapping[str, object], prefix: str, name: str, options: tuple[str, ...]) -> str:
    default = {"resume": "restart", "charge": "advance"}.get(name, options[0])
    return fields.choice(record.get(name, default), f"{prefix}{name}", options)


def _amount(text: object, currency: str, path: str) -> int:
    amount = parse_amount(text, currency, path)
    if amount < 0:
        raise InvalidValue("out_of_range", path, "Write an amount that is 0 or more.")
    return amount


def _service(value: object, prefix: str) -> ServiceTerms:
    record = fields.mapping(value, prefix.rstrip("."))
    fields.only(record, _SERVICE_FIELDS, prefix)
    price = record.get("price")
    if price is not None:
        parse_unsigned(price, f"{prefix}price")
    unit = one_line(record.get("unit", ""), f"{prefix}unit", _LONGEST_UNIT)
    kind = fields.choice(fields.required(record, "kind", prefix), f"{prefix}kind", ("onoff", "seats", "usage"))
    aggregation, counted = parse_aggregation(record, kind, prefix)
    return ServiceTerms(
        kind=kind,
        unit=unit,
        tax=fields.choice(record.get("tax", "standard"), f"{prefix}tax", ("standard", "reduced", "exempt")),
        price=None if price is None else parse_decimal(price, f"{prefix}price"),
        aggregation=aggregation,
        property=counted,
    )


def _plan_service(
    code: str, value: object, services: Mapping[str, ServiceTerms], period: str, prefix: str
) -> tuple[Decimal, Mapping[str, Any]]:
    if code not in services:
        raise InvalidValue("invalid", prefix.rstrip("."), f"There is no service {code!r}; describe it under services.")
    record = dict(fields.mapping({} if value is None else value, prefix.rstrip(".")))
    quantity = record.pop("quantity", "1")
    if parse_unsigned(quantity, f"{prefix}quantity") == 0:
        raise InvalidValue("out_of_range", f"{prefix}quantity", "Write a quantity above 0.")
    check_use(record, services[code], period, prefix)
    return parse_decimal(quantity, f"{prefix}quantity"), record


def _price(
    record: Mapping[str, object],
    prefix: str,
    parts: Mapping[str, tuple[Decimal, Mapping[str, Any]]],
    services: Mapping[str, ServiceTerms],
) -> Decimal | None:
    text = record.get("price")
    if text is None:
        if not any(services[code].price is not None for code in parts):
            message = "Give the plan a price, or its services prices to add up."
            raise InvalidValue("required", f"{prefix}price", message)
        return None
    parse_unsigned(text, f"{prefix}price")
    return parse_decimal(text, f"{prefix}price")


def _trial(value: object, path: str) -> int:
    if value is None:
        return 0
    hours, days = _duration(value, path)
    if hours is not None or not days:
        raise InvalidValue("invalid", path, 'Write a trial in days, such as "14 days".')
    return days


def _look_ahead(value: object, path: str) -> tuple[int | None, int | None]:
    return (None, None) if value is None else _duration(value, path)


def _duration(value: object, path: str) -> tuple[int | None, int | None]:
    match = _DURATION.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise InvalidValue("invalid", path, 'Write a number of hours, days or weeks, such as "3 days".')
    number = int(match[1])
    if not 1 <= number <= _MOST_DAYS:
        raise InvalidValue("out_of_range", path, f"Write a number from 1 to {_MOST_DAYS}.")
    if match[2] == "hour":
        return number, None
    return None, number * (_DAYS_A_WEEK if match[2] == "week" else 1)


def _early_block(record: Mapping[str, object], prefix: str) -> bool:
    early = fields.boolean(record.get("early_block", False), f"{prefix}early_block")
    if early and record.get("look_ahead") is None:
        raise InvalidValue("required", f"{prefix}look_ahead", "An early block needs a look_ahead to act at.")
    return early


def _pause(value: object, currency: str, path: str) -> PauseTerms:
    modes = ("freeze", "lose", "none")
    if isinstance(value, str):
        return PauseTerms(mode=fields.choice(value, path, modes))
    record = fields.mapping(value, path)
    fields.only(record, _PAUSE_FIELDS, f"{path}.")
    days = record.get("days_per_year")
    return PauseTerms(
        mode=fields.choice(record.get("mode", "freeze"), f"{path}.mode", modes),
        days_per_year=None if days is None else fields.integer(_number(days), f"{path}.days_per_year", 0, 366),
        min_days=fields.integer(_number(record.get("min_days", 0)), f"{path}.min_days", 0, 366),
        fee=_amount(record.get("fee", "0"), currency, f"{path}.fee"),
    )


def _number(value: object) -> object:
    return _anchor(value)


def price_in_minor_units(price: Fraction, currency: str) -> Fraction:
    """An exact price of major units in minor units; it may keep decimals, which are rounded once, in the charge."""
    return price * Fraction(10 ** minor_digits(currency))


def exact_decimal(value: Fraction) -> Decimal:
    """A number that has finitely many decimals, written with all of them."""
    with localcontext() as context:
        context.prec = _MOST_DIGITS
        return Decimal(value.numerator) / Decimal(value.denominator)

"""Questions about the catalogue."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from abono.base.paging import Page, checked, page_of, plain
from abono.base.paging import after as place_after
from abono.base.refusal import Refusal
from abono.base.sql import statements
from abono.features.access.people import NotFound
from abono.kernel.calendars import Grid, Period, grid_for
from abono.kernel.charges import prorate
from abono.kernel.tax import tax_lines

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from datetime import datetime
    from decimal import Decimal

    from abono.features.access.people import Person

_sql = statements("abono.features.catalogue", "catalogue")
_lists = statements("abono.features.catalogue", "lists")
_FIRST = (0, "")
"""Before every operator and code."""


class UnknownPlan(Refusal):
    """There is no such plan."""

    code = "unknown_plan"


@dataclass(frozen=True)
class Plan:
    """The terms of a subscription, as far as operations ask for them; fees in minor units."""

    id: int
    code: str
    step_unit: str
    step: int
    period: str
    anchor: str
    charge: str
    trial_days: int
    on_shortfall: str
    pause: str
    pause_days_per_year: int | None
    pause_min_days: int
    pause_fee: int
    look_ahead_hours: int | None
    look_ahead_days: int | None
    counts: bool

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Plan:
        """The plan of a row of its table."""
        return cls(**{name: row[name] for name in cls.__dataclass_fields__})

    def grid(self, start: date) -> Grid:
        """The period grid of a subscription whose first period begins on ``start``."""
        anchor = int(self.anchor) if self.anchor.isdigit() else self.anchor
        return grid_for(Period.parse(self.period), anchor, start)  # type: ignore[arg-type]  # judged when it was saved

    def full_period_grid(self, start: date) -> Grid:
        """The grid of a full period that starts on a day, whatever the plan's anchor."""
        return grid_for(Period.parse(self.period), "start", start)

    def as_long_as(self, other: Plan) -> bool:
        """Whether periods of both have the same length."""
        return (self.step_unit, self.step) == (other.step_unit, other.step)


@dataclass(frozen=True)
class Amount:
    """An amount as the account is charged it, and the tax in it; minor units."""

    gross: int
    tax: int


@dataclass(frozen=True)
class Rate:
    """What a plan comes to for a quantity while a price is valid (see models.Rate)."""

    id: int
    price: Fraction
    full: Amount
    fee: Amount
    inclusive: bool
    tax_rates: tuple[Decimal, ...]
    tax_weights: tuple[Fraction, ...]

    def part(self, days: int, cycle_days: int) -> Amount:
        """The price of ``days`` of a cycle: prorated exactly, rounded once, then taxed."""
        return self.taxed(prorate(self.price, days, cycle_days))

    def taxed(self, amount: int) -> Amount:
        """An amount of this plan with its tax, which is in it or comes on top."""
        lines = tax_lines(amount, self.inclusive, self.tax_rates, self.tax_weights)
        return Amount(sum(line.gross for line in lines), sum(line.tax for line in lines))


def plan_by_code(operator: int, code: str) -> Plan:
    """The version of a plan that is sold now. Raises UnknownPlan."""
    found = _sql.rows("plan_by_code", operator=operator, code=code)
    if not found:
        message = f"There is no plan {code!r}; choose one of the catalogue."
        raise UnknownPlan(message, field="plan")
    return Plan.of(found[0])


def plan_by_id(plan: int) -> Plan:
    """A plan that is known to exist."""
    return Plan.of(_sql.row("plan_by_id", id=plan))


def latest_version(operator: int, code: str) -> Plan:
    """The version of a plan that is sold now, or else the last that was. Raises UnknownPlan."""
    found = _sql.rows("latest_version", operator=operator, code=code)
    if not found:
        message = f"There is no plan {code!r}; choose one of the catalogue."
        raise UnknownPlan(message, field="plan")
    return Plan.of(found[0])


def plan_codes(operator: int) -> list[str]:
    """The codes of the plans that are sold now."""
    return [row["code"] for row in _sql.rows("plan_codes", operator=operator)]


def rate_on(plan: int, quantity: Decimal, day: date) -> Rate:
    """What a settled plan and quantity come to for a period that begins on a day."""
    return _rate(_sql.row("rate_on", plan=plan, quantity=quantity, day=day))


def rate_by_id(rate: int) -> Rate:
    """A rate that is known to exist."""
    return _rate(_sql.row("rate_by_id", id=rate))


def _rate(row: Mapping[str, Any]) -> Rate:
    return Rate(
        id=row["id"],
        price=Fraction(row["price"]),
        full=Amount(row["gross"], row["tax"]),
        fee=Amount(row["fee"], row["fee_tax"]),
        inclusive=row["inclusive"],
        tax_rates=tuple(row["tax_rates"]),
        tax_weights=tuple(Fraction(weight) for weight in row["tax_weights"]),
    )


@dataclass(frozen=True)
class PlanRow:
    """A plan that is sold now. ``price`` in major units, exact; fees in minor units; ``services`` are codes."""

    id: int
    operator_id: int
    code: str
    version: int
    currency: str
    period: str
    anchor: str
    first_period: str
    charge: str
    renews: bool
    trial_days: int
    setup_fee: int
    priority: int
    on_shortfall: str
    look_ahead_hours: int | None
    look_ahead_days: int | None
    early_block: bool
    resume: str
    pause: str
    pause_days_per_year: int | None
    pause_min_days: int
    pause_fee: int
    price_from: date | None
    price: Decimal
    services: tuple[str, ...]


@dataclass(frozen=True)
class ServiceRow:
    """A service of an operator; ``price`` in major units, exact; ``plans``: how many that are sold now have it.

    ``planned``: whether any plan has or had it; then the way in which it adds up stays.
    """

    id: int
    operator_id: int
    code: str
    currency: str
    kind: str
    unit: str
    tax: str
    price: Decimal | None
    aggregation: str
    property: str
    plans: int
    planned: bool


@dataclass(frozen=True)
class PlanService:
    """A service in a plan, how many of it, and the terms of its use."""

    id: int
    code: str
    kind: str
    unit: str
    tax: str
    price: Decimal | None
    quantity: Decimal
    terms: dict[str, Any]


@dataclass(frozen=True)
class PricePoint:
    """A price of a plan from a day on, in major units; None is the sum of its services' prices."""

    valid_from: date
    price: Decimal | None


@dataclass(frozen=True)
class PlanDetail:
    """A plan and what it consists of; ``prices`` the latest first, ``versions``: ids by version, the newest first."""

    plan: PlanRow
    services: tuple[PlanService, ...]
    prices: tuple[PricePoint, ...]
    versions: dict[int, int]


def sold_codes(operators: Collection[int], *, most: int, beginning: str = "") -> list[str]:
    """The codes of the first plans that these operators sell and that begin so, in whatever case."""
    rows = _sql.rows("sold_codes", operators=list(operators), beginning=plain(beginning), most=most)
    return [row["code"] for row in rows]


def list_plans(operator_ids: Collection[int], now: datetime) -> list[PlanRow]:
    """The plans that these operators sell now, by operator and code, at the price of each operator's civil day."""
    return _plans(operator_ids, now)


def plan_detail(
    person: Person, code: str, *, now: datetime, operator: int | None = None, sold: bool = True
) -> PlanDetail:
    """A plan that is sold now, of an ``operator`` or else of the own one first. Raises Forbidden, NotFound.

    Unless it has to be ``sold``, the last version of a plan that once was will do: subscriptions go on under it.
    """
    person.require("plan.view")
    if operator is not None:
        person.require_operator(operator)
    operators = person.operators if operator is None else [operator]
    found = _plans(operators, now, code=code, first=person.operator, sold=sold) if code else []
    if not found:
        message = f"There is no plan {code!r}; choose one of the catalogue."
        raise NotFound(message, field="plan")
    plan = found[0]
    services = services_of(plan.id)
    versions = {
        row["version"]: row["id"] for row in _lists.rows("versions_of_plan", operator=plan.operator_id, code=code)
    }
    return PlanDetail(plan, services, tuple(price_history(plan.id)), versions)


def services_of(plan: int) -> tuple[PlanService, ...]:
    """The services of a plan and the terms of their use."""
    return tuple(
        PlanService(**{**row, "terms": json.loads(row["terms"]) if isinstance(row["terms"], str) else row["terms"]})
        for row in _lists.rows("services_of_plan", plan=plan)
    )


def list_services(operator_ids: Collection[int]) -> list[ServiceRow]:
    """The services of these operators, by operator and code."""
    return _services(operator_ids, _FIRST, None)


def services_page(operator_ids: Collection[int], *, after: str | None = None, limit: int = 50) -> Page[ServiceRow]:
    """The same, page by page. Raises InvalidRequest."""
    rows = _services(operator_ids, place_after(after, int, str) or _FIRST, checked(limit) + 1)
    return page_of(rows, limit, lambda row: (row.operator_id, row.code))


def plans_page(
    operator_ids: Collection[int], now: datetime, *, after: str | None = None, limit: int = 50
) -> Page[PlanRow]:
    """What ``list_plans`` answers, page by page. Raises InvalidRequest."""
    rows = _plans(operator_ids, now, place=place_after(after, int, str) or _FIRST, most=checked(limit) + 1)
    return page_of(rows, limit, lambda row: (row.operator_id, row.code))


def price_history(plan_id: int) -> list[PricePoint]:
    """The prices of a plan (which ``plan_detail`` or ``list_plans`` found), the latest first."""
    return [PricePoint(**row) for row in _lists.rows("prices_of_plan", plan=plan_id, before=None, most=None)]


def prices_of_versions(operator: int, code: str) -> dict[int, list[PricePoint]]:
    """The prices of a plan by version, the newest version and the latest price first."""
    found: dict[int, list[PricePoint]] = {}
    for row in _lists.rows("prices_of_versions", operator=operator, code=code):
        found.setdefault(row["version"], []).append(PricePoint(row["valid_from"], row["price"]))
    return found


def prices_page(plan_id: int, *, after: str | None = None, limit: int = 50) -> Page[PricePoint]:
    """The same, page by page. Raises InvalidRequest."""
    place = place_after(after, date) or (None,)
    rows = _lists.rows("prices_of_plan", plan=plan_id, before=place[0], most=checked(limit) + 1)
    return page_of([PricePoint(**row) for row in rows], limit, lambda row: (row.valid_from,))


def _services(operator_ids: Collection[int], place: tuple[Any, ...], most: int | None) -> list[ServiceRow]:
    terms = {"operators": list(operator_ids), "after_operator": place[0], "after_code": place[1], "most": most}
    return [ServiceRow(**row) for row in _lists.rows("services", **terms)]


def _plans(
    operators: Collection[int],
    now: datetime,
    *,
    code: str = "",
    first: int = 0,
    sold: bool = True,
    place: tuple[Any, ...] = _FIRST,
    most: int | None = None,
) -> list[PlanRow]:
    terms = {"operators": list(operators), "now": now, "code": code, "first": first, "sold": sold, "most": most}
    rows = _lists.rows("plans", **terms, after_operator=place[0], after_code=place[1])
    return [PlanRow(**{**row, "services": tuple(row["services"])}) for row in rows]

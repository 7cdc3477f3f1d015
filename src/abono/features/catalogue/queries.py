"""Questions about the catalogue."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from abono.base.refusal import Refusal
from abono.base.sql import statements
from abono.kernel.calendars import Grid, Period, grid_for
from abono.kernel.charges import prorate
from abono.kernel.tax import tax_lines

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date
    from decimal import Decimal

_sql = statements("abono.features.catalogue", "catalogue")


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

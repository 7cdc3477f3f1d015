"""Composing a plan: what its terms come to while they are written, by the arithmetic that will settle it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import islice
from typing import TYPE_CHECKING, Any

from abono.features.catalogue.comparing import stored_services
from abono.features.catalogue.merging import judge
from abono.features.catalogue.operations import save_catalogue
from abono.features.catalogue.settling import settled_terms
from abono.features.catalogue.terms import CatalogueTerms, PlanTerms, ServiceTerms, parse_plan
from abono.kernel import fields
from abono.kernel.calendars import grid_for
from abono.kernel.charges import Charge, daily_charges, due_periods, period_charges
from abono.kernel.errors import InvalidValue
from abono.kernel.tax import tax_lines

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import date, datetime

    from abono.features.operators.queries import Operator

_SHOWN = 3
_FAR = timedelta(days=36_500)


@dataclass(frozen=True)
class Draft:
    """What a plan would come to for a quantity: a full period with and without tax, the setup fee, the first charges.

    Amounts in minor units; ``charges`` are of somebody who begins on the day that was asked for.
    """

    gross: int
    tax: int
    fee: int
    charges: tuple[Charge, ...]


def known_services(operator: Operator) -> dict[str, ServiceTerms]:
    """The services of an operator by code."""
    return stored_services(operator)


def save_plan(operator: Operator, code: str, record: Mapping[str, Any], *, now: datetime) -> None:
    """The plan that a record describes is sold from now on; who has the version before keeps it. Raises InvalidValue.

    The fields of the record are those of a story's catalogue (doors.md §3).
    """
    services = known_services(operator)
    plan = parse_plan(record, operator.currency, services)
    save_catalogue(operator, CatalogueTerms(services, {fields.code(code, "code"): plan}), now=now)


def save_service(operator: Operator, code: str, record: Mapping[str, Any], *, now: datetime) -> None:
    """A service is made or changed, with what the plans cost that have it. Raises InvalidValue naming its field.

    The fields of the record are those of a story's catalogue (doors.md §3); what is not in it is as by default.
    """
    merge = judge(operator, {"services": {code: record}}, now=now)
    if merge.errors:
        error = merge.errors[0]
        own = error.field.removeprefix(f"services.{code}").removeprefix(".")
        raise InvalidValue(error.code, own or "code", error.message)
    merge.write()


def draft(operator: Operator, record: Mapping[str, Any], on: date, quantity: Decimal = Decimal(1)) -> Draft:
    """What a plan would come to for whoever begins on a day. Raises InvalidValue."""
    services = known_services(operator)
    plan = parse_plan(record, operator.currency, services)
    parts = [
        {"tax": services[code].tax, "price": services[code].price, "quantity": count}
        for code, (count, _use) in plan.services.items()
    ]
    rate = settled_terms(operator, {"setup_fee": plan.setup_fee}, parts, plan.price, quantity)
    taxed = (_taxed(charge, rate) for charge in _charges(plan, Fraction(rate["price"]), on) if charge.amount)
    return Draft(rate["gross"], rate["tax"], rate["fee"], tuple(islice(taxed, _SHOWN)))


def _taxed(charge: Charge, rate: Mapping[str, Any]) -> Charge:
    weights = [Fraction(weight) for weight in rate["tax_weights"]]
    lines = tax_lines(charge.amount, rate["inclusive"], rate["tax_rates"], weights)
    return charge._replace(amount=sum(line.gross for line in lines))


def _charges(plan: PlanTerms, exact: Fraction, on: date) -> Iterator[Charge]:
    starts = on + timedelta(days=plan.trial_days)
    anchor = int(plan.anchor) if plan.anchor.isdigit() else plan.anchor
    grid = grid_for(plan.period, anchor, starts)  # type: ignore[arg-type]  # judged when it was read
    until = starts + min(_FAR, timedelta(days=plan.period.step * 400))
    if plan.charge == "daily":
        return daily_charges(exact, due_periods(grid, starts, None, until, "advance"), until)
    timing: Any = plan.charge
    return period_charges(exact, due_periods(grid, starts, None, until, timing), timing, plan.first_period)  # type: ignore[arg-type]

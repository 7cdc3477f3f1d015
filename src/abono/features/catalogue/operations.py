"""Writes on the catalogue. Prices are settled here, once, by the kernel; every run copies what was settled."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from fractions import Fraction
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from abono.base.refusal import Refusal
from abono.base.sql import statements
from abono.base.trail import record
from abono.features.catalogue.models import NEVER
from abono.features.catalogue.queries import UnknownPlan
from abono.features.catalogue.terms import CatalogueTerms, PlanTerms, exact_decimal, price_in_minor_units
from abono.kernel.money import round_half_up
from abono.kernel.tax import tax_lines

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from abono.features.operators.queries import Operator

_sql = statements("abono.features.catalogue", "catalogue")
_ALWAYS = date(1, 1, 1)
_NEVER = date.fromisoformat(NEVER)


class PeriodClosed(Refusal):
    """The day lies in the past; what was decided for it stays."""

    code = "period_closed"


def save_catalogue(operator: Operator, terms: CatalogueTerms, *, now: datetime) -> None:
    """Services are made or changed; each plan becomes the version that is sold from now on."""
    services = {
        code: int(
            _sql.row(
                "put_service",
                operator=operator.id,
                code=code,
                kind=service.kind,
                unit=service.unit,
                tax=service.tax,
                price=service.price,
            )["id"]
        )
        for code, service in terms.services.items()
    }
    for code, plan in terms.plans.items():
        _add_plan(operator, code, plan, services, now)


def _add_plan(operator: Operator, code: str, terms: PlanTerms, services: Mapping[str, int], now: datetime) -> None:
    retired = _sql.rows("retire_plan", operator=operator.id, code=code)
    version = 1 + max((row["version"] for row in retired), default=0)
    plan = _sql.row(
        "add_plan",
        operator=operator.id,
        code=code,
        version=version,
        step_unit=terms.period.unit,
        step=terms.period.step,
        period=terms.period_text,
        anchor=terms.anchor,
        first_period=terms.first_period,
        charge=terms.charge,
        renews=terms.renews,
        trial_days=terms.trial_days,
        setup_fee=terms.setup_fee,
        priority=terms.priority,
        on_shortfall=terms.on_shortfall,
        look_ahead_hours=terms.look_ahead[0],
        look_ahead_days=terms.look_ahead[1],
        early_block=terms.early_block,
        resume=terms.resume,
        pause=terms.pause.mode,
        pause_days_per_year=terms.pause.days_per_year,
        pause_min_days=terms.pause.min_days,
        pause_fee=terms.pause.fee,
    )["id"]
    for service, (quantity, use) in terms.services.items():
        _sql.run(
            "add_plan_service", plan=plan, service=services[service], quantity=quantity, terms=json.dumps(dict(use))
        )
    _sql.run("put_price", plan=plan, valid_from=_ALWAYS, price=terms.price)
    record("plan.save", code, operator=operator.id, at=now, after={"version": version, "price": terms.price})


def plan_versions(operator: Operator, code: str) -> list[int]:
    """The ids of a plan's versions. Raises UnknownPlan."""
    versions = [row["id"] for row in _sql.rows("plan_versions", operator=operator.id, code=code)]
    if not versions:
        message = f"There is no plan {code!r}; choose one of the catalogue."
        raise UnknownPlan(message, field="plan")
    return versions


def set_price(operator: Operator, code: str, price: Decimal, valid_from: date, *, now: datetime) -> None:
    """A new price for the periods that begin on or after a day, in all versions of a plan.

    ``price`` exact, in major units. Periods that have begun keep theirs. Raises UnknownPlan, PeriodClosed.
    """
    if valid_from < operator.day(now):
        message = f"{valid_from} has passed; let the price begin on {operator.day(now)} or later."
        raise PeriodClosed(message, field="from")
    for plan in plan_versions(operator, code):
        _sql.row("lock_plan", plan=plan)
        _sql.run("put_price", plan=plan, valid_from=valid_from, price=price)
        for row in _sql.rows("quantities", plan=plan):
            settle(operator, plan, row["quantity"])
    record("plan.price", code, operator=operator.id, at=now, after={"price": price, "from": valid_from})


def settle(operator: Operator, plan: int, quantity: Decimal) -> None:
    """Make sure that every price of a plan is worked out for a quantity. What was settled the same is left alone.

    The plan is locked only if something is to be written.
    """
    if _unsettled(operator, plan, quantity):
        _sql.row("lock_plan", plan=plan)
        for write in _unsettled(operator, plan, quantity):
            write()


def _unsettled(operator: Operator, plan: int, quantity: Decimal) -> list[Callable[[], object]]:
    """The writes that bring the rates of a plan and quantity up to its prices."""
    row = _sql.row("plan_by_id", id=plan)
    services = _sql.rows("plan_services", plan=plan)
    prices = _sql.rows("plan_prices", plan=plan)
    settled = {rate["valid_from"]: rate for rate in _sql.rows("rates", plan=plan, quantity=quantity)}
    writes: list[Callable[[], object]] = []
    for begins, ends in pairwise([*prices, {"valid_from": _NEVER}]):
        wanted = _settled(operator, row, services, begins["price"], quantity)
        known = settled.get(begins["valid_from"])
        same = known is not None and all(known[name] == wanted[name] for name in ("price", "gross", "tax", "fee"))
        if known is not None and not (same and known["valid_to"] == ends["valid_from"]):
            # One that is no longer right may have been charged: it is closed as if it had never counted.
            valid_to = ends["valid_from"] if same else known["valid_from"]
            writes.append(partial(_sql.run, "close_rate", id=known["id"], valid_to=valid_to))
        if not same:
            dates = {"valid_from": begins["valid_from"], "valid_to": ends["valid_from"]}
            writes.append(partial(_sql.run, "add_rate", plan=plan, quantity=quantity, **dates, **wanted))
    return writes


def _settled(
    operator: Operator,
    plan: Mapping[str, Any],
    services: Sequence[Mapping[str, Any]],
    price: Decimal | None,
    quantity: Decimal,
) -> dict[str, object]:
    own = [Fraction(row["price"] or 0) * Fraction(row["quantity"]) for row in services]
    per_unit = sum(own, Fraction(0)) if price is None else Fraction(price)
    exact = price_in_minor_units(per_unit, operator.currency) * Fraction(quantity)
    rates, weights = _tax_shape(operator, services, own)
    lines = tax_lines(round_half_up(exact), operator.prices_include_tax, rates, weights)
    fees = tax_lines(plan["setup_fee"], operator.prices_include_tax, rates, weights)
    return {
        "price": exact_decimal(exact),
        "gross": sum(line.gross for line in lines),
        "tax": sum(line.tax for line in lines),
        "fee": sum(line.gross for line in fees),
        "fee_tax": sum(line.tax for line in fees),
        "inclusive": operator.prices_include_tax,
        "tax_rates": rates,
        "tax_weights": [exact_decimal(weight) for weight in weights],
    }


def _tax_shape(
    operator: Operator, services: Sequence[Mapping[str, Any]], own: Sequence[Fraction]
) -> tuple[list[Decimal], list[Fraction]]:
    """The rates of a plan's tax lines and their weights: the own prices of each category's services."""
    rate = {"standard": operator.tax, "reduced": operator.tax_reduced, "exempt": Decimal(0)}
    weights: dict[str, Fraction] = {}
    for service, price in zip(services, own, strict=True):
        weights[service["tax"]] = weights.get(service["tax"], Fraction(0)) + price
    if not weights:
        return [operator.tax], [Fraction(1)]
    if len(weights) > 1 and not any(weights.values()):  # nothing to weigh by: equal shares
        weights = dict.fromkeys(weights, Fraction(1))
    if len(weights) == 1:
        weights = dict.fromkeys(weights, Fraction(1))
    return [rate[category] for category in weights], list(weights.values())

"""What plans come to: prices are settled here, once, by the kernel; every run copies what was settled."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from abono.base.sql import statements
from abono.features.catalogue.models import NEVER
from abono.features.catalogue.terms import exact_decimal, price_in_minor_units
from abono.kernel.errors import InvalidValue
from abono.kernel.money import LIMIT, round_half_up
from abono.kernel.tax import tax_lines

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from abono.features.operators.queries import Operator

_sql = statements("abono.features.catalogue", "catalogue")
_SETTLED = ("price", "gross", "tax", "fee", "fee_tax", "inclusive", "tax_rates")
_NEVER = date.fromisoformat(NEVER)


def price_plan(operator: Operator, plan: int, price: Decimal | None, days: Sequence[date]) -> None:
    """The same price (exact, in major units) from each of these days on, worked out for every quantity there is."""
    _sql.row("lock_plan", plan=plan)
    for day in days:
        _sql.run("put_price", plan=plan, valid_from=day, price=price)
    settle_all(operator, plan)


def drop_price(operator: Operator, plan: int, day: date) -> list[Decimal | None]:
    """No price begins on a day any more; answers the one that did, if one did."""
    _sql.row("lock_plan", plan=plan)
    dropped = [row["price"] for row in _sql.rows("drop_price", plan=plan, valid_from=day)]
    if dropped:
        settle_all(operator, plan)
    return dropped


def settle_all(operator: Operator, plan: int) -> None:
    """Make sure that the prices of a plan are right for every quantity they were ever worked out for."""
    _settle(operator, plan, None)


def settle(operator: Operator, plan: int, quantity: Decimal) -> None:
    """Make sure that every price of a plan is worked out for a quantity. What was settled the same is left alone.

    The plan is locked only if something is to be written.
    """
    _settle(operator, plan, quantity)


def _settle(operator: Operator, plan: int, quantity: Decimal | None) -> None:
    if _unsettled(operator, plan, quantity):
        _sql.row("lock_plan", plan=plan)
        writes = _unsettled(operator, plan, quantity)
        _sql.run("close_rates", **writes.closed)
        _sql.run("add_rates", plan=plan, rates=json.dumps(writes.added, default=str))


@dataclass
class _Writes:
    """Rates to close, by id and day, and the columns of those to add."""

    closed: dict[str, list[Any]] = field(default_factory=lambda: {"ids": [], "days": []})
    added: list[dict[str, Any]] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.added or self.closed["ids"])

    def close(self, rate: Mapping[str, Any], day: date) -> None:
        """A rate counts only until a day."""
        self.closed["ids"].append(rate["id"])
        self.closed["days"].append(day)


def _unsettled(operator: Operator, plan: int, quantity: Decimal | None) -> _Writes:
    """The writes that bring the rates of a plan up to its prices, for one quantity or for all that there are."""
    row = _sql.row("plan_by_id", id=plan)
    services = _sql.rows("plan_services", plan=plan)
    prices = _sql.rows("plan_prices", plan=plan)
    settled: dict[Decimal, dict[date, dict[str, Any]]] = {} if quantity is None else {quantity: {}}
    for rate in _sql.rows("rates", plan=plan, quantity=quantity):
        settled.setdefault(rate["quantity"], {})[rate["valid_from"]] = rate
    writes = _Writes()
    days = {price["valid_from"] for price in prices}
    for each, known in settled.items():
        for begins, ends in pairwise([*prices, {"valid_from": _NEVER}]):
            wanted = settled_terms(operator, row, services, begins["price"], each)
            dates = {"valid_from": begins["valid_from"], "valid_to": ends["valid_from"]}
            _compare(writes, known.get(begins["valid_from"]), {"quantity": each, **dates, **wanted})
        for day, rate in known.items():
            if day not in days:  # its price was withdrawn
                writes.close(rate, day)
    return writes


def _compare(writes: _Writes, known: Mapping[str, Any] | None, wanted: dict[str, Any]) -> None:
    same = known is not None and all(known[name] == wanted[name] for name in _SETTLED)
    if known is not None and not (same and known["valid_to"] == wanted["valid_to"]):
        # One that is no longer right may have been charged: it is closed as if it had never counted.
        writes.close(known, wanted["valid_to"] if same else known["valid_from"])
    if not same:
        writes.added.append(wanted)


def settled_terms(
    operator: Operator,
    plan: Mapping[str, Any],
    services: Sequence[Mapping[str, Any]],
    price: Decimal | None,
    quantity: Decimal,
) -> dict[str, Any]:
    """What a plan (its ``setup_fee``) with services comes to for a quantity at a price: the columns of a rate.

    ``services``: tax, price and quantity of each; ``price`` exact in major units, None: the sum of the services'.
    Raises InvalidValue (``out_of_range``) for more than an amount may be.
    """
    own = [Fraction(row["price"] or 0) * Fraction(row["quantity"]) for row in services]
    per_unit = sum(own, Fraction(0)) if price is None else Fraction(price)
    exact = price_in_minor_units(per_unit, operator.currency) * Fraction(quantity)
    rates, weights = _tax_shape(operator, services, own)
    lines = tax_lines(round_half_up(exact), operator.prices_include_tax, rates, weights)
    fees = tax_lines(plan["setup_fee"], operator.prices_include_tax, rates, weights)
    if sum(line.gross for line in (*lines, *fees)) >= LIMIT:
        message = "Together this costs more than the books can hold, 15 digits; take a smaller quantity or price."
        raise InvalidValue("out_of_range", "quantity", message)
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

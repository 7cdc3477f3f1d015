"""Writes on the catalogue: services, plans in versions, prices from a day on."""

from __future__ import annotations

import json
from datetime import date
from typing import TYPE_CHECKING

from abono.base.sql import statements
from abono.base.trail import record
from abono.features.catalogue import offers
from abono.features.catalogue.offers import PeriodClosed, UnknownPrice
from abono.features.catalogue.queries import UnknownPlan
from abono.features.catalogue.room import require_room
from abono.features.catalogue.settling import drop_price, price_plan

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from datetime import datetime
    from decimal import Decimal

    from abono.features.catalogue.terms import CatalogueTerms, PlanTerms
    from abono.features.operators.queries import Operator

_sql = statements("abono.features.catalogue", "catalogue")
_ALWAYS = date(1, 1, 1)


def reserve(operator: Operator) -> None:
    """Whoever else changes the operator's catalogue waits until this transaction ends."""
    _sql.row("reserve", operator=operator.id)


def save_catalogue(operator: Operator, terms: CatalogueTerms, *, now: datetime, dated: Collection[str] = ()) -> None:
    """Services are made or changed; each plan becomes the version that is sold from now on.

    It costs its own price from now on, and what was to come comes: prices from a later day are carried over. Of the
    plans in ``dated`` all prices with a day are, those that count by now among them. Raises TooManyPlans.
    """
    reserve(operator)
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
                aggregation=service.aggregation,
                property=service.property,
            )["id"]
        )
        for code, service in terms.services.items()
    }
    for code, plan in terms.plans.items():
        counts = any(terms.services[each].kind != "onoff" for each in plan.services)
        after = _ALWAYS if code in dated else operator.day(now)
        _add_plan(operator, code, plan, services, now, counts=counts, after=after)
    if terms.plans:
        require_room(operator.id)


def _add_plan(
    operator: Operator,
    code: str,
    terms: PlanTerms,
    services: Mapping[str, int],
    now: datetime,
    *,
    counts: bool,
    after: date,
) -> None:
    retired = _sql.rows("retire_plan", operator=operator.id, code=code)
    version = 1 + max(
        (row["version"] for row in _sql.rows("plan_versions", operator=operator.id, code=code)), default=0
    )
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
        counts=counts,
    )["id"]
    for service, (quantity, use) in terms.services.items():
        _sql.run(
            "add_plan_service", plan=plan, service=services[service], quantity=quantity, terms=json.dumps(dict(use))
        )
    _sql.run("put_price", plan=plan, valid_from=_ALWAYS, price=terms.price)
    for each in retired:
        if each["source_id"] is None:  # the prices of a plan that was another's are the other's
            _sql.run("carry_prices", plan=plan, source=each["id"], after=after)
    record("plan.save", code, operator=operator.id, at=now, after={"version": version, "price": terms.price})
    offers.follow_plan(operator, code, plan, now=now)


def plan_versions(operator: Operator, code: str) -> list[int]:
    """The ids of a plan's versions. Raises UnknownPlan."""
    versions = [row["id"] for row in _sql.rows("plan_versions", operator=operator.id, code=code)]
    if not versions:
        message = f"There is no plan {code!r}; choose one of the catalogue."
        raise UnknownPlan(message, field="plan")
    return versions


def set_price(operator: Operator, code: str, price: Decimal, valid_from: date, *, now: datetime) -> None:
    """A new price for the periods that begin on or after a day, in all versions of a plan.

    ``price`` exact, in major units. Periods that have begun keep theirs. Raises UnknownPlan, PeriodClosed, OfferedPlan.
    """
    if valid_from < operator.day(now):
        message = f"{valid_from} has passed; let the price begin on {operator.day(now)} or later."
        raise PeriodClosed(message, field="from")
    reserve(operator)
    offers.require_own(operator, code)
    for plan in plan_versions(operator, code):
        price_plan(operator, plan, price, [valid_from])
        offers.follow_price(plan, price, valid_from, now=now)
    record("plan.price", code, operator=operator.id, at=now, after={"price": price, "from": valid_from})


def withdraw_price(operator: Operator, code: str, valid_from: date, *, now: datetime) -> None:
    """A price that is still to come does not come, in any version of a plan nor where it is offered.

    Raises UnknownPlan, UnknownPrice, PeriodClosed (it counts already), OfferedPlan.
    """
    reserve(operator)
    offers.require_own(operator, code)
    dropped: list[Decimal | None] = []
    for plan in plan_versions(operator, code):
        dropped += drop_price(operator, plan, valid_from)
        offers.unfollow_price(plan, valid_from, now=now)
    if not dropped:
        message = f"No price of {code!r} begins on {valid_from}; look at the list of its prices."
        raise UnknownPrice(message, field="valid_from")
    if valid_from <= operator.day(now):
        message = f"The price from {valid_from} counts already; set another from today or a later day."
        raise PeriodClosed(message, field="valid_from")
    before = {"price": dropped[-1], "from": valid_from}
    record("plan.price_withdraw", code, operator=operator.id, at=now, before=before)

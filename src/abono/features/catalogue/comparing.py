"""The catalogue as it is stored, in the words of a file, so that the two can be held against each other."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from abono.base.sql import statements
from abono.features.catalogue.terms import PauseTerms, PlanTerms, ServiceTerms
from abono.kernel.calendars import Period
from abono.kernel.errors import InvalidValue

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from abono.features.operators.queries import Operator

_sql = statements("abono.features.catalogue", "merging")
_SERVICE = [field.name for field in dataclasses.fields(ServiceTerms)]


def stored_services(operator: Operator) -> dict[str, ServiceTerms]:
    """The services of an operator by code."""
    return {
        row["code"]: ServiceTerms(**{name: row[name] for name in _SERVICE})
        for row in _sql.rows("services_to_merge", operator=operator.id)
    }


@dataclass(frozen=True)
class StoredPlan:
    """A plan that is sold: ``terms`` with the price that is valid on a day, ``price_from`` when; the first it had."""

    version: int
    terms: PlanTerms
    price_from: date
    first_price: Decimal | None


def stored_plans(operator: Operator, day: date) -> dict[str, StoredPlan]:
    """The plans that are sold, by code, with the prices that are valid on a day."""
    parts: dict[str, dict[str, tuple[Decimal, Mapping[str, Any]]]] = {}
    for row in _sql.rows("parts", operator=operator.id):
        parts.setdefault(row["plan"], {})[row["service"]] = (row["quantity"], json.loads(row["terms"]))
    return {
        row["code"]: StoredPlan(
            row["version"], _terms(row, parts.get(row["code"], {})), row["price_from"], row["first_price"]
        )
        for row in _sql.rows("plans_to_merge", operator=operator.id, day=day)
    }


def _terms(row: Mapping[str, Any], services: Mapping[str, tuple[Decimal, Mapping[str, Any]]]) -> PlanTerms:
    return PlanTerms(
        price=row["price"],
        period=Period.parse(row["period"]),
        period_text=row["period"],
        anchor=row["anchor"],
        first_period=row["first_period"],
        charge=row["charge"],
        renews=row["renews"],
        trial_days=row["trial_days"],
        setup_fee=row["setup_fee"],
        priority=row["priority"],
        on_shortfall=row["on_shortfall"],
        look_ahead=(row["look_ahead_hours"], row["look_ahead_days"]),
        early_block=row["early_block"],
        resume=row["resume"],
        pause=PauseTerms(row["pause"], row["pause_days_per_year"], row["pause_min_days"], row["pause_fee"]),
        services=services,
    )


def require_same_counting(old: ServiceTerms, new: ServiceTerms, path: str) -> None:
    """Refuse another kind or way of adding up for a service that is in a plan: what was used would be forgiven."""
    if old.kind != new.kind:
        message = "The service is in a plan and keeps its kind; make another service."
        raise InvalidValue("invalid", f"{path}.kind", message)
    for name in ("aggregation", "property"):
        if getattr(old, name) != getattr(new, name):
            message = "The service is in a plan and keeps the way in which it adds up; make another service."
            raise InvalidValue("invalid", f"{path}.{name}", message)


def service_differences(old: ServiceTerms, new: ServiceTerms) -> list[str]:
    """The fields in which two services differ."""
    return [name for name, value in vars(old).items() if getattr(new, name) != value]


def plan_differences(old: PlanTerms, new: PlanTerms) -> list[str]:
    """The fields, as a file names them, in which two plans differ; how a period is spelled is none."""
    words = {"renews": "renew", "trial_days": "trial"}
    before, after = _facts(old), _facts(new)
    return [words.get(name, name) for name, value in before.items() if after[name] != value]


def _facts(terms: PlanTerms) -> dict[str, object]:
    services = {
        code: (quantity, {name: value for name, value in use.items() if value is not None})
        for code, (quantity, use) in terms.services.items()
    }
    facts = {name: value for name, value in vars(terms).items() if name != "period_text"}
    return {**facts, "services": json.loads(json.dumps(services, default=_plain))}


def _plain(value: object) -> str:
    """A quantity without trailing zeros, so that ``1`` and ``1.000000`` are the same."""
    assert isinstance(value, Decimal)  # noqa: S101 -- terms of use hold nothing else that JSON lacks
    return f"{value.normalize():f}"

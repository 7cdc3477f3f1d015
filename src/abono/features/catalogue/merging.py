"""A catalogue as somebody describes it, held against the stored one: what it makes, changes and leaves, then written.

The fields are those of a story's ``catalogue`` (doors.md §3). A plan may use a service that is only stored. One whose
terms are those that are sold stays as it is; any other becomes the next version, and existing subscriptions
keep theirs. Its price is held against the one that is valid today, and against the one that the version was saved with:
a price that began or will begin on a day is no difference from the file. A service is changed in place: what it
costs counts for every period that begins from then on. What is not described stays as it is.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Literal

from abono.base.sql import statements
from abono.base.trail import record
from abono.features.catalogue.comparing import (
    plan_differences,
    require_same_counting,
    service_differences,
    stored_plans,
    stored_services,
)
from abono.features.catalogue.operations import reserve, save_catalogue
from abono.features.catalogue.settling import settle
from abono.features.catalogue.terms import CatalogueTerms, PlanTerms, ServiceTerms, parse_catalogue, parse_plan
from abono.features.operators.queries import operator_by_id
from abono.kernel import fields
from abono.kernel.errors import InvalidValue

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from abono.features.operators.queries import Operator

_sql = statements("abono.features.catalogue", "merging")
_LATER = ("distributors", "products", "articles")
SECTIONS = ("services", "plans", *_LATER)
"""The sections that a catalogue may have; those after the plans are left out, with a warning."""
_PRICE_DECIMALS = 8
_QUANTITY_DECIMALS = 6
_ANYTHING = ServiceTerms(kind="onoff", price=Decimal(0))
"""Stands for a service whose own error is told, so that its plans are judged all the same."""


@dataclass(frozen=True)
class Remark:
    """What is told and stops nothing; ``path`` is where it stands."""

    path: str
    code: str
    message: str


@dataclass(frozen=True)
class Change:
    """What becomes of a service or a plan."""

    kind: Literal["service", "plan"]
    code: str
    change: Literal["made", "changed", "unchanged"]


@dataclass
class Merge:
    """What a description would do to an operator's catalogue; with an error it is not written at all."""

    operator: Operator
    prefix: str
    now: datetime
    errors: list[InvalidValue] = field(default_factory=list)
    warnings: list[Remark] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    services: dict[str, ServiceTerms] = field(default_factory=dict)
    plans: dict[str, PlanTerms] = field(default_factory=dict)
    known: dict[str, ServiceTerms] = field(default_factory=dict)
    dated: set[str] = field(default_factory=set)

    def refuse(self, error: InvalidValue) -> None:
        """Tell of an error."""
        self.errors.append(error)

    def warn(self, path: str, code: str, message: str) -> None:
        """Tell of a warning."""
        self.warnings.append(Remark(path, code, message))

    def count(self, kind: Literal["service", "plan"], code: str, differs: list[str] | None) -> bool:
        """Note what becomes of one; answers whether it is to be written."""
        self.changes.append(Change(kind, code, "made" if differs is None else "changed" if differs else "unchanged"))
        return differs is None or bool(differs)

    def write(self) -> None:
        """Save what is new or changed, with the services that the plans to be saved use; there is no error."""
        _write(self)


def judge(operator: Operator, catalogue: Mapping[str, object], *, now: datetime, prefix: str = "") -> Merge:
    """Hold a described catalogue against the stored one; nothing is written. ``prefix`` begins the paths of remarks.

    One merge for an operator at a time: another waits until the transaction ends, and then finds what this one wrote.
    """
    reserve(operator)
    merge = Merge(operator, prefix, now)
    merge.known = _judge_services(merge, catalogue)
    _judge_plans(merge, catalogue)
    for section in _LATER:
        if catalogue.get(section):
            merge.warn(
                f"{prefix}{section}", "not_imported", "This version does not import the section; it is left out."
            )
    return merge


def _section(merge: Merge, catalogue: Mapping[str, object], name: str) -> Mapping[str, object]:
    try:
        found = catalogue.get(name)
        return {} if found is None else fields.mapping(found, f"{merge.prefix}{name}")
    except InvalidValue as error:
        merge.refuse(error)
        return {}


def _judge_services(merge: Merge, catalogue: Mapping[str, object]) -> dict[str, ServiceTerms]:
    """Judge every service; answers all that plans may use, stored or in the file."""
    stored = stored_services(merge.operator)
    planned = {row["code"] for row in _sql.rows("planned", operator=merge.operator.id)}
    known = dict(stored)
    for name, written in _section(merge, catalogue, "services").items():
        code, path = name, f"{merge.prefix}services.{name}"
        try:
            code = fields.code(name, path)
            known[code] = _service(merge, code, written, path)
            if code in planned:
                require_same_counting(stored[code], known[code], path)
        except InvalidValue as error:
            merge.refuse(error)
            known[code] = stored.get(code, _ANYTHING)
            continue
        differs = service_differences(stored[code], known[code]) if code in stored else None
        if merge.count("service", code, differs):
            merge.services[code] = known[code]
        if differs:
            message = f"Changes {', '.join(differs)} for existing subscriptions too, from their next period on."
            merge.warn(path, "service_changes", message)
    return known


def _service(merge: Merge, code: str, written: object, path: str) -> ServiceTerms:
    terms = parse_catalogue({"services": {code: written}}, merge.operator.currency, merge.prefix).services[code]
    _check_decimals(terms.price, _PRICE_DECIMALS, f"{path}.price")
    if isinstance(written, dict) and written.get("distributor") is not None:
        merge.warn(f"{path}.distributor", "not_imported", "This version does not import distributors; it is left out.")
    return terms


def _judge_plans(merge: Merge, catalogue: Mapping[str, object]) -> None:
    stored = stored_plans(merge.operator, merge.operator.day(merge.now))
    for name, written in _section(merge, catalogue, "plans").items():
        path = f"{merge.prefix}plans.{name}"
        try:
            code = fields.code(name, path)
            terms = _plan(merge, written, path)
        except InvalidValue as error:
            merge.refuse(error)
            continue
        if not terms.services:
            merge.warn(path, "no_services", "The plan has no services; it is charged and gives nothing.")
        sold = stored.get(code)
        differs = plan_differences(sold.terms, terms) if sold else None
        if sold and differs and "price" in differs and terms.price == sold.first_price:
            differs.remove("price")
            merge.dated.add(code)
            message = f"Its price of {sold.price_from} goes on; set a price from a day to change what it costs."
            merge.warn(f"{path}.price", "dated_price", message)
        if merge.count("plan", code, differs):
            merge.plans[code] = terms
        if differs:
            version = sold.version + 1 if sold else 1
            message = f"Becomes version {version} ({', '.join(differs)}); existing subscriptions keep theirs."
            merge.warn(path, "new_version", message)


def _plan(merge: Merge, written: object, path: str) -> PlanTerms:
    terms = parse_plan(written, merge.operator.currency, merge.known, f"{path}.")
    _check_decimals(terms.price, _PRICE_DECIMALS, f"{path}.price")
    for service, (quantity, _use) in terms.services.items():
        _check_decimals(quantity, _QUANTITY_DECIMALS, f"{path}.services.{service}.quantity")
    return terms


def _check_decimals(value: Decimal | None, most: int, path: str) -> None:
    """Refuse what the database would round."""
    exponent = 0 if value is None else value.normalize().as_tuple().exponent
    if isinstance(exponent, int) and -exponent > most:
        raise InvalidValue("invalid", path, f"Write at most {most} decimals.")


def _write(merge: Merge) -> None:
    before = stored_services(merge.operator)
    used = {code: merge.known[code] for plan in merge.plans.values() for code in plan.services}
    terms = CatalogueTerms({**used, **merge.services}, merge.plans)
    save_catalogue(merge.operator, terms, now=merge.now, dated=merge.dated)
    for code, service in merge.services.items():
        record(
            "service.save",
            code,
            operator=merge.operator.id,
            at=merge.now,
            before=vars(before[code]) if code in before else None,
            after=vars(service),
        )
    for row in _sql.rows("settled", operator=merge.operator.id, codes=list(merge.services)):
        settle(operator_by_id(row["operator_id"]), row["plan_id"], row["quantity"])

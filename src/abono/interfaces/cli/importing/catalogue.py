"""``abono import catalogue``: services and plans from YAML, written as in a story's ``catalogue`` (doors.md §3).

The file holds ``services`` and ``plans``, alone or under ``catalogue:``, and may hold ``operator:`` (``currency,
time_zone, locale, prices_include_tax, tax, tax_reduced, name``), which makes the operator if it does not exist yet: the
one that ``--operator`` names, or ``provider`` where there is none at all. An operator that exists is never changed.

A plan may use a service that is stored and not in the file. A plan whose terms are those that are sold stays as it is;
any other becomes the next version, and existing subscriptions keep theirs. Its price is held against the one that is
valid today. A service is changed in place: what it costs counts for every period that begins from then on. What the
file leaves out stays as it is.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from django.db import transaction

from abono.base.sql import statements
from abono.base.trail import acting, record
from abono.features.catalogue.operations import save_catalogue
from abono.features.catalogue.settling import settle
from abono.features.catalogue.terms import CatalogueTerms, PlanTerms, ServiceTerms, parse_catalogue, parse_plan
from abono.features.operators.operations import FIELDS as OPERATOR_FIELDS
from abono.features.operators.operations import add_operator
from abono.features.operators.queries import UnknownOperator, operators
from abono.interfaces.cli.importing import seller
from abono.interfaces.cli.importing.comparing import (
    plan_differences,
    service_differences,
    stored_plans,
    stored_services,
)
from abono.interfaces.cli.importing.lines import Lines, read_lines
from abono.interfaces.cli.importing.report import Change, Report, tell
from abono.interfaces.cli.yaml import read_yaml
from abono.kernel import fields
from abono.kernel.errors import InvalidValue

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from abono.features.operators.queries import Operator

_sql = statements("abono.interfaces.cli.importing", "catalogue")
_SECTIONS = ("services", "plans", "distributors", "products", "articles")
_LATER = ("distributors", "products", "articles")
_FIRST_OPERATOR = "provider"
_LONGEST_CODE = 60
_LONGEST_UNIT = 40
_PRICE_DECIMALS = 8
_QUANTITY_DECIMALS = 6
_ANYTHING = ServiceTerms(kind="onoff", price=Decimal(0))
"""Stands for a service whose own error is told, so that its plans are judged all the same."""


def import_catalogue(
    path: Path,
    operator_code: str | None,
    *,
    commit: bool,
    write: Callable[[str], None],
    as_json: bool,
    now: datetime | None = None,
) -> int:
    """Judge all of the file, tell what it makes, changes and leaves, and write it if ``commit`` and nothing is wrong.

    Answers the exit code, 0 or 2 (any error: nothing was written). Raises UnknownOperator.
    """
    report = Report(str(path))
    with acting("cli", "import"), transaction.atomic():
        _judge_and_save(path, operator_code, now or datetime.now(UTC), report)
        report.committed = commit and not report.errors
        transaction.set_rollback(not report.committed)
    return tell(report, write, as_json=as_json)


@dataclass
class _Desk:
    """One file on its way into one operator's catalogue."""

    operator: Operator
    prefix: str
    lines: Lines
    report: Report
    now: datetime
    services: dict[str, ServiceTerms] = field(default_factory=dict)
    plans: dict[str, PlanTerms] = field(default_factory=dict)

    def refuse(self, error: InvalidValue) -> None:
        """Tell of an error where it stands."""
        self.report.refuse(self.lines.of(error.field), error)

    def warn(self, path: str, code: str, message: str) -> None:
        """Tell of a warning where it stands."""
        self.report.warn(self.lines.of(path), path, code, message)

    def count(self, kind: str, code: str, change: str) -> None:
        """Count what becomes of a service or a plan."""
        if change == "unchanged":
            self.report.already_there += 1
        else:
            self.report.ready += 1
        line = self.lines.of(f"{self.prefix}{kind}s.{code}")
        self.report.changes.append(Change(line, kind, code, change))


def _judge_and_save(path: Path, operator_code: str | None, now: datetime, report: Report) -> None:
    lines = Lines({})
    try:
        whole = fields.mapping(read_yaml(path), "")
        lines = read_lines(path)
        catalogue, prefix = _catalogue(whole)
        operator = _operator(whole.get("operator"), operator_code, lines, report)
    except InvalidValue as error:
        said = re.fullmatch(r"line ([0-9]+)", error.field)
        report.refuse(int(said[1]) if said else lines.of(error.field), error)
        return
    seller.reserve(operator)
    desk = _Desk(operator, prefix, lines, report, now)
    known = _judge_services(desk, catalogue)
    _judge_plans(desk, catalogue, known)
    for section in _LATER:
        if catalogue.get(section):
            desk.warn(f"{prefix}{section}", "not_imported", "This version does not import the section; it is left out.")
    if not report.errors:
        _save(desk, known)


def _catalogue(whole: Mapping[str, object]) -> tuple[Mapping[str, object], str]:
    """The sections of the catalogue, and the path that leads to them."""
    if "catalogue" not in whole:
        fields.only(whole, ("operator", *_SECTIONS))
        return whole, ""
    fields.only(whole, ("operator", "catalogue"))
    catalogue = fields.mapping(whole["catalogue"], "catalogue")
    fields.only(catalogue, _SECTIONS, "catalogue.")
    return catalogue, "catalogue."


def _operator(described: object, code: str | None, lines: Lines, report: Report) -> Operator:
    """The operator that is there, or the one that the file describes."""
    terms = dict(fields.mapping({} if described is None else described, "operator"))
    fields.only(terms, (*OPERATOR_FIELDS, "name"), "operator.")
    try:
        operator = seller.chosen(code)
    except UnknownOperator:
        if described is None or (code is None and operators()):
            raise
        return _new_operator(terms, code or _FIRST_OPERATOR, lines, report)
    if terms.get("currency", operator.currency) != operator.currency:
        message = f"{operator.code} sells in {operator.currency}; write the prices in it, or name another operator."
        raise InvalidValue("invalid", "operator.currency", message)
    for name, value in terms.items():
        if not _same(getattr(operator, name), value):
            message = f"{operator.code} exists and keeps its own {name}; the file's is left out."
            report.warn(lines.of(f"operator.{name}"), f"operator.{name}", "left_out", message)
    return operator


def _new_operator(terms: dict[str, object], code: str, lines: Lines, report: Report) -> Operator:
    _check_code(code, "operator")
    name = str(terms.pop("name", code))[:200]
    try:
        operator = add_operator(code, name, terms)
    except InvalidValue as error:
        raise InvalidValue(error.code, f"operator.{error.field}", error.message) from None
    report.ready += 1
    report.changes.append(Change(lines.of("operator"), "operator", code, "made"))
    return operator


def _same(stored: object, written: object) -> bool:
    if isinstance(stored, Decimal) and isinstance(written, str):
        return f"{stored.normalize():f}" == f"{Decimal(written).normalize():f}" if _is_number(written) else False
    return stored == written


def _is_number(text: str) -> bool:
    return re.fullmatch(r"[0-9]+(\.[0-9]+)?", text) is not None


def _section(desk: _Desk, catalogue: Mapping[str, object], name: str) -> Mapping[str, object]:
    try:
        found = catalogue.get(name)
        return {} if found is None else fields.mapping(found, f"{desk.prefix}{name}")
    except InvalidValue as error:
        desk.refuse(error)
        return {}


def _judge_services(desk: _Desk, catalogue: Mapping[str, object]) -> dict[str, ServiceTerms]:
    """Judge every service; answers all that plans may use, stored or in the file."""
    stored = stored_services(desk.operator)
    known = dict(stored)
    for code, written in _section(desk, catalogue, "services").items():
        path = f"{desk.prefix}services.{code}"
        try:
            known[code] = _service(desk, code, written, path)
        except InvalidValue as error:
            desk.refuse(error)
            known[code] = stored.get(code, _ANYTHING)
            continue
        differs = service_differences(stored[code], known[code]) if code in stored else None
        desk.count("service", code, "made" if differs is None else "changed" if differs else "unchanged")
        if differs:
            message = f"Changes {', '.join(differs)} for existing subscriptions too, from their next period on."
            desk.warn(path, "service_changes", message)
        if differs is None or differs:
            desk.services[code] = known[code]
    return known


def _service(desk: _Desk, code: str, written: object, path: str) -> ServiceTerms:
    _check_code(code, path)
    terms = parse_catalogue({"services": {code: written}}, desk.operator.currency, desk.prefix).services[code]
    if len(terms.unit) > _LONGEST_UNIT:
        raise InvalidValue("out_of_range", f"{path}.unit", f"Write at most {_LONGEST_UNIT} characters.")
    _check_decimals(terms.price, _PRICE_DECIMALS, f"{path}.price")
    if isinstance(written, dict) and written.get("distributor") is not None:
        desk.warn(f"{path}.distributor", "not_imported", "This version does not import distributors; it is left out.")
    return terms


def _judge_plans(desk: _Desk, catalogue: Mapping[str, object], services: Mapping[str, ServiceTerms]) -> None:
    stored = stored_plans(desk.operator, desk.operator.day(desk.now))
    for code, written in _section(desk, catalogue, "plans").items():
        path = f"{desk.prefix}plans.{code}"
        try:
            terms = _plan(desk, code, written, services, path)
        except InvalidValue as error:
            desk.refuse(error)
            continue
        if not terms.services:
            desk.warn(path, "no_services", "The plan has no services; it is charged and gives nothing.")
        version, sold = stored.get(code, (0, None))
        differs = plan_differences(sold, terms) if sold else None
        desk.count("plan", code, "made" if differs is None else "changed" if differs else "unchanged")
        if differs:
            message = f"Becomes version {version + 1} ({', '.join(differs)}); existing subscriptions keep theirs."
            desk.warn(path, "new_version", message)
        if differs is None or differs:
            desk.plans[code] = terms


def _plan(desk: _Desk, code: str, written: object, services: Mapping[str, ServiceTerms], path: str) -> PlanTerms:
    _check_code(code, path)
    terms = parse_plan(written, desk.operator.currency, services, f"{path}.")
    _check_decimals(terms.price, _PRICE_DECIMALS, f"{path}.price")
    for service, (quantity, _use) in terms.services.items():
        _check_decimals(quantity, _QUANTITY_DECIMALS, f"{path}.services.{service}.quantity")
    return terms


def _check_code(code: object, path: str) -> None:
    if not isinstance(code, str):
        raise InvalidValue("invalid", path, "Put the code in quotes; a code is a text.")
    if not 0 < len(code) <= _LONGEST_CODE or not code.isprintable() or code != code.strip():
        raise InvalidValue("invalid", path, f"Write a code of 1 to {_LONGEST_CODE} visible characters.")


def _check_decimals(value: Decimal | None, most: int, path: str) -> None:
    """Refuse what the database would round."""
    exponent = 0 if value is None else value.normalize().as_tuple().exponent
    if isinstance(exponent, int) and -exponent > most:
        raise InvalidValue("invalid", path, f"Write at most {most} decimals.")


def _save(desk: _Desk, known: Mapping[str, ServiceTerms]) -> None:
    """Save what is new or changed, with the services that the plans to be saved use."""
    before = stored_services(desk.operator)
    used = {code: known[code] for plan in desk.plans.values() for code in plan.services}
    save_catalogue(desk.operator, CatalogueTerms({**used, **desk.services}, desk.plans), now=desk.now)
    for code, service in desk.services.items():
        record(
            "service.save",
            code,
            operator=desk.operator.id,
            at=desk.now,
            before=vars(before[code]) if code in before else None,
            after=vars(service),
        )
    for row in _sql.rows("settled", operator=desk.operator.id, codes=list(desk.services)):
        settle(desk.operator, row["plan_id"], row["quantity"])

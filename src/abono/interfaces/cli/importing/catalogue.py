"""``abono import catalogue``: services and plans from YAML, written as in a story's ``catalogue`` (doors.md §3).

The file holds ``services`` and ``plans``, alone or under ``catalogue:``, and may hold ``operator:`` (``currency,
time_zone, locale, prices_include_tax, tax, tax_reduced, name``), which makes the operator if it does not exist yet: the
one that ``--operator`` names, or ``provider`` where there is none at all; that one needs no section. An operator that
exists is never changed.

What the file makes, changes and leaves is said in ``abono.features.catalogue.merging``.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING

from abono.features.catalogue.merging import SECTIONS, Merge, judge
from abono.features.operators.operations import FIELDS as OPERATOR_FIELDS
from abono.features.operators.operations import LONGEST_NAME, add_operator
from abono.features.operators.queries import UnknownOperator, operators
from abono.interfaces.cli.importing import seller
from abono.interfaces.cli.importing.lines import Lines, read_lines
from abono.interfaces.cli.importing.report import Change, Report, all_or_nothing, moment, tell
from abono.interfaces.cli.yaml import read_yaml
from abono.kernel import fields
from abono.kernel.errors import InvalidValue
from abono.kernel.texts import one_line

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime
    from pathlib import Path

    from abono.features.operators.queries import Operator

_FIRST_OPERATOR, _ITS_NAME = "provider", "Provider"


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
    with all_or_nothing(report, commit=commit):
        _judge_and_save(path, operator_code, moment(now, commit=commit), report)
    return tell(report, write, as_json=as_json)


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
    merge = judge(operator, catalogue, now=now, prefix=prefix)
    _tell_findings(merge, lines, report)
    if not report.errors:
        merge.write()


def _tell_findings(merge: Merge, lines: Lines, report: Report) -> None:
    """Everything that was found, with the line where it stands."""
    for error in merge.errors:
        report.refuse(lines.of(error.field), error)
    for remark in merge.warnings:
        report.warn(lines.of(remark.path), remark.path, remark.code, remark.message)
    for each in merge.changes:
        if each.change == "unchanged":
            report.already_there += 1
        else:
            report.ready += 1
        line = lines.of(f"{merge.prefix}{each.kind}s.{each.code}")
        report.changes.append(Change(line, each.kind, each.code, each.change))


def _catalogue(whole: Mapping[str, object]) -> tuple[Mapping[str, object], str]:
    """The sections of the catalogue, and the path that leads to them."""
    if "catalogue" not in whole:
        fields.only(whole, ("operator", *SECTIONS))
        return whole, ""
    fields.only(whole, ("operator", "catalogue"))
    catalogue = fields.mapping(whole["catalogue"], "catalogue")
    fields.only(catalogue, SECTIONS, "catalogue.")
    return catalogue, "catalogue."


def _operator(described: object, code: str | None, lines: Lines, report: Report) -> Operator:
    """The operator that is there, or the one that the file describes."""
    terms = dict(fields.mapping({} if described is None else described, "operator"))
    fields.only(terms, (*OPERATOR_FIELDS, "name"), "operator.")
    try:
        operator = seller.chosen(code)
    except UnknownOperator:
        if operators() and (described is None or code is None):
            raise
        if described is None:
            if code != _FIRST_OPERATOR:
                raise
            terms["name"] = _ITS_NAME
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
    code = fields.code(code, "operator")
    try:
        operator = add_operator(code, one_line(terms.pop("name", code), "name", LONGEST_NAME, least=1), terms)
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

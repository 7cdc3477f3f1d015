"""``abono import usage``: events of use from a table (``.csv``) or from JSON, one object a line (``.jsonl``).

Columns: ``account`` (the number), ``service``, ``quantity`` (a decimal; seats: a change), and where they are needed
``subscription`` or ``unit``, ``time`` (RFC 3339, or local to the operator), ``key``, ``properties`` (in a table a JSON
object of texts, in JSON lines such an object). The account alone is enough where one of its subscriptions has the
service. A row without a key is refused, because nothing tells it from a repeated one; ``--without-keys`` counts it all
the same, under a key made of the file's content and its line: the very same file counts once, any other twice.

Every row is read and judged before anything is counted; a row that cannot be read refuses the file. With ``--commit``
the events are counted ten thousand at a time, each batch for good; what is refused then is told with its line, and the
others stay counted. A dry run counts the same way and takes it back.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections import Counter
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from django.db import transaction

from abono.base.sql import statements
from abono.base.trail import acting, record
from abono.features.accounts.operations import LONGEST_NUMBER
from abono.features.billing.orders import LONGEST_UNIT
from abono.features.billing.using import SENTENCES, use_many
from abono.features.usage.events import MOST_PROPERTIES, Use, sound_properties
from abono.features.usage.operations import COUNTED, MOST, REPEATED
from abono.interfaces.cli.files import MOST_ROWS, read_file
from abono.interfaces.cli.importing import seller
from abono.interfaces.cli.importing.report import Report, moment
from abono.interfaces.cli.importing.table import Misplaced, Row, read_table
from abono.kernel import fields
from abono.kernel.errors import InvalidValue
from abono.kernel.fields import plausible, plausible_instant
from abono.kernel.money import parse_decimal
from abono.kernel.quotes import parse_record
from abono.kernel.texts import one_line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from decimal import Decimal
    from pathlib import Path
    from uuid import UUID

    from abono.features.operators.queries import Operator

_sql = statements("abono.interfaces.cli.importing", "usage")
COLUMNS = ("account", "subscription", "unit", "service", "quantity", "time", "key", "properties")
_NEEDED = ("account", "service", "quantity")
FINE, PARTLY, REFUSED = 0, 1, 2


@dataclass(frozen=True)
class _Read:
    """A row that can be read: the line, and what it says."""

    line: int
    place: tuple[str, str, str, str]
    quantity: Decimal
    at: datetime | None
    key: str
    properties: Mapping[str, str] | None


def import_usage(
    path: Path,
    operator_code: str | None,
    *,
    commit: bool,
    write: Callable[[str], None],
    as_json: bool,
    without_keys: bool = False,
    now: datetime | None = None,
) -> int:
    """Count the events of a file. Answers 0 (all were counted), 1 (some were refused), 2 (the file was: no event was).

    Raises UnknownOperator, ClockLeapt.
    """
    at = moment(now, commit=commit)
    operator = seller.chosen(operator_code)
    report = Report(str(path))
    uses = _placed(operator, _judged(path, operator, report, without_keys=without_keys), report)
    totals: Counter[str] = Counter()
    if not report.errors:
        with acting("cli", "import"):
            totals = _count(operator, uses, at, report, commit=commit, progress=_progress(as_json=as_json))
        report.ready, report.already_there = totals[COUNTED], totals[REPEATED]
        report.committed = commit
        code = PARTLY if report.errors else FINE
    else:
        code = REFUSED
    _tell(report, code, write, as_json=as_json)
    return code


def _judged(path: Path, operator: Operator, report: Report, *, without_keys: bool) -> list[_Read]:
    found: list[_Read] = []
    try:
        digest = hashlib.sha256(read_file(path, MOST_ROWS)).hexdigest()[:16]
        rows = _objects(path) if path.suffix.lower() == ".jsonl" else read_table(path, COLUMNS, "account").rows
        for row in rows:
            try:
                found.append(_read(row, operator, f"import {digest}:{row.line}" if without_keys else ""))
            except InvalidValue as error:
                report.refuse(row.line, error)
    except InvalidValue as error:
        report.refuse(error.line if isinstance(error, Misplaced) else 0, error)
    return found


def _objects(path: Path) -> Iterator[Row]:
    """The rows of a file of JSON lines; empty lines are passed over."""
    for line, text in enumerate(read_file(path, MOST_ROWS).split(b"\n"), 1):
        if text.strip():
            yield _object(line, text)


def _object(line: int, text: bytes) -> Row:
    try:
        value = parse_record(text)
    except InvalidValue as error:
        return Row(line, {}, error)
    if not isinstance(value, dict):
        return Row(line, {}, InvalidValue("invalid", "", "Write one JSON object a line."))
    for name, each in value.items():
        if name not in COLUMNS:
            return Row(line, {}, InvalidValue("unknown_field", name[:60], f"The fields are {', '.join(COLUMNS)}."))
        if name == "properties" and isinstance(each, dict):
            continue
        if each is not None and not isinstance(each, str):
            return Row(line, {}, InvalidValue("invalid", name, "Write every value as a text, in quotes."))
    cells = {name: json.dumps(each) if name == "properties" else each for name, each in value.items() if each}
    return Row(line, cells)


def _read(row: Row, operator: Operator, made_key: str) -> _Read:
    if row.problem is not None:
        raise row.problem
    cells = row.cells
    for name in _NEEDED:
        if not cells.get(name):
            raise InvalidValue("required", name, f"Give a value for `{name}`.")
    key = cells.get("key") or made_key
    if not key:
        message = "Give each event a key, so that it is counted once; or import the file with --without-keys."
        raise InvalidValue("required", "key", message)
    return _Read(
        line=row.line,
        place=(
            one_line(cells["account"], "account", LONGEST_NUMBER),
            one_line(cells.get("subscription", ""), "subscription", LONGEST_NUMBER),
            one_line(cells.get("unit", ""), "unit", LONGEST_UNIT),
            fields.code(cells["service"], "service"),
        ),
        quantity=parse_decimal(cells["quantity"], "quantity"),
        at=_instant(cells, operator),
        key=key,
        properties=_properties(cells.get("properties", "")),
    )


def _properties(text: str) -> dict[str, str] | None:
    if not text:
        return None
    try:
        found = parse_record(text)
    except InvalidValue:
        found = None
    if not isinstance(found, dict) or not sound_properties(found):
        message = f"Write up to {MOST_PROPERTIES} properties as a JSON object of texts."
        raise InvalidValue("invalid", "properties", message)
    return found


def _instant(cells: Mapping[str, str], operator: Operator) -> datetime | None:
    text = cells.get("time", "")
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
        local = moment.tzinfo is None and plausible(moment.date(), "time")
        return plausible_instant(operator.instant(moment) if local else moment, "time")
    except InvalidValue:
        raise
    except ValueError:
        message = "Write the time as 2026-02-01T12:30:00, local to the operator, or with its offset from UTC."
        raise InvalidValue("invalid", "time", message) from None


def _placed(operator: Operator, rows: Sequence[_Read], report: Report) -> list[tuple[int, Use]]:
    """The events of the rows whose subscription is known, with their lines."""
    places = list(dict.fromkeys(row.place for row in rows))
    found: dict[int, list[tuple[int, UUID]]] = {}
    for hit in _sql.rows(
        "places",
        operator=operator.id,
        numbers=[place[0] for place in places],
        subscriptions=[place[1] for place in places],
        units=[place[2] for place in places],
        services=[place[3] for place in places],
    ):
        found.setdefault(hit["no"] - 1, []).append((hit["account_id"], hit["id"]))
    by_place = {place: found.get(number, []) for number, place in enumerate(places)}
    uses = []
    for row in rows:
        known = by_place[row.place]
        if len(known) == 1:
            uses.append((row.line, Use(*known[0], row.place[3], row.quantity, row.at, row.key, row.properties)))
        elif known:
            message = "Several subscriptions of the account have this service; name the subscription or its unit."
            report.error(row.line, "subscription", "invalid", message)
        else:
            message = "The account has no such subscription with this service; look up its number, unit and services."
            report.error(row.line, "account", "unknown_subscription", message)
    return uses


def _count(
    operator: Operator,
    uses: Sequence[tuple[int, Use]],
    now: datetime,
    report: Report,
    *,
    commit: bool,
    progress: Callable[[int, int], None],
) -> Counter[str]:
    totals: Counter[str] = Counter()
    with nullcontext() if commit else transaction.atomic():
        for first in range(0, len(uses), MOST):
            part = uses[first : first + MOST]
            for (line, _use), outcome in zip(part, use_many([use for _line, use in part], now=now), strict=True):
                totals[outcome] += 1
                if outcome not in {COUNTED, REPEATED}:
                    report.error(line, *_said(outcome))
            progress(min(first + MOST, len(uses)), len(uses))
        if commit:
            record("usage.import", report.file, operator=operator.id, at=now, after=dict(totals))
        else:
            transaction.set_rollback(True)
    return totals


def _said(outcome: str) -> tuple[str, str, str]:
    """Field, code and sentence of a refused event."""
    field, sentence = SENTENCES.get(outcome, ("account", "The account's money does not cover what the use costs."))
    return field, outcome, sentence


def _progress(*, as_json: bool) -> Callable[[int, int], None]:
    """Tell how far it is, where somebody looks on."""
    if as_json or not sys.stderr.isatty():
        return lambda _done, _all: None
    return _show


def _show(done: int, whole: int) -> None:
    sys.stderr.write(f"\r{done:,} of {whole:,}" + ("\n" if done == whole else ""))


def _tell(report: Report, code: int, write: Callable[[str], None], *, as_json: bool) -> None:
    errors = sorted(report.errors, key=lambda remark: remark.line)
    if as_json:
        write(json.dumps(report.as_json(), ensure_ascii=False))
    else:
        write(
            f"{report.file}: {report.ready:,} counted, {report.already_there:,} counted before, {len(errors):,} refused"
        )
        for remark in errors:
            write(f"  error      {remark}")
        write(_end(report, code))
    if errors:
        more = f"; {len(errors) - 1} more" if len(errors) > 1 else ""
        written = "" if report.committed else "; nothing was written"
        sys.stderr.write(f"abono: {report.file}: {errors[0]}{more}{written}\n")


def _end(report: Report, code: int) -> str:
    if code == REFUSED:
        return "Nothing was written; put the errors right and run it again."
    if not report.committed:
        return "A dry run: nothing was written. Run it again with --commit to write."
    return "Written." if code == FINE else "Written, but for what was refused."

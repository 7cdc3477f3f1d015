"""``abono import accounts``: accounts from a table, with an opening balance and, where a plan is named, a subscription.

Columns: ``number`` (required), ``name``, ``currency``, ``credit_limit``, ``balance``, ``locale``, ``opened``
(YYYY-MM-DD), ``plan``, ``quantity``, ``unit``. Where a cell is empty, the account has the operator's currency and
locale, 0, today, no plan, quantity 1. ``balance`` may be a debt. Amounts have a decimal point; a decimal comma is read
where commas do not separate cells; thousands are not grouped. Formulas are text.

The whole file is one transaction. Accounts are written by a few statements; subscriptions are ordinary orders from
today, one by one in the order of the rows, and what refuses an order is an error of its row. A dry run makes the same
orders and takes them back, so it finds the same errors. A row that was imported before with the same content is already
there and is passed over, however the account has changed since; with other content, it is refused.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

from abono.base.refusal import Refusal
from abono.features.accounts.operations import Opening, imported, open_accounts
from abono.features.billing.orders import subscribe
from abono.features.catalogue.queries import plan_codes
from abono.interfaces.cli.importing import seller
from abono.interfaces.cli.importing.cells import COLUMNS, AccountRow, Cells
from abono.interfaces.cli.importing.report import AUTHOR, Report, all_or_nothing, moment, tell
from abono.interfaces.cli.importing.table import Misplaced, read_table
from abono.kernel.errors import InvalidValue
from abono.kernel.texts import spelled

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime
    from pathlib import Path

    from abono.features.operators.queries import Operator

_ROUNDED = re.compile(r"[0-9]([.,][0-9]+)?E\+[0-9]+")
"""What a spreadsheet makes of a long number: 4.00123E+11."""


def import_accounts(
    path: Path,
    operator_code: str | None,
    *,
    commit: bool,
    write: Callable[[str], None],
    as_json: bool,
    now: datetime | None = None,
) -> int:
    """Judge all rows, tell every bad one, and write all accounts if ``commit`` and nothing is wrong.

    Answers the exit code, 0 or 2 (any error: nothing was written). Raises UnknownOperator, ClockLeapt.
    """
    report = Report(str(path))
    at = moment(now, commit=commit)
    with all_or_nothing(report, commit=commit):
        operator = seller.chosen(operator_code)
        seller.reserve(operator)
        rows = _sift(operator, _judge(path, operator, at, report), report)
        _carry_out(operator, rows, at, report, commit=commit)
    return tell(report, write, as_json=as_json)


def _judge(path: Path, operator: Operator, now: datetime, report: Report) -> list[AccountRow]:
    """The rows that are well formed and whose number no other row has."""
    rows: list[AccountRow] = []
    try:
        table = read_table(path, COLUMNS, "number")
    except Misplaced as error:
        report.refuse(error.line, error)
        return rows
    today = operator.day(now)
    lines: dict[str, int] = {}
    for row in table.rows:
        if row.problem is not None:
            report.refuse(row.line, row.problem)
            continue
        cells = Cells(row, table.separator)
        account = cells.account(operator.currency, today)
        for problem in cells.problems:
            report.refuse(row.line, problem)
        number = spelled(row.cells.get("number", ""))
        first = lines.setdefault(number, row.line) if number else row.line
        if first != row.line:
            message = f"The number {number[:40]!r} stands in line {first} already; an account has one row."
            report.refuse(row.line, InvalidValue("invalid", "number", message))
        elif account is not None:
            rows.append(account)
    return rows


def _sift(operator: Operator, rows: Sequence[AccountRow], report: Report) -> list[AccountRow]:
    """The rows that are still to be written; what is there already is counted, and what is in the way is told."""
    before = imported(operator, [row.number for row in rows])
    plans = set(plan_codes(operator.id))
    ready: list[AccountRow] = []
    for row in rows:
        if row.number in before:
            _recognise(row, before[row.number], report)
        elif row.plan and row.plan not in plans:
            message = f"There is no plan {row.plan!r}; choose one of the catalogue."
            report.error(row.line, "plan", "unknown_plan", message)
        else:
            _warn(row, report)
            ready.append(row)
    return ready


def _recognise(row: AccountRow, asked: dict[str, object] | None, report: Report) -> None:
    request = row.request()
    if asked == request:
        report.already_there += 1
    elif asked is None:
        message = f"The number {row.number!r} is taken by an account that no import has made; choose another."
        report.error(row.line, "number", "duplicate_number", message)
    else:
        differs = [name for name in request if asked.get(name) != request[name]]
        message = f"{row.number!r} was imported before with another {', '.join(differs)}; change the account itself."
        report.error(row.line, differs[0] if differs else "number", "key_conflict", message)


def _warn(row: AccountRow, report: Report) -> None:
    if _ROUNDED.fullmatch(row.number):
        message = f"{row.number} looks like a long number that a spreadsheet has rounded; keep the column as text."
        report.warn(row.line, "number", "rounded", message)
    if row.balance + row.credit_limit < 0:
        report.warn(row.line, "balance", "below_limit", "The account begins below its credit limit.")


def _carry_out(operator: Operator, rows: Sequence[AccountRow], now: datetime, report: Report, *, commit: bool) -> None:
    """Open the accounts and place their orders. Where nothing will be kept, only the orders can still go wrong."""
    keeps = commit and not report.errors
    midnight = cache(operator.midnight)
    openings = [
        Opening(
            number=row.number,
            name=row.name,
            currency=row.currency,
            locale=row.locale or operator.locale,
            credit_limit=row.credit_limit,
            balance=row.balance,
            opened_at=now if row.opened is None else midnight(row.opened),
            request=row.request(),
        )
        for row in rows
        if keeps or row.plan
    ]
    accounts = open_accounts(operator, openings, author=AUTHOR, now=now)
    for row in rows:
        if row.plan and not _order(accounts[row.number], row, now, report):
            continue
        report.ready += 1


def _order(account: int, row: AccountRow, now: datetime, report: Report) -> bool:
    try:
        subscribe(account, row.plan, now=now, quantity=row.quantity, unit=row.unit)
    except (Refusal, InvalidValue) as error:
        name = error.field if error.field in COLUMNS else "plan"
        report.error(row.line, name or "plan", error.code, error.message)
        return False
    return True

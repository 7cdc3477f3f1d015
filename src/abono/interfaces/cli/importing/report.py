"""What an import found: what is ready, what is there already, warnings and errors, each with its line."""

from __future__ import annotations

import json
import sys
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from django.db import transaction

from abono.base.clock import require_right_clock
from abono.base.trail import Author, acting

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from abono.kernel.errors import InvalidValue

FINE, REFUSED = 0, 2
AUTHOR = Author("cli", "import")


@dataclass(frozen=True)
class Remark:
    """A warning or an error: ``line`` counts from 1 (0: the file as a whole), ``field`` as it is written there."""

    line: int
    field: str
    code: str
    message: str

    def __str__(self) -> str:
        """Answer ``line 4: balance: Write … (invalid)``."""
        where = [f"line {self.line}"] if self.line else []
        return ": ".join([*where, *([self.field] if self.field else []), f"{_one_line(self.message)} ({self.code})"])


@dataclass(frozen=True)
class Change:
    """What the import makes of one thing: ``made`` or ``changed``; ``unchanged`` things are left alone."""

    line: int
    kind: str
    code: str
    change: str


@dataclass
class Report:
    """The findings of one file; they are complete when the import ends."""

    file: str
    ready: int = 0
    already_there: int = 0
    committed: bool = False
    changes: list[Change] = field(default_factory=list)
    warnings: list[Remark] = field(default_factory=list)
    errors: list[Remark] = field(default_factory=list)

    def refuse(self, line: int, error: InvalidValue) -> None:
        """Add an error that a value gave."""
        self.error(line, error.field, error.code, error.message)

    def error(self, line: int, name: str, code: str, message: str) -> None:
        """Add an error: with one of them, nothing is written."""
        self.errors.append(Remark(line, name, code, message))

    def warn(self, line: int, name: str, code: str, message: str) -> None:
        """Add a warning: it is told and stops nothing."""
        self.warnings.append(Remark(line, name, code, message))

    def as_json(self) -> dict[str, Any]:
        """The answer of ``--json``; remarks in the order of their lines."""
        return {
            "file": self.file,
            "committed": self.committed,
            "ready": self.ready,
            "already_there": self.already_there,
            "changes": [asdict(change) for change in self.changes],
            "warnings": [asdict(remark) for remark in _in_order(self.warnings)],
            "errors": [asdict(remark) for remark in _in_order(self.errors)],
        }


def moment(now: datetime | None, *, commit: bool) -> datetime:
    """When the import happens: now, by this machine's clock, if it may be booked by. Raises ClockLeapt."""
    at = now or datetime.now(UTC)
    if commit and now is None:
        require_right_clock(at)
    return at


@contextmanager
def all_or_nothing(report: Report, *, commit: bool) -> Iterator[None]:
    """Import in one transaction, which stays only if it is wanted and nothing is wrong; the report says which."""
    with acting(AUTHOR.actor, AUTHOR.origin), transaction.atomic():
        yield
        report.committed = commit and not report.errors
        transaction.set_rollback(not report.committed)


def tell(report: Report, write: Callable[[str], None], *, as_json: bool) -> int:
    """Write the report a line at a time, the first error also on standard error; answers the exit code (0 or 2)."""
    if as_json:
        write(json.dumps(report.as_json(), ensure_ascii=False))
    else:
        for line in _lines(report):
            write(line)
    if not report.errors:
        return FINE
    more = len(report.errors) - 1
    others = f"; {more} more {'error' if more == 1 else 'errors'}" if more else ""
    sys.stderr.write(f"abono: {report.file}: {_in_order(report.errors)[0]}{others}; nothing was written\n")
    return REFUSED


def _lines(report: Report) -> list[str]:
    counts = (
        f"{report.ready} ready, {report.already_there} already there, "
        f"{len(report.warnings)} warnings, {len(report.errors)} errors"
    )
    return [
        f"{report.file}: {counts}",
        *(f"  {change.change:<9}  {change.kind} {change.code}" for change in report.changes),
        *(f"  warning    {remark}" for remark in _in_order(report.warnings)),
        *(f"  error      {remark}" for remark in _in_order(report.errors)),
        _end(report),
    ]


def _end(report: Report) -> str:
    if report.committed:
        return "Written."
    if report.errors:
        return "Nothing was written; put the errors right and run it again."
    return "A dry run: nothing was written. Run it again with --commit to write."


def _in_order(remarks: list[Remark]) -> list[Remark]:
    return sorted(remarks, key=lambda remark: remark.line)


def _one_line(text: str) -> str:
    return " ".join(text.split())

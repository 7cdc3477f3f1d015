"""``abono audit``: proves the books and lists what is broken."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

from abono.features.billing.audit import PROMISES, Example, Finding, Proved, audit, proved

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_EXAMPLES = 10


def run_audit(write: Callable[[str], None], *, as_json: bool) -> int:
    """Prove every promise and report it; answers the exit code: 0 all hold, 1 some are broken.

    JSON is one line: ``{"holds", "proved": {…}, "promises": {name: sentence}, "findings": [{promise, …}]}``.
    """
    findings = {finding.promise: finding for finding in audit(_EXAMPLES)}
    size = proved()
    if as_json:
        write(json.dumps(_as_json(findings, size), ensure_ascii=False))
    else:
        _tell(findings, size, write)
    return 1 if findings else 0


def _as_json(findings: Mapping[str, Finding], size: Proved) -> dict[str, object]:
    return {
        "holds": not findings,
        "proved": asdict(size),
        "promises": dict(PROMISES),
        "findings": [asdict(finding) for finding in findings.values()],
    }


def _tell(findings: Mapping[str, Finding], size: Proved, write: Callable[[str], None]) -> None:
    for promise, sentence in PROMISES.items():
        finding = findings.get(promise)
        write(f"{'holds' if finding is None else f'BROKEN {finding.count:,}':<10}  {promise:<10} {sentence}")
        if finding is not None:
            for example in finding.examples:
                write(f"{'':<10}  {_line(example)}")
            if finding.count > len(finding.examples):
                write(f"{'':<10}  … and {finding.count - len(finding.examples):,} more")
    write(
        f"{size.accounts:,} accounts, {size.entries:,} entries, {size.subscriptions:,} subscriptions, "
        f"{size.charges:,} charges, {size.events:,} events: "
        + ("the books are proved." if not findings else f"{len(findings)} of {len(PROMISES)} promises are broken.")
    )


def _line(example: Example) -> str:
    where = "" if example.account is None else f"account {example.account}: "
    return f"{where}{example.subject}: {example.found}"

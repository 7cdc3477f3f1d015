"""How the embedded database says that it cannot work."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from abono.base.postgres import PostgresError

if TYPE_CHECKING:
    from pathlib import Path


class EmbeddedPostgresError(PostgresError):
    """The embedded database cannot be used: a stable ``code`` and one sentence that says what to do."""


def failed_command(
    deed: str, said: str, *, log: Path | None = None, code: str = "start_failed"
) -> EmbeddedPostgresError:
    """The error for a program of PostgreSQL's that failed: names the telling line and the log."""
    line = telling_line(said) or "it gave no reason"
    where = f" The log is {log}." if log else ""
    if "No space left on device" in said or "Disk quota exceeded" in said:
        return EmbeddedPostgresError("disk_full", f"{deed} failed, the disk is full: {line}.{where}")
    return EmbeddedPostgresError(code, f"{deed} failed: {line}.{where}")


def telling_line(said: str) -> str:
    """The last line that tells why: hints, questions and the farewell of a server follow the cause."""
    lines = [line.strip() for line in said.splitlines() if line.strip() and not line.endswith("?")]
    causes = [line for line in lines if re.search(r"(?i)\b(fatal|panic|error):", line)]
    return (causes or lines or [""])[-1].rstrip(".")

"""What billing has done, told to operators' programs by the transaction that did it."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import NAMESPACE_OID, uuid5

from abono.base.sql import statements
from abono.features.webhooks.operations import deliver_soon, tell
from abono.features.webhooks.queries import Ears, ears_of

if TYPE_CHECKING:
    from datetime import datetime

    from abono.features.billing.engine import Scope

_sql = statements("abono.features.billing", "announcing")


def announce(scope: Scope, ears: Ears, now: datetime) -> None:
    """Tell of what this transaction wrote for the accounts it has claimed: changes of state and terms, and entries.

    ``ears`` were asked before anything was written.
    """
    if ears.endpoints and _sql.run(
        "announce",
        first=scope.first,
        last=scope.last,
        claim=scope.claim,
        mark=ears.mark,
        endpoints=list(ears.endpoints),
        today=scope.operator.day(now),
        now=now,
    ):
        deliver_soon()


def announce_run(run: int, now: datetime) -> None:
    """Tell every operator that a run did work for how it ended."""
    for row in _sql.rows("run_by_operator", run=run):
        kind = "run.failed" if row["failed"] else "run.finished"
        tell(
            ears_of(row["operator_id"]),
            kind,
            uuid5(NAMESPACE_OID, f"abono:run:{run}:{row['operator_id']}"),
            {"run": run, "accounts": row["accounts"], "slices": row["slices"], "failed": row["failed"]},
            operator=row["operator_id"],
            now=now,
        )

"""What an operator is rid of when it moves: keys and invitations of those who have no place above it any more."""

from __future__ import annotations

from typing import TYPE_CHECKING

from abono.base.sql import statements
from abono.base.trail import record

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

_keys = statements("abono.features.access", "access")
_invitations = statements("abono.features.access", "invitations")


def end_foreign_access(operators: Collection[int], *, now: datetime) -> tuple[list[str], list[str]]:
    """End the keys and invitations at operators whose makers have no place at them or above; answers their names.

    Runs in the caller's transaction.
    """
    ended = []
    for sql, statement, action in (
        (_keys, "revoke_foreign_keys", "key.revoke"),
        (_invitations, "revoke_foreign_invitations", "person.uninvite"),
    ):
        rows = sql.rows(statement, operators=list(operators), now=now)
        for row in rows:
            record(action, row["name"], operator=row["operator_id"], at=now)
        ended.append(sorted(row["name"] for row in rows))
    return ended[0], ended[1]

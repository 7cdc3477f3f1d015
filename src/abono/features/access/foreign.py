"""What ends with the place of whoever made it: keys and invitations when an operator moves, and moves that wait."""

from __future__ import annotations

from typing import TYPE_CHECKING

from abono.base.sql import statements
from abono.base.trail import record
from abono.features.access.rights import roles_with
from abono.features.operators import moves, tree

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

_keys = statements("abono.features.access", "access")
_invitations = statements("abono.features.access", "invitations")
_TO_MOVE = frozenset({"operator.change"})


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


def withdraw_foreign_moves(*, now: datetime) -> list[str]:
    """Withdraw the moves that wait and whose makers may not move operators from there to there any more.

    They are judged by the tree, the roles and the keys of now; answers them in words. Runs in the caller's transaction.
    """
    if not moves.any_waiting():
        return []
    tree.lock_tree()
    rows = _keys.rows("foreign_moves", rights=list(_TO_MOVE), roles=roles_with(_TO_MOVE), now=now)
    return moves.withdraw_moves([row["id"] for row in rows], now=now)

"""What ends with the place of whoever made it: access to an operator that moves, and moves that wait."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from abono.base.sql import statements
from abono.base.trail import record
from abono.features.access.rights import roles_with
from abono.features.operators import moves, tree

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from abono.base.sql import Statements

_keys = statements("abono.features.access", "access")
_invitations = statements("abono.features.access", "invitations")
_TO_MOVE = frozenset({"operator.change"})


@dataclass(frozen=True)
class Ended:
    """Whose access ended: people and invitations by e-mail address, keys by name; ``staying``: who could go on."""

    people: list[str]
    staying: list[str]
    keys: list[str]
    invitations: list[str]


def end_foreign_access(operators: Collection[int], before: int, *, now: datetime) -> Ended:
    """End the keys and invitations at operators whose makers have no place at them or above them any more.

    So do the memberships of people of ``before``, the old parent, whom such a one let in; others whom such a one let in
    are the operators' own and stay. Runs in the caller's transaction.
    """
    people = set[str]()
    while rows := _keys.rows("end_foreign_memberships", operators=list(operators), before=before, now=now):
        for row in rows:  # whom they let in themselves is looked at next
            told = {"kind": row["kind"], "role": row["role"]}
            record("person.leave", str(row["user_id"]), operator=row["operator_id"], at=now, before=told)
            people.add(row["name"])
    staying = [row["name"] for row in _keys.rows("foreign_memberships", operators=list(operators))]
    return Ended(
        sorted(people),
        staying,
        _ended(_keys, "revoke_foreign_keys", "key.revoke", operators, now),
        _ended(_invitations, "revoke_foreign_invitations", "person.uninvite", operators, now),
    )


def _ended(sql: Statements, statement: str, action: str, operators: Collection[int], now: datetime) -> list[str]:
    rows = sql.rows(statement, operators=list(operators), now=now)
    for row in rows:
        record(action, row["name"], operator=row["operator_id"], at=now)
    return sorted(row["name"] for row in rows)


def withdraw_foreign_moves(*, now: datetime) -> list[str]:
    """Withdraw the moves that wait and whose makers may not move operators from there to there any more.

    They are judged by the tree, the roles and the keys of now; answers them in words. Runs in the caller's transaction.
    """
    if not moves.any_waiting():
        return []
    tree.lock_tree()
    rows = _keys.rows("foreign_moves", rights=list(_TO_MOVE), roles=roles_with(_TO_MOVE), now=now)
    return moves.withdraw_moves([row["id"] for row in rows], now=now)

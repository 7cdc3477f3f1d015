"""An endpoint is told only while whoever answers for it may see what it is told, and change endpoints."""

from __future__ import annotations

from typing import TYPE_CHECKING

from abono.base.sql import statements
from abono.base.trail import record
from abono.features.access.rights import roles_with
from abono.features.webhooks.types import NEEDED, TYPES, rights_to_hear

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

_sql = statements("abono.features.webhooks", "webhooks")


def switch_off_foreign(
    operators: Collection[int] | None = None, *, endpoint: int | None = None, now: datetime
) -> list[str]:
    """Switch off the endpoints, of some operators or one of them, whose makers may not hear any more what they hear.

    A user is judged by the roles of now, a key by its whole line; answers the addresses. Runs in the caller's
    transaction.
    """
    rows = _sql.rows(
        "switch_off_foreign",
        operators=None if operators is None else list(operators),
        endpoint=endpoint,
        types=list(NEEDED),
        needed=list(NEEDED.values()),
        roles=roles_with(rights_to_hear(TYPES)),
        now=now,
    )
    for row in rows:
        record("webhook.switch", str(row["id"]), operator=row["operator_id"], at=now, after={"enabled": False})
    return sorted(row["url"] for row in rows)

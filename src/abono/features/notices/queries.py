"""Questions about notices."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from abono.base.paging import Page, after, checked, page_of
from abono.base.sql import statements

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date, datetime

_sql = statements("abono.features.notices", "notices")
_LIMIT = 50


@dataclass(frozen=True)
class NoticeRow:
    """Something that a subscriber was told on a civil day; ``payload`` is what its sentence is made of."""

    id: UUID
    kind: str
    sent_on: date
    made_at: datetime
    subscription_id: UUID | None
    payload: Mapping[str, Any]


def notices_of_account(account: int, *, cursor: str | None = None, limit: int = _LIMIT) -> Page[NoticeRow]:
    """The notices of an account, the newest first. Raises InvalidRequest for a damaged cursor."""
    (before,) = after(cursor, UUID) or (None,)
    rows = _sql.rows("of_account", account=account, before=before, most=checked(limit) + 1)
    notices = [NoticeRow(**{**row, "payload": json.loads(row["payload"])}) for row in rows]
    return page_of(notices, limit, lambda notice: (notice.id,))

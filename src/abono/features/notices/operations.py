"""Writes of notices: rows that say what to tell, in no language yet."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from abono.base.sql import statements

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date, datetime
    from uuid import UUID

_sql = statements("abono.features.notices", "notices")


def tell_account(
    account: int,
    operator: int,
    kind: str,
    *,
    day: date,
    now: datetime,
    subscription: UUID | None = None,
    payload: Mapping[str, object] | None = None,
) -> None:
    """One notice for an account, dated the civil day of sending."""
    _sql.run(
        "add",
        account=account,
        operator=operator,
        subscription=subscription,
        kind=kind,
        day=day,
        now=now,
        payload=json.dumps(dict(payload or {}), default=str),
    )

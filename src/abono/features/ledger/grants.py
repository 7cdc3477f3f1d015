"""Questions about credit for a time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from abono.base.sql import statements

if TYPE_CHECKING:
    from datetime import datetime

_sql = statements("abono.features.ledger", "grants")


@dataclass(frozen=True)
class RunningGrant:
    """A grant that counts now; ``remaining`` of ``amount`` is not repaid yet. Minor units."""

    amount: int
    remaining: int
    starts_at: datetime
    ends_at: datetime
    reason: str


def running_grants(account: int, now: datetime) -> list[RunningGrant]:
    """The grants of an account that count at an instant, the first to end first."""
    return [RunningGrant(**row) for row in _sql.rows("running", account=account, now=now)]

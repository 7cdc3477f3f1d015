"""What accounts were charged, month by month."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from abono.base.sql import statements

if TYPE_CHECKING:
    from datetime import date

_sql = statements("abono.features.billing", "months")
_MOST = 24


@dataclass(frozen=True)
class Month:
    """What was charged less what was given back in a month of booking (its first day); minor units."""

    month: date
    amount: int
    charges: int


def charges_by_month(account: int, *, most: int = _MOST) -> list[Month]:
    """The months in which an account was charged for subscriptions, the newest first."""
    return [Month(**row) for row in _sql.rows("of_account", account=account, most=most)]

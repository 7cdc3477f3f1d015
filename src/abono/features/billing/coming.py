"""What comes to one account: its charges of the next days, played by the engine on a copy, in one pass."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from abono.base.sql import statements
from abono.features.billing.engine import turn_clock
from abono.features.billing.look_ahead import assume_money
from abono.features.billing.shadow import shadow

if TYPE_CHECKING:
    from datetime import date, datetime
    from uuid import UUID

    from abono.features.operators.queries import Operator

_shadow = statements("abono.features.billing", "shadow")
DAYS = 30


@dataclass(frozen=True)
class ComingCharge:
    """A charge that will be due on a civil day, and the half-open days it is for; minor units."""

    on: date
    subscription_id: UUID
    starts_on: date
    ends_on: date
    amount: int
    kind: str


@dataclass(frozen=True)
class Coming:
    """The charges until a day, what they come to, and by how much the account's money falls short of them."""

    until: date
    charges: list[ComingCharge]
    due: int
    short_by: int


def coming(operator: Operator, account: int, now: datetime, days: int = DAYS) -> Coming:
    """What will be due from an account within so many civil days, whether or not its money suffices."""
    until = operator.later(now, days)
    with shadow(operator, [account], now) as copies:
        assume_money(copies, [account], now)
        turn_clock(copies, until, look=None, lenient=True)
        charges = _shadow.rows("charges")
        (sums,) = _shadow.rows("amounts", zone=operator.time_zone)
    found = [
        ComingCharge(
            row["booked_on"], row["subscription_id"], row["starts_on"], row["ends_on"], row["amount"], row["kind"]
        )
        for row in charges
    ]
    return Coming(operator.day(until), found, sums["due"], sums["short_by"])

"""What will be charged, and who will not be able to pay, without writing anything.

The engine itself is asked, on copies of some accounts at a time (see shadow), so that a forecast is what the roll-over
will do if nothing happens in between.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from abono.base.sql import statements
from abono.features.billing.engine import turn_clock
from abono.features.billing.look_ahead import look
from abono.features.billing.shadow import shadow

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime

    from abono.features.operators.queries import Operator

_sql = statements("abono.features.billing", "forecast")
_shadow = statements("abono.features.billing", "shadow")

SLICE = 2_000


class OutOfTime(Exception):  # noqa: N818 -- told to whoever asked for it, not an error
    """A forecast took longer than it may."""


@dataclass
class Forecast:
    """The charges that will be made and the subscriptions that will stop or return, in time order; minor units."""

    operator: str
    currency: str
    charges: list[dict[str, Any]] = field(default_factory=list)
    outcomes: list[dict[str, Any]] = field(default_factory=list)

    @property
    def charged(self) -> int:
        """The sum of all charges."""
        return sum(row["amount"] for row in self.charges)


def forecast(
    operator: Operator,
    now: datetime,
    days: int,
    *,
    size: int = SLICE,
    seconds: float = math.inf,  # float: seconds of work
    tell: Callable[[int, int], None] = lambda _done, _all: None,
) -> Forecast:
    """What an operator's accounts will be charged within so many civil days. ``tell`` hears accounts done and all.

    Raises OutOfTime when ``seconds`` are over, at the next instant that is played.
    """
    ends = time.monotonic() + seconds

    def in_time() -> None:
        if time.monotonic() > ends:
            raise OutOfTime

    until = operator.later(now, days)
    due = [row["account_id"] for row in _sql.rows("due", operator=operator.id, until=until)]
    found = Forecast(operator.code, operator.currency)
    done = 0
    for accounts in _parts(due, size):
        with shadow(operator, accounts, now) as copies:
            turn_clock(copies, until, look=look, before_each=in_time)
            found.charges += _shadow.rows("charges")
            found.outcomes += _shadow.rows("outcomes")
        done += len(accounts)
        tell(done, len(due))
    found.charges.sort(key=lambda row: (row["booked_on"], row["account_id"]))
    found.outcomes.sort(key=lambda row: (row["day"], row["account_id"]))
    return found


def accounts_due(operator: Operator, now: datetime, days: int) -> int:
    """How many accounts a forecast of so many civil days plays through."""
    return int(_sql.row("how_many_due", operator=operator.id, until=operator.later(now, days))["accounts"])


def account_numbers(accounts: Sequence[int]) -> dict[int, str]:
    """The human numbers of accounts."""
    return {row["account_id"]: row["number"] for row in _sql.rows("numbers", accounts=list(accounts))}


def _parts(accounts: Sequence[int], size: int) -> Iterator[Sequence[int]]:
    for start in range(0, len(accounts), size):
        yield accounts[start : start + size]

"""How much a key may ask, and all keys of an operator: so many calls a second, and as many at once after a rest."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.conf import settings

from abono.base.refusal import Refusal
from abono.base.sql import statements

if TYPE_CHECKING:
    from datetime import datetime

_sql = statements("abono.interfaces.api", "limits")
_SECOND = timedelta(seconds=1)


class TooManyRequests(Refusal):
    """The key has asked too much; it may ask again in a moment."""

    code = "too_many_requests"


@dataclass(frozen=True)
class Allowance:
    """What is left to a key after a call: calls at once, and seconds until it has all of them again."""

    limit: int
    left: int
    seconds: int

    @property
    def headers(self) -> dict[str, str]:
        """As ``draft-ietf-httpapi-ratelimit-headers`` writes it."""
        return {
            "RateLimit-Policy": f'"key";q={self.limit};w=1',
            "RateLimit": f'"key";r={max(self.left, 0)};t={self.seconds}',
            **({"Retry-After": str(self.seconds)} if self.left < 0 else {}),
        }


def take(key: int, operator: int, now: datetime) -> Allowance:
    """One call of a key, and of what all keys of its operator may ask together; what is left to the key.

    ``left`` is -1 where there was none to take; what a key is refused for costs its operator nothing.
    """
    limit = int(settings.API_CALLS_A_SECOND)
    step = _SECOND / limit
    taken = _take(key, operator, now, step)
    if taken["shared"] is None and _sql.run("drop_wrong", owners=[key, -operator], now=now):
        taken = _take(key, operator, now, step)
    passed = taken["shared"] is not None
    empty = -operator if taken["own"] is not None else key
    full_at: datetime = taken["own"] if passed else _sql.row("state", owner=empty)["full_at"]
    missing = max(full_at - now, timedelta())
    left = (_SECOND - missing) // step if passed else -1
    return Allowance(limit, max(left, -1), max(-(-missing // _SECOND), 1))


def _take(key: int, operator: int, now: datetime, step: timedelta) -> dict[str, Any]:
    operator_step = _SECOND / int(settings.API_OPERATOR_CALLS_A_SECOND)
    return _sql.row(
        "take", key=key, key_step=step, operator=-operator, operator_step=operator_step, now=now, depth=_SECOND
    )

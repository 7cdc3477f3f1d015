"""Questions about operators."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from abono.base.refusal import Refusal
from abono.base.sql import statements

if TYPE_CHECKING:
    from decimal import Decimal

_sql = statements("abono.features.operators", "operators")


class UnknownOperator(Refusal):
    """There is no operator with this code."""

    code = "unknown_operator"


@dataclass(frozen=True)
class Operator:
    """Who sells: currency, civil time and taxes (rates in percent)."""

    id: int
    code: str
    name: str
    currency: str
    time_zone: str
    locale: str
    prices_include_tax: bool
    tax: Decimal
    tax_reduced: Decimal

    def day(self, instant: datetime) -> date:
        """The civil day of an instant in the operator's zone."""
        return instant.astimezone(ZoneInfo(self.time_zone)).date()

    def midnight(self, day: date) -> datetime:
        """The instant (UTC) at which a civil day begins."""
        return self.instant(datetime(day.year, day.month, day.day))  # noqa: DTZ001 -- made aware at once

    def instant(self, local: datetime) -> datetime:
        """The instant (UTC) of a naive local time; of two, the first; one that clocks jump over is counted on."""
        return local.replace(tzinfo=ZoneInfo(self.time_zone)).astimezone(UTC)

    def later(self, instant: datetime, days: int) -> datetime:
        """The same local time so many civil days later."""
        local = instant.astimezone(ZoneInfo(self.time_zone)).replace(tzinfo=None)
        return self.instant(local + timedelta(days=days))


def operator_by_code(code: str) -> Operator:
    """The operator with a code. Raises UnknownOperator."""
    found = _sql.rows("by_code", code=code) if code.isprintable() else []
    if not found:
        message = f"There is no operator {code!r}."
        raise UnknownOperator(message, field="operator")
    return Operator(**found[0])


def operator_by_id(operator: int) -> Operator:
    """The operator with an id that is known to exist."""
    return Operator(**_sql.row("by_id", id=operator))


def operators() -> list[Operator]:
    """All operators, the oldest first."""
    return [Operator(**row) for row in _sql.rows("all")]


def topmost_below_provider(operator: int) -> int:
    """The operator directly below the provider under which one stands, maybe itself; the provider for the provider."""
    found = _sql.rows("topmost_below_provider", id=operator)
    return int(found[0]["id"]) if found else operator


def subtree(operator: int) -> list[int]:
    """The ids of an operator and all below it, itself first; empty if there is no such operator."""
    return [row["id"] for row in _sql.rows("subtree", id=operator)]

"""How many subscriptions a plan has."""

from __future__ import annotations

from dataclasses import dataclass

from abono.base.sql import statements

_sql = statements("abono.features.subscriptions", "counts")


@dataclass(frozen=True)
class PlanCounts:
    """Subscriptions of all versions of a plan by state; ended ones are not counted."""

    pending: int
    trial: int
    active: int
    suspended: int

    @property
    def going(self) -> int:
        """All that have not ended."""
        return self.pending + self.trial + self.active + self.suspended


def counts_of_plan(operator: int, code: str) -> PlanCounts:
    """How many subscriptions have a plan of an operator."""
    return PlanCounts(**_sql.row("of_plan", operator=operator, code=code))


def counts_by_version(operator: int, code: str) -> dict[int, int]:
    """How many subscriptions that have not ended have each version of a plan, by its number."""
    return {row["version"]: row["going"] for row in _sql.rows("by_version", operator=operator, code=code)}

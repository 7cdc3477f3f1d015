"""Questions about accounts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from abono.base.sql import statements
from abono.features.ledger.operations import UnknownAccount

if TYPE_CHECKING:
    from collections.abc import Iterable

_sql = statements("abono.features.accounts", "accounts")


def account_by_number(operator: int, number: str) -> int:
    """The id of a seller's account. Raises UnknownAccount."""
    found = _sql.rows("by_number", operator=operator, number=number)
    if not found:
        message = f"There is no account {number!r}; look the number up first."
        raise UnknownAccount(message, field="account")
    return int(found[0]["account_id"])


def taken_numbers(operator: int, numbers: Iterable[str]) -> set[str]:
    """Which of these numbers the seller has given already."""
    return {row["number"] for row in _sql.rows("taken", operator=operator, numbers=list(numbers))}

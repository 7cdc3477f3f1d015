"""Writes on accounts as people know them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from abono.base.refusal import Refusal
from abono.base.sql import statements
from abono.base.trail import record
from abono.features.ledger import operations as ledger

if TYPE_CHECKING:
    from datetime import datetime

    from abono.features.operators.queries import Operator

_sql = statements("abono.features.accounts", "accounts")


class DuplicateNumber(Refusal):
    """The seller has an account with this number."""

    code = "duplicate_number"


def open_account(  # noqa: PLR0913 -- what an account is opened with
    operator: Operator,
    number: str,
    *,
    now: datetime,
    credit_limit: int = 0,
    name: str = "",
    currency: str | None = None,
) -> int:
    """A new account of a seller with an empty balance; answers its id. Raises DuplicateNumber.

    ``credit_limit`` in minor units >= 0. Runs in the caller's transaction.
    """
    account = ledger.open_account(operator.id, currency or operator.currency, credit_limit)
    if not _sql.run("take_number", operator=operator.id, number=number, account=account):
        message = f"{operator.code} has an account {number!r} already; choose another number."
        raise DuplicateNumber(message, field="number")
    _sql.run(
        "add_profile",
        account=account,
        operator=operator.id,
        number=number,
        name=name,
        locale=operator.locale,
        now=now,
    )
    record("account.open", number, operator=operator.id, account=account, at=now, after={"limit": credit_limit})
    return account

"""Reaching an account for a call: through its access door, as of the instant of the call."""

from __future__ import annotations

from typing import TYPE_CHECKING

from abono.features.accounts.access import find_account

if TYPE_CHECKING:
    from abono.features.accounts.queries import AccountRow
    from abono.interfaces.api.calls import Call


def reach(call: Call, account: int, right: str) -> AccountRow:
    """An account that the caller may reach, for what ``right`` allows. Raises Forbidden, NotFound."""
    return find_account(call.person, account, now=call.now, right=right)

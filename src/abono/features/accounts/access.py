"""The doors' only way to an account for a given person."""

from __future__ import annotations

from typing import TYPE_CHECKING

from abono.base.paging import plain
from abono.base.sql import statements
from abono.features.access.people import NotFound
from abono.features.accounts.queries import AccountRow

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from abono.features.access.people import Person

_lists = statements("abono.features.accounts", "lists")
_BIGINT = 2**63


def find_account(person: Person, account_id: int, *, now: datetime, right: str = "account.view") -> AccountRow:
    """An account that the person may see, for what ``right`` allows. Raises Forbidden, NotFound."""
    person.require(right)
    return _one(person, now, account=account_id if 0 < account_id < _BIGINT else 0)


def find_number(person: Person, number: str, *, now: datetime, right: str = "account.view") -> AccountRow:
    """An account by its exact number; of several in the subtree the one of the own operator first.

    Raises Forbidden, NotFound.
    """
    person.require(right)
    return _one(person, now, number=plain(number))


def reachable(person: Person, accounts: Collection[int]) -> frozenset[int]:
    """Those of some accounts that the person may see."""
    known = {account for account in accounts if 0 < account < _BIGINT}
    wanted = "\n".join(map(str, known))
    return frozenset(_lists.row("reachable", wanted=wanted, **person.scope)["accounts"])


def _one(person: Person, now: datetime, *, account: int | None = None, number: str | None = None) -> AccountRow:
    found = _lists.rows("one", account=account, number=number, now=now, first=person.operator, **person.scope)
    if not found:
        message = "There is no such account; look it up in the list."
        raise NotFound(message, field="account")
    return AccountRow.of(found[0])

"""Questions about accounts. Amounts are minor units."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from abono.base.paging import LAST, Page, after, checked, page_of, plain
from abono.base.refusal import InvalidRequest
from abono.base.sql import statements
from abono.features.accounts.words import words_of
from abono.features.ledger.operations import UnknownAccount
from abono.kernel.texts import spelled

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from abono.features.access.people import Person

_sql = statements("abono.features.accounts", "accounts")
_lists = statements("abono.features.accounts", "lists")
STATES = ("", "suspended", "negative")
"""By what a list of accounts can be narrowed: a suspended subscription, a balance below 0."""


@dataclass(frozen=True)
class AccountRow:
    """An account as lists and pages show it.

    ``granted`` is what is left of the grants active now, ``active`` and ``suspended`` count its subscriptions (a trial
    is active). ``manager_id`` and ``agent_id`` are the memberships it was given to.
    """

    account_id: int
    operator_id: int
    number: str
    name: str
    locale: str
    currency: str
    balance: int
    credit_limit: int
    held: int
    granted: int
    available: int
    active: int
    suspended: int
    opened_at: datetime
    manager_id: int | None
    agent_id: int | None

    @classmethod
    def of(cls, row: dict[str, Any]) -> AccountRow:
        """The account of a row that may have more columns."""
        return cls(**{name: row[name] for name in cls.__dataclass_fields__})


def account_by_number(operator: int, number: str) -> int:
    """The id of a seller's account. Raises UnknownAccount."""
    found = _sql.rows("by_number", operator=operator, number=spelled(number))
    if not found:
        message = f"There is no account {number!r}; look the number up first."
        raise UnknownAccount(message, field="account")
    return int(found[0]["account_id"])


@dataclass(frozen=True)
class Label:
    """What an account is called, and the currency of its amounts."""

    number: str
    currency: str


def labels_of(accounts: Iterable[int]) -> dict[int, Label]:
    """What accounts are called; the caller has found out that they may be seen."""
    rows = _sql.rows("labels", accounts=sorted(accounts))
    return {row["account_id"]: Label(row["number"], row["currency"]) for row in rows}


def taken_numbers(operator: int, numbers: Iterable[str]) -> set[str]:
    """Which of these numbers the seller has given already."""
    return {row["number"] for row in _sql.rows("taken", operator=operator, numbers=list(numbers))}


def list_accounts(
    person: Person,
    *,
    now: datetime,
    search: str = "",
    operator: int | None = None,
    state: str = "",
    after: str | None = None,
    limit: int = 50,
) -> Page[AccountRow]:
    """The accounts that a person may see, a page of them; of one ``operator`` of the subtree if given.

    By operator and number; narrowed to a ``state`` in the order of opening. ``search``: the number, a word of the name
    or a unit begins with it (further words must begin words of the name too), the best kind of match first.
    Raises Forbidden, NotFound (the operator), InvalidRequest (state, limit, cursor).
    """
    person.require("account.view")
    if operator is not None:
        person.require_operator(operator)
    if state not in STATES:
        message = "Choose all accounts, those with something suspended, or those in debt."
        raise InvalidRequest(message, field="state")
    sought = plain(search)
    asked = {**person.scope, "now": now, "state": state, "most": checked(limit) + 1}
    if operator is not None:
        asked["operators"] = [operator]
    if person.sees_all_accounts:
        rows = _found(asked, sought, after) if sought else _browsed(asked, after)
    else:
        rows = _owned(asked, sought, after)
    page = page_of(rows, limit, lambda row: (row["source"], row["operator_id"], row["text"], row["account_id"]))
    return Page([AccountRow.of(row) for row in page.items], page.next)


_FIRST = (0, 0, "", 0)


def _place(cursor: str | None) -> tuple[int, int, str, int]:
    """Where a list goes on: the source of the match, the operator, the text that is sorted by, the account."""
    place = after(cursor, int, int, str, int)
    return _FIRST if place is None else (place[0], place[1], place[2], place[3])


def _browsed(asked: dict[str, Any], cursor: str | None) -> list[dict[str, Any]]:
    _source, operator, text, account = _place(cursor)
    return _lists.rows("browse", operator=operator, text=text, account=account, **_wide(asked))


def _found(asked: dict[str, Any], sought: str, cursor: str | None) -> list[dict[str, Any]]:
    """Each source of matches begins where the page before left off, or is over."""
    place = _place(cursor)
    words = sorted(words_of(sought), key=len, reverse=True)
    bounds: dict[str, Any] = {}
    for source, name in enumerate(("number", "word", "unit")):
        _source, operator, text, account = place if place[0] == source else _FIRST
        bounds |= {f"{name}_operator": operator, f"{name}_text": text, f"{name}_account": account}
    return _lists.rows(
        "search",
        sought=sought,
        word=words[0] if words else "",
        words=words,
        last=LAST,
        numbers=place[0] <= 0,
        names=place[0] <= 1 and bool(words),
        units=True,
        **bounds,
        **_wide(asked),
    )


def _owned(asked: dict[str, Any], sought: str, cursor: str | None) -> list[dict[str, Any]]:
    _source, operator, text, account = _place(cursor)
    return _lists.rows(
        "own", operator=operator, text=text, account=account, sought=sought, words=words_of(sought), last=LAST, **asked
    )


def _wide(asked: dict[str, Any]) -> dict[str, Any]:
    return {name: asked[name] for name in ("operators", "now", "state", "most")}

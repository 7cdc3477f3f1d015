"""Writes on accounts as people know them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar
from uuid import NAMESPACE_OID, uuid5

from django.db import transaction

from abono.base.refusal import Refusal
from abono.base.sql import statements
from abono.base.texts import label, one_line
from abono.base.trail import record
from abono.features.accounts.words import words_of
from abono.features.ledger import operations as ledger
from abono.features.operators.tree import keep_currency
from abono.features.webhooks.operations import tell
from abono.features.webhooks.queries import ears_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from abono.base.trail import Author
    from abono.features.operators.queries import Operator

_sql = statements("abono.features.accounts", "accounts")
_T = TypeVar("_T")
LONGEST_NUMBER = 40
LONGEST_NAME = 200


class DuplicateNumber(Refusal):
    """The seller has an account with this number."""

    code = "duplicate_number"


@transaction.atomic
def open_account(  # noqa: PLR0913 -- what an account begins with
    operator: Operator,
    number: str | None,
    *,
    now: datetime,
    credit_limit: int = 0,
    name: str = "",
    currency: str | None = None,
    locale: str = "",
    manager: int | None = None,
    agent: int | None = None,
) -> int:
    """A new account of a seller with an empty balance; answers its id. Raises DuplicateNumber, InvalidRequest.

    Without a number it gets the next of the seller's own series (see migrations/0001_functions.sql), which is free.
    ``credit_limit`` in minor units >= 0; ``manager`` and ``agent`` are the memberships it is given to (see
    ``profiles.give``, which judges them). Behind a manager's or agent's wall it must be given to them.
    """
    number, name = None if number is None else checked_number(number), checked_name(name)
    account = ledger.reserve_account()
    given = number or str(_sql.row("take_next_number", operator=operator.id, account=account)["number"])
    # The profile comes first: behind the second wall it says whose the rest is.
    _sql.run(
        "add_profile",
        account=account,
        operator=operator.id,
        number=given,
        name=name,
        locale=locale or operator.locale,
        now=now,
        manager=manager,
        agent=agent,
    )
    if number is not None and not _sql.run("take_number", operator=operator.id, number=number, account=account):
        message = f"{operator.code} has an account {number!r} already; choose another number."
        raise DuplicateNumber(message, field="number")
    _sql.run("add_words", account=account, operator=operator.id, words=words_of(name))
    kept = keep_currency(operator.id)
    ledger.open_account(operator.id, currency or kept, credit_limit, account=account)
    record("account.open", given, operator=operator.id, account=account, at=now, after={"limit": credit_limit})
    _tell_opened(operator, {given: account}, now)
    return account


def checked_number(number: str) -> str:
    """The one spelling of an account's number, of 1 to 40 characters. Raises InvalidRequest."""
    return label(number, "number", LONGEST_NUMBER)


def checked_name(name: str) -> str:
    """The one spelling of an account's name, of up to 200 characters. Raises InvalidRequest."""
    return one_line(name, "name", LONGEST_NAME)


def _tell_opened(operator: Operator, accounts: Mapping[str, int], now: datetime) -> None:
    ears = ears_of(operator.id)
    for number, account in accounts.items() if ears.endpoints else ():
        payload = {"account": number, "account_id": account}
        source = uuid5(NAMESPACE_OID, f"abono:account:{account}")
        tell(ears, "account.opened", source, payload, operator=operator.id, account=account, now=now)


_IMPORT = "abono:import"
"""The key under which an account keeps what its import asked for."""
_BATCH = 10_000


@dataclass(frozen=True)
class Opening:
    """An account to open with what it brings along; amounts in minor units, ``credit_limit`` >= 0.

    ``request`` is all that was asked for, kept to recognise the same request when it comes again.
    """

    number: str
    name: str
    currency: str
    locale: str
    credit_limit: int
    balance: int
    opened_at: datetime
    request: Mapping[str, object]


def imported(operator: Operator, numbers: Sequence[str]) -> dict[str, dict[str, object] | None]:
    """Which of these numbers are taken, each with the request that opened it (None: it was opened one by one)."""
    found: dict[str, dict[str, object] | None] = {}
    for batch in _batches(numbers):
        taken = _sql.rows("accounts_of", operator=operator.id, numbers=list(batch))
        accounts = [row["account_id"] for row in taken]
        asked = {
            row["account_id"]: json.loads(row["request"])
            for row in _sql.rows("openings", accounts=accounts, key=_IMPORT)
        }
        found.update({row["number"]: asked.get(row["account_id"]) for row in taken})
    return found


def open_accounts(operator: Operator, openings: Sequence[Opening], *, author: Author, now: datetime) -> dict[str, int]:
    """Open many accounts by a few statements; answers their ids by number. Raises DuplicateNumber.

    Each is what ``open_account`` makes, with its opening balance as an entry. Runs in the caller's transaction, which
    a refusal must end.
    """
    opened: dict[str, int] = {}
    for batch in _batches(openings):
        opened.update(_open_batch(operator, batch, author, now))
    return opened


def _open_batch(operator: Operator, openings: Sequence[Opening], author: Author, now: datetime) -> dict[str, int]:
    keep_currency(operator.id)
    amounts = [ledger.NewAccount(each.currency, each.credit_limit, each.balance) for each in openings]
    accounts = ledger.open_accounts(operator.id, amounts, day=operator.day(now), now=now)
    opened = {each.number: account for each, account in zip(openings, accounts, strict=True)}
    # One document for all the statements: it is written and read many times faster than arrays of texts.
    rows = json.dumps(
        [{"account_id": opened[each.number], "words": words_of(each.name), **vars(each)} for each in openings],
        default=str,
    )
    taken = {row["number"] for row in _sql.rows("take_numbers", operator=operator.id, rows=rows)}
    for number in opened:
        if number not in taken:
            message = f"{operator.code} has an account {number!r} already; choose another number."
            raise DuplicateNumber(message, field="number")
    _sql.run("add_profiles", operator=operator.id, rows=rows)
    _sql.run("add_all_words", operator=operator.id, rows=rows)
    _sql.run("keep_openings", operator=operator.id, rows=rows, key=_IMPORT, now=now)
    _sql.run("record_openings", operator=operator.id, rows=rows, actor=author.actor, origin=author.origin, now=now)
    _tell_opened(operator, opened, now)
    return opened


def _batches(items: Sequence[_T]) -> Iterator[Sequence[_T]]:
    return (items[start : start + _BATCH] for start in range(0, len(items), _BATCH))

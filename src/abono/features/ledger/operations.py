"""Writes of the ledger. Every function runs in the caller's transaction, with the account locked by ``lock``."""

from __future__ import annotations

import json
from contextlib import nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

from django.db import IntegrityError, connection, transaction

from abono.base.once import asked, first_answer, keep_answer
from abono.base.refusal import Refusal
from abono.base.sql import statements
from abono.kernel.money import LIMIT, format_amount

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime

_sql = statements("abono.features.ledger", "ledger")


class UnknownAccount(Refusal):
    """There is no such account."""

    code = "unknown_account"


class InsufficientFunds(Refusal):
    """What is available does not cover the amount; ``missing`` minor units of ``currency`` more would."""

    code = "insufficient_funds"

    def __init__(self, missing: int, currency: str, *, field: str) -> None:
        short_by = f"{format_amount(missing, currency)} {currency}"
        super().__init__(f"The account is short by {short_by}; let it be topped up and ask again.", field=field)
        self.missing = missing
        self.currency = currency


class BalanceLimit(Refusal):
    """The balance would come to more, or to less, than the books can hold."""

    code = "balance_limit"


class AlreadyReversed(Refusal):
    """The entry was given back before."""

    code = "already_reversed"


class UnknownEntry(Refusal):
    """The account has no such entry."""

    code = "unknown_entry"


class HoldClosed(Refusal):
    """The hold does not exist or was released or captured before."""

    code = "hold_closed"


@dataclass(frozen=True)
class LockedAccount:
    """An account's row while nobody else may change it; amounts in minor units."""

    account_id: int
    operator_id: int
    currency: str
    balance: int
    credit_limit: int
    held: int
    reached_at: datetime | None


def reserve_account() -> int:
    """The id of an account that will be opened."""
    return int(_sql.row("reserve_accounts", count=1)["account_id"])


def open_account(operator: int, currency: str, credit_limit: int, *, account: int) -> None:
    """A new account with an empty balance under the id that was reserved for it."""
    _sql.run("open_account", account=account, operator=operator, currency=currency, credit_limit=credit_limit)


def lock(account: int) -> LockedAccount:
    """Take the account for this transaction. Raises UnknownAccount."""
    found = _sql.rows("lock", account=account)
    if not found:
        message = f"There is no account {account}; look the number up first."
        raise UnknownAccount(message, field="account")
    return LockedAccount(**found[0])


def operator_of(account: int) -> int:
    """Whose account it is. Raises UnknownAccount."""
    found = _sql.rows("operator_of", account=account)
    if not found:
        message = f"There is no account {account}; look the number up first."
        raise UnknownAccount(message, field="account")
    return int(found[0]["operator_id"])


def available(account: int, at: datetime) -> int:
    """Balance + credit limit + the grants active at the instant - holds, in minor units."""
    return int(_sql.row("available", account=account, at=at)["available"])


def post(  # noqa: PLR0913 -- an entry has this many columns
    account: int,
    amount: int,
    *,
    kind: str,
    counter: str,
    day: date,
    now: datetime,
    text: str = "",
    reverses: UUID | None = None,
) -> UUID:
    """Move ``amount`` (credits to the account positive, not 0) from the book ``counter``; answers the entry's id.

    Raises BalanceLimit where the balance would come to ``LIMIT`` minor units or more, either way.
    """
    posted = _sql.rows(
        "post",
        account=account,
        amount=amount,
        kind=kind,
        counter=counter,
        booked_on=day,
        booked_at=now,
        text=text,
        reverses=reverses,
        most=LIMIT,
    )
    if not posted:
        message = "The balance would be more than the books can hold, 15 digits; book less."
        raise BalanceLimit(message, field="amount")
    entry: UUID = posted[0]["id"]
    return entry


def reverse(account: int, entry: UUID, *, day: date, now: datetime) -> UUID:
    """Undo an entry by its counter-entry, once. Raises UnknownEntry, AlreadyReversed."""
    found = _sql.rows("entry", account=account, entry=entry)
    if not found:
        message = f"Account {account} has no entry {entry}."
        raise UnknownEntry(message, field="entry")
    if _sql.rows("reversal_of", account=account, entry=entry):
        message = f"The entry {entry} was reversed before; nothing was done."
        raise AlreadyReversed(message, field="entry")
    return post(
        account,
        -found[0]["amount"],
        kind="reversal",
        counter=found[0]["counter"],
        day=day,
        now=now,
        reverses=entry,
    )


def set_credit_limit(account: int, credit_limit: int) -> None:
    """What the account may owe for good, in minor units >= 0."""
    _sql.run("set_limit", account=account, credit_limit=credit_limit)


def has_active_grant(account: int, at: datetime) -> bool:
    """Whether a grant counts at the instant."""
    return bool(_sql.rows("active_grants", account=account, at=at))


def grant(
    account: LockedAccount, amount: int, *, starts_at: datetime, ends_at: datetime, reason: str, fee: int
) -> None:
    """Credit for a time; counts from ``starts_at`` until just before ``ends_at``."""
    _sql.run(
        "add_grant",
        account=account.account_id,
        operator=account.operator_id,
        amount=amount,
        starts_at=starts_at,
        ends_at=ends_at,
        reason=reason,
        fee=fee,
    )


def repay_grants(account: int, amount: int, at: datetime) -> None:
    """A payment reduces the active grants by the same amount; at 0 they are closed."""
    _sql.run("repay_grants", account=account, amount=amount, at=at)


def place_hold(account: int, amount: int, *, text: str, now: datetime) -> UUID:
    """Set money aside that is available. Raises InsufficientFunds."""
    require(account, amount, now)
    hold: UUID = _sql.row("place_hold", account=account, amount=amount, text=text, now=now)["id"]
    return hold


def release_hold(account: int, hold: UUID, *, now: datetime) -> int:
    """Give held money free again; answers the amount. Raises HoldClosed."""
    return _close_hold(account, hold, now)


def capture_hold(account: int, hold: UUID, *, counter: str, day: date, now: datetime, text: str = "") -> UUID:
    """Spend held money; answers the entry. Raises HoldClosed."""
    amount = _close_hold(account, hold, now)
    entry = post(account, -amount, kind="charge", counter=counter, day=day, now=now, text=text)
    _sql.run("name_capture", account=account, hold=hold, entry=entry)
    return entry


def _close_hold(account: int, hold: UUID, now: datetime) -> int:
    closed = _sql.rows("close_hold", account=account, hold=hold, now=now)
    if not closed:
        message = f"The hold {hold} is not open; place a new one."
        raise HoldClosed(message, field="hold")
    return int(closed[0]["amount"])


def require(account: int, amount: int, at: datetime) -> None:
    """Refuse unless the amount is available at the instant (equality is enough). Raises InsufficientFunds."""
    missing = amount - available(account, at)
    if missing > 0:
        raise InsufficientFunds(missing, lock(account).currency, field="amount")


def debit(account: int, amount: int, *, key: str, counter: str, day: date, now: datetime, text: str = "") -> UUID:
    """Take an amount from an account if it is available, once per key, in one round trip; answers the entry's id.

    Raises UnknownAccount, KeyConflict, InsufficientFunds. Safe with any number of callers: the account never goes
    below its allowance. Opens its own transaction.
    """
    request = asked("debit", amount=amount, counter=counter, text=text)
    try:
        # One statement is its own transaction; inside another it needs a savepoint to fail in.
        with transaction.atomic() if connection.in_atomic_block else nullcontext():
            taken = _sql.rows(
                "debit",
                account=account,
                amount=amount,
                key=key,
                request=json.dumps(request),
                booked_on=day,
                now=now,
                counter=counter,
                text=text,
            )
    except IntegrityError:  # the same key was kept by another caller while we waited for the account
        taken = []
    if taken:
        entry: UUID = taken[0]["id"]
        return entry
    return _debit_locked(account, amount, request, key, counter, day, now, text)


def _debit_locked(  # noqa: PLR0913, PLR0917 -- the same parts
    account: int,
    amount: int,
    request: dict[str, object],
    key: str,
    counter: str,
    day: date,
    now: datetime,
    text: str,
) -> UUID:
    with transaction.atomic():
        locked = lock(account)
        answered = first_answer(account, key, request)
        if answered is not None:
            return UUID(answered["entry"])
        require(account, amount, now)
        entry = post(account, -amount, kind="charge", counter=counter, day=day, now=now, text=text)
        keep_answer(account, locked.operator_id, key, request, {"entry": str(entry)}, now)
        return entry


@dataclass(frozen=True)
class NewAccount:
    """An account to open; ``credit_limit`` >= 0, ``balance`` (either sign) is what it brings along."""

    currency: str
    credit_limit: int
    balance: int


def open_accounts(operator: int, accounts: Sequence[NewAccount], *, day: date, now: datetime) -> list[int]:
    """Open many accounts by a few statements; answers their ids in order.

    An opening balance is an entry of kind ``adjustment`` against the book ``opening`` on ``day``: the books prove.
    """
    ids = sorted(int(row["account_id"]) for row in _sql.rows("reserve_accounts", count=len(accounts)))
    rows = json.dumps([{"account_id": key, **vars(each)} for key, each in zip(ids, accounts, strict=True)])
    _sql.run("open_accounts", operator=operator, rows=rows)
    _sql.run("post_openings", operator=operator, rows=rows, day=day, now=now)
    return ids

"""Money that arrives and leaves at the counter: payments, refunds, adjustments, limits, promises.

Amounts are minor units. Each request may carry a key; the same key again gets the first answer again.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from abono.base.once import asked, first_answer, keep_answer
from abono.base.refusal import InvalidRequest, Refusal
from abono.base.trail import record
from abono.features.billing.counter import Desk, counter
from abono.features.ledger import operations as ledger
from abono.features.notices.operations import tell_account

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from abono.features.operators.queries import Operator

_MOST_DAYS = 366
_LEAST_PROMISE = timedelta(hours=24)


class GrantActive(Refusal):
    """A promise is running; there is one at a time."""

    code = "grant_active"


def pay(account: int, amount: int, *, now: datetime, key: str | None = None, text: str = "") -> UUID:
    """A payment of ``amount`` > 0 arrives: it repays promises, then returns what it can. Answers the entry's id."""
    _positive(amount)

    def book(desk: Desk) -> UUID:
        entry = desk.post(amount, kind="payment", counter="cash", text=text)
        ledger.repay_grants(account, amount, desk.now)
        tell_account(
            account, desk.operator.id, "payment_received", day=desk.today, now=desk.now, payload={"amount": amount}
        )
        return entry

    return _once(account, now, key, "pay", {"amount": amount, "text": text}, book)


def refund(account: int, amount: int, *, now: datetime, key: str | None = None, text: str = "") -> UUID:
    """Pay money of the account's own out to its owner. Raises InsufficientFunds: credit is not paid out."""
    _positive(amount)

    def book(desk: Desk) -> UUID:
        missing = amount - (desk.account.balance - desk.account.held)
        if missing > 0:
            raise ledger.InsufficientFunds(missing, desk.account.currency, field="amount")
        return desk.post(-amount, kind="refund", counter="cash", text=text)

    return _once(account, now, key, "refund", {"amount": amount, "text": text}, book)


def adjust(account: int, amount: int, *, now: datetime, key: str | None = None, text: str = "") -> UUID:
    """Correct a balance by ``amount`` (either sign, not 0); what is added counts as money that arrives."""
    if amount == 0:
        message = "An adjustment of 0 changes nothing; give the amount to add or to take."
        raise InvalidRequest(message, field="amount", code="out_of_range")
    return _once(
        account,
        now,
        key,
        "adjust",
        {"amount": amount, "text": text},
        lambda desk: desk.post(amount, kind="adjustment", counter="adjustments", text=text),
    )


def set_credit_limit(account: int, amount: int, *, now: datetime) -> None:
    """How far the account may go below 0 for good; a raised limit returns what it can."""
    if amount < 0:
        message = "A credit limit is 0 or more."
        raise InvalidRequest(message, field="amount", code="out_of_range")
    with counter(account, now) as desk:
        ledger.set_credit_limit(account, amount)
        desk.money_arrived = amount > desk.account.credit_limit
        _record(desk, "account.credit_limit", {"limit": desk.account.credit_limit}, {"limit": amount})


def promise(account: int, amount: int, days: int, *, now: datetime, fee: int = 0, key: str | None = None) -> None:
    """A promised payment: credit of ``amount`` from now on, for a fee; how long it runs says ``promise_ends_at``.

    The fee is taken first and must fit, counting the grant. Raises GrantActive, InsufficientFunds.
    """
    _positive(amount)
    if fee < 0:
        message = "A fee is 0 or more."
        raise InvalidRequest(message, field="fee", code="out_of_range")
    if not 1 <= days <= _MOST_DAYS:
        message = f"A promise runs from 1 to {_MOST_DAYS} days."
        raise InvalidRequest(message, field="days", code="out_of_range")
    with counter(account, now) as desk:
        if desk.repeats(key, "promise", amount=amount, days=days, fee=fee):
            return
        if ledger.has_active_grant(account, desk.now):
            message = "A promise is running; the next can be made when it is repaid or over."
            raise GrantActive(message, field="account")
        ends_at = promise_ends_at(desk.operator, desk.now, days)
        ledger.grant(desk.account, amount, starts_at=desk.now, ends_at=ends_at, reason="promise", fee=fee)
        if fee:
            ledger.require(account, fee, desk.now)
            desk.post(-fee, kind="fee", counter="fees")
        desk.money_arrived = True
        _record(desk, "account.promise", None, {"amount": amount, "until": ends_at, "fee": fee})


def promise_ends_at(operator: Operator, now: datetime, days: int) -> datetime:
    """The first local midnight that is ``days`` days later and at least 24 hours away."""
    ends_on = operator.day(now) + timedelta(days=days)
    while (ends_at := operator.midnight(ends_on)) - now < _LEAST_PROMISE:
        ends_on += timedelta(days=1)
    return ends_at


def _once(
    account: int,
    now: datetime,
    key: str | None,
    action: str,
    request: dict[str, object],
    book: Callable[[Desk], UUID],
) -> UUID:
    """Book under a key: the same request again answers the first entry and moves nothing."""
    wanted = asked(action, **request)
    with counter(account, now) as desk:
        answered = first_answer(account, key, wanted)
        if answered is not None:
            return UUID(answered["entry"])
        entry = book(desk)
        keep_answer(account, desk.operator.id, key, wanted, {"entry": str(entry)}, desk.now)
        _record(desk, f"account.{action}", None, {"amount": request["amount"], "entry": entry})
        return entry


def _record(desk: Desk, action: str, before: dict[str, object] | None, after: dict[str, object]) -> None:
    record(
        action,
        str(desk.account.account_id),
        operator=desk.operator.id,
        account=desk.account.account_id,
        at=desk.now,
        before=before,
        after=after,
    )


def _positive(amount: int) -> None:
    if amount <= 0:
        message = "Give an amount above 0."
        raise InvalidRequest(message, field="amount", code="out_of_range")

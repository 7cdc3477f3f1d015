"""Reserving use: for callers that must know that a use is allowed and paid before they spend (semantics.md §4).

A reservation counts against the limit and, where the plan charges on use, sets the money aside. It is committed with
what was really used, cancelled, or over when its time is.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

import structlog
from django.db import transaction

from abono.base.once import asked, first_answer, keep_answer
from abono.base.refusal import InvalidRequest, Refusal
from abono.base.sql import statements
from abono.base.trail import record
from abono.features.billing.counter import Desk, counter
from abono.features.billing.runs import hurry
from abono.features.billing.using import count_and_charge, refusal
from abono.features.ledger import operations as ledger
from abono.features.usage.events import Use
from abono.features.usage.operations import COUNTED, REPEATED
from abono.kernel.money import minor_digits

if TYPE_CHECKING:
    from datetime import datetime
    from decimal import Decimal

_sql = statements("abono.features.billing", "reserving")
_log = structlog.get_logger(__name__)
LONGEST = timedelta(days=1)
_MOST = 1_000


class ReservationClosed(Refusal):
    """There is no such reservation that is open: it was committed or cancelled, or its time is over."""

    code = "reservation_closed"


def reserve(
    account: int,
    subscription: UUID,
    service: str,
    quantity: Decimal,
    *,
    now: datetime,
    lasts: timedelta = timedelta(minutes=15),
    key: str | None = None,
) -> UUID:
    """Set a quantity > 0 of a service aside for a while; answers the reservation.

    Raises UnknownAccount, UseRefused (as a use would be), InsufficientFunds, KeyConflict; then nothing changed.
    """
    if not (quantity.is_finite() and quantity > 0):
        message = "Reserve a quantity above 0."
        raise InvalidRequest(message, field="quantity", code="out_of_range")
    if not timedelta(0) < lasts <= LONGEST:
        message = "A reservation lasts up to a day."
        raise InvalidRequest(message, field="lasts", code="out_of_range")
    wanted = asked("reserve", subscription=subscription, service=service, quantity=quantity, lasts=lasts)
    with counter(account, now) as desk:
        answered = first_answer(account, key, wanted)
        if answered is not None:
            return UUID(answered["reservation"])
        taken = _take(desk, subscription, service, quantity)
        place = {"account": account, "subscription": subscription, "service": taken["service_id"]}
        made: UUID = _sql.row(
            "reserve",
            quantity=quantity,
            now=desk.now,
            expires=desk.now + lasts,
            hold=_hold(desk, taken["id"], place),
            **place,
        )["id"]
        keep_answer(account, desk.operator.id, key, wanted, {"reservation": str(made)}, desk.now)
        _record(desk, "usage.reserve", made, {"service": service, "quantity": quantity})
        return made


def _take(desk: Desk, subscription: UUID, service: str, quantity: Decimal) -> dict[str, UUID]:
    place = {"account": desk.account.account_id, "subscription": subscription, "service": service}
    taken = _sql.rows("set_aside", quantity=quantity, today=desk.today, **place)
    if taken:
        return taken[0]
    found = _sql.rows("standing", **place)
    if not found:
        raise refusal("unknown_subscription")
    if found[0]["state"] == "ended":
        raise refusal("subscription_ended")
    if found[0]["kind"] is None:
        raise refusal("unknown_service")
    if found[0]["kind"] == "onoff" or found[0]["aggregation"] != "sum":
        raise refusal("not_quantifiable")
    raise refusal("subscription_suspended" if found[0]["state"] == "suspended" else "quota_exceeded")


def _hold(desk: Desk, counted: UUID, place: dict[str, object]) -> UUID | None:
    """Set the money aside that the use would cost, beyond what is set aside for the service already."""
    digits = minor_digits(desk.operator.currency)
    price = _sql.row("price", account=desk.account.account_id, counter=counted, digits=digits)["amount"]
    more = int(price) - int(_sql.row("held_money", **place)["amount"])
    if more <= 0:
        return None
    return ledger.place_hold(desk.account.account_id, more, text="usage", now=desk.now)


def commit(
    account: int, reservation: UUID, *, now: datetime, quantity: Decimal | None = None, key: str | None = None
) -> None:
    """Count what was used of a reservation (all of it, or ``quantity``), and free the rest.

    Repeating it under the same ``key`` changes nothing. Raises UnknownAccount, ReservationClosed, and what ``use``
    raises where more is used than was reserved; then nothing changed.
    """
    name = key or f"reservation {reservation}"
    wanted = asked("commit", reservation=reservation, quantity=quantity)
    with counter(account, now) as desk:
        if first_answer(account, name, wanted) is not None:
            return
        row = _close(desk, reservation, "committed")
        used = row["quantity"] if quantity is None else quantity
        each = Use(account, row["subscription_id"], row["service"], used, None, f"{name} used")
        outcome = count_and_charge(desk, each)
        if outcome not in {COUNTED, REPEATED}:
            raise refusal(outcome)
        keep_answer(account, desk.operator.id, name, wanted, {}, desk.now)
        _record(desk, "usage.commit", reservation, {"quantity": used})


def cancel(account: int, reservation: UUID, *, now: datetime) -> None:
    """Free what was reserved. Raises UnknownAccount, ReservationClosed."""
    with counter(account, now) as desk:
        _close(desk, reservation, "cancelled")
        _record(desk, "usage.cancel", reservation, {})


def expire(now: datetime) -> int:
    """Free what was reserved and not committed in time, as many of each tenant; answers of how many accounts.

    An account that fails, or that somebody holds, is logged and left for the next call; it stops no other.
    """
    tenants: dict[int, list[int]] = {}
    for row in _sql.rows("expired_sellers", now=now):
        tenants.setdefault(row["tenant"], []).append(row["operator_id"])
    share = max(1, _MOST // max(1, len(tenants)))
    return sum(_expire_at(operators, share, now) for operators in tenants.values())


def _expire_at(operators: list[int], most: int, now: datetime) -> int:
    freed = 0
    for row in _sql.rows("expired", operators=operators, now=now, most=most):
        try:
            with transaction.atomic():
                hurry(troubled=True)
                with counter(row["account_id"], now):
                    pass  # the counter frees what is over
            freed += 1
        except Exception as error:  # noqa: BLE001 -- whatever it is, it stops this account and no other
            _log.warning("reservation_not_freed", account=row["account_id"], error=str(error))
    return freed


def _close(desk: Desk, reservation: UUID, outcome: str) -> dict[str, Any]:
    closed = _sql.rows(
        "close_reservation", account=desk.account.account_id, reservation=reservation, outcome=outcome, now=desk.now
    )
    if not closed:
        message = "There is no such reservation that is open; make a new one."
        raise ReservationClosed(message, field="reservation")
    if closed[0]["hold_id"] is not None:
        ledger.release_hold(desk.account.account_id, closed[0]["hold_id"], now=desk.now)
        desk.money_arrived = True
    return closed[0]


def _record(desk: Desk, action: str, reservation: UUID, after: dict[str, object]) -> None:
    record(
        action, str(reservation), operator=desk.operator.id, account=desk.account.account_id, at=desk.now, after=after
    )

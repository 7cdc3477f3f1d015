"""Reservations: use that is promised before it is spent; and what becomes of them."""

from datetime import timedelta
from decimal import Decimal
from typing import Annotated
from uuid import UUID

from pydantic import Field

from abono.features.billing import reserving
from abono.features.billing.metering import RIGHT
from abono.features.subscriptions.access import find_subscription
from abono.features.usage.access import require_reservation
from abono.interfaces.api.calls import Call, endpoint
from abono.interfaces.api.payments import booking_key
from abono.interfaces.api.replies import Reply, gone, made
from abono.interfaces.api.subscriptions import ONE, Nothing
from abono.interfaces.api.usage import TAG
from abono.interfaces.api.values import Answer, Body, Code, Id, Instant, Key, Whole

_USE = ("subscription_suspended", "subscription_ended", "unknown_service", "not_quantifiable", "quota_exceeded")
_DAY = 86_400
_RESERVATION = "/accounts/{account}/reservations/{reservation}"
Reserved = Annotated[
    str,
    Field(
        pattern=r"^[0-9]{1,15}(\.[0-9]{1,12})?$",
        description="A decimal string in the service's unit, above 0.",
        examples=["1.5"],
    ),
]


class NewReservation(Body):
    """What to set aside."""

    service: Annotated[Code, Field(examples=["calls"])]
    quantity: Reserved
    seconds: Annotated[Whole, Field(ge=1, le=_DAY, description="How long it is held at most.", examples=[900])] = 900


class ReservationAnswer(Answer):
    """What was set aside. It counts against the limit until it is committed, cancelled, or its time is over."""

    id: Key
    expires_at: Instant


class Commitment(Body):
    """What was really used."""

    quantity: Annotated[Reserved | None, Field(description="All that was reserved if not given.")] = None


@endpoint(
    "POST", f"{ONE}/reservations", right=RIGHT, tag=TAG, answer=ReservationAnswer, status=201,
    refusals=("out_of_range", "insufficient_funds", *_USE),
)  # fmt: skip
def reserve_usage(request: Call, account: Id, subscription: UUID, body: NewReservation) -> Reply:
    """Reserve use.

    For whoever must know that a use is allowed, and paid where the plan charges on use, before it is spent.
    """
    find_subscription(request.person, account, subscription, right=RIGHT)
    lasts = timedelta(seconds=body.seconds)
    reservation = reserving.reserve(
        *(account, subscription, body.service, Decimal(body.quantity)),
        now=request.now,
        lasts=lasts,
        key=booking_key(request),
    )
    answer = ReservationAnswer(id=reservation, expires_at=request.now + lasts)
    return made(answer, f"/accounts/{account}/reservations/{reservation}")


@endpoint(
    "POST", f"{_RESERVATION}/commit", right=RIGHT, tag=TAG, answer=None, status=204,
    refusals=("reservation_closed", "out_of_range", "insufficient_funds", *_USE),
)  # fmt: skip
def commit_reservation(request: Call, account: Id, reservation: UUID, body: Commitment) -> Reply:
    """Count what was used of a reservation.

    The rest is free again. Repeating it changes nothing.
    """
    require_reservation(request.person, account, reservation, now=request.now, right=RIGHT)
    quantity = None if body.quantity is None else Decimal(body.quantity)
    reserving.commit(account, reservation, now=request.now, quantity=quantity)
    return gone()


@endpoint(
    "POST", f"{_RESERVATION}/cancel", right=RIGHT, tag=TAG, answer=None, status=204, refusals=("reservation_closed",)
)
def cancel_reservation(request: Call, account: Id, reservation: UUID, body: Nothing) -> Reply:
    """Free what was reserved.

    One that is closed already is refused.
    """
    require_reservation(request.person, account, reservation, now=request.now, right=RIGHT)
    reserving.cancel(account, reservation, now=request.now)
    return gone()

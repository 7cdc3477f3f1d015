"""Promised payments that subscribers make by themselves, as far as their operator lets them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from abono.base.refusal import InvalidRequest, Refusal
from abono.features.billing import money
from abono.features.ledger.grants import RunningGrant, running_grants
from abono.features.operators.self_service import self_service_of

if TYPE_CHECKING:
    from datetime import datetime

    from abono.features.operators.queries import Operator


class PromiseNotOffered(Refusal):
    """The operator lets its subscribers make no promises."""

    code = "promise_not_offered"


@dataclass(frozen=True)
class PromiseOffer:
    """What a subscriber may promise now: at most ``limit`` until the local midnight ``ends_at``, for ``fee``.

    ``running`` is the grant there is already; while it runs no promise can be made. Minor units.
    """

    limit: int
    days: int
    fee: int
    ends_at: datetime
    running: RunningGrant | None


def promise_offer(operator: Operator, account: int, currency: str, now: datetime) -> PromiseOffer | None:
    """What the operator offers the subscriber of an account; None if nothing is offered and nothing runs."""
    terms = self_service_of(operator.id)
    running = next(iter(running_grants(account, now)), None)
    offered = terms.promise_limit > 0 and currency == operator.currency
    if not offered and running is None:
        return None
    ends_at = money.promise_ends_at(operator, now, terms.promise_days)
    limit = terms.promise_limit if offered else 0
    return PromiseOffer(limit, terms.promise_days, terms.promise_fee, ends_at, running)


def make_own_promise(operator: Operator, account: int, currency: str, amount: int, *, now: datetime) -> None:
    """A promise of the subscriber on the operator's terms.

    Raises PromiseNotOffered, InvalidRequest (more than the limit), GrantActive, InsufficientFunds (the fee).
    """
    offer = promise_offer(operator, account, currency, now)
    if offer is None or not offer.limit:
        message = "Your operator takes no promises here; pay, or ask its staff."
        raise PromiseNotOffered(message, field="amount")
    if not 0 < amount <= offer.limit:
        message = "Promise an amount above 0 and no more than is offered."
        raise InvalidRequest(message, field="amount", code="out_of_range")
    money.promise(account, amount, offer.days, now=now, fee=offer.fee)

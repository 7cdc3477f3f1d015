"""What an operator lets its subscribers do by themselves, and what it tells them about paying."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING

from django.db import transaction

from abono.base.refusal import InvalidRequest
from abono.base.sql import statements
from abono.base.texts import paragraphs
from abono.base.trail import record

if TYPE_CHECKING:
    from datetime import datetime

_sql = statements("abono.features.operators", "self_service")
MOST_TEXT = 2_000
MOST_DAYS = 366
_MOST_AMOUNT = 10**15


@dataclass(frozen=True)
class SelfService:
    """How to pay, in the operator's words (empty: the account number is told), and the promises subscribers may make.

    A promise is at most ``promise_limit``, runs ``promise_days`` and costs ``promise_fee``; minor units of the
    operator's currency. A limit of 0 means that none is offered.
    """

    payment_text: str = ""
    promise_limit: int = 0
    promise_days: int = 0
    promise_fee: int = 0


def self_service_of(operator: int) -> SelfService:
    """What an operator lets its subscribers do; nothing until it was set."""
    found = _sql.rows("find", operator=operator)
    return SelfService(**found[0]) if found else SelfService()


def set_self_service(operator: int, terms: SelfService, *, now: datetime) -> None:
    """What holds from now on; promises that run stay as they are. Raises InvalidRequest."""
    terms = replace(terms, payment_text=paragraphs(terms.payment_text, "payment_text", MOST_TEXT))
    _check(terms)
    with transaction.atomic():
        before = self_service_of(operator)
        _sql.run("put", operator=operator, **asdict(terms))
        record(
            "operator.self_service",
            str(operator),
            operator=operator,
            at=now,
            before=asdict(before),
            after=asdict(terms),
        )


def _check(terms: SelfService) -> None:
    for field in ("promise_limit", "promise_fee"):
        if not 0 <= getattr(terms, field) <= _MOST_AMOUNT:
            message = "Write an amount of 0 or more."
            raise InvalidRequest(message, field=field, code="out_of_range")
    if terms.promise_limit and not 1 <= terms.promise_days <= MOST_DAYS:
        message = f"A promise runs from 1 to {MOST_DAYS} days."
        raise InvalidRequest(message, field="promise_days", code="out_of_range")
    if not 0 <= terms.promise_days <= MOST_DAYS:
        message = f"Write 0 to {MOST_DAYS} days."
        raise InvalidRequest(message, field="promise_days", code="out_of_range")

"""Use at the counter: what is counted, and what it costs at once where the plan charges on use (semantics.md §4)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction

from abono.base.refusal import KeyConflict, Refusal
from abono.features.billing.counter import Desk, counter
from abono.features.billing.late import ENDED, count_late
from abono.features.billing.overage import charge_on_use, due_on_use
from abono.features.ledger import operations as ledger
from abono.features.usage.operations import BEHIND, CHARGED_ON_USE, COUNTED, REPEATED, TOLERANCE, count

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime, timedelta

    from abono.features.usage.events import Use


class UseRefused(Refusal):
    """The use is not counted; its key may be used again. The code says why."""


SENTENCES = {
    "unknown_subscription": ("subscription", "The account has no such subscription; choose one of its own."),
    "subscription_ended": ("subscription", "The subscription has ended; order a new one."),
    "subscription_suspended": ("subscription", "The subscription is suspended; let it return first."),
    "unknown_service": ("service", "The plan of the subscription has no such service; look at its services."),
    "not_quantifiable": ("service", "The service is there or not; there is nothing of it to count in this way."),
    "quota_exceeded": ("quantity", "This is more than is left of what is included; use less, or change the plan."),
    "out_of_range": (
        "time",
        "The event lies before the subscription or in the future, or would take away more than there is.",
    ),
    "invalid": (
        "key",
        "Write quantities as numbers, keys and properties as printable text; give the property the service counts.",
    ),
    "key_conflict": ("key", "The key was used before for a different event; use a new key."),
}
"""What is to blame and what to do, by the code of a refused use."""
TOO_MANY = "too_many"


def use(each: Use, *, now: datetime, tolerance: timedelta = TOLERANCE, seats: bool = False) -> bool:
    """Count one event; answers False where it had been counted before under its key.

    ``seats``: of a service that is counted in seats. Raises UseRefused, KeyConflict, InsufficientFunds; then nothing
    changed.
    """
    (outcome,) = count([each], now=now, tolerance=tolerance, seats=seats)
    if outcome == BEHIND:
        with transaction.atomic():  # a use that is refused leaves what was due as it was
            _bring_up_to_date(each.account, now)
            return use(each, now=now, tolerance=tolerance, seats=seats)
    if outcome == CHARGED_ON_USE:
        outcome = _count_and_charge(each, now, tolerance, seats=seats)
    elif outcome == ENDED:
        outcome = count_late(each, now=now, tolerance=tolerance)
    if outcome in {COUNTED, REPEATED}:
        return outcome == COUNTED
    raise refusal(outcome)


def use_many(
    uses: Sequence[Use],
    *,
    now: datetime,
    tolerance: timedelta = TOLERANCE,
    seats: bool = False,
    most: int | None = None,
) -> list[str]:
    """Count a batch; answers for each event ``counted``, ``repeated`` or the code of its refusal.

    What charges on use is counted after the others, one by one; last, what was used after several missed boundaries,
    with its account brought up to date, whatever becomes of it. Of both at most ``most``: they hold accounts until the
    transaction ends. Codes: those of SENTENCES, ``insufficient_funds`` and TOO_MANY, for what is beyond the most.
    """
    outcomes = _count_many(uses, now=now, tolerance=tolerance, seats=seats, most=most)
    late = [place for place, outcome in enumerate(outcomes) if outcome == BEHIND]
    accounts = set(sorted({uses[place].account for place in late})[:most])
    for account in sorted(accounts):
        _bring_up_to_date(account, now)
    for place in late:
        outcomes[place] = TOO_MANY
    behind = [place for place in late if uses[place].account in accounts]
    if behind:
        again = _count_many([uses[place] for place in behind], now=now, tolerance=tolerance, seats=seats, most=most)
        for place, outcome in zip(behind, again, strict=True):
            outcomes[place] = outcome
    return outcomes


def _count_many(
    uses: Sequence[Use], *, now: datetime, tolerance: timedelta, seats: bool, most: int | None
) -> list[str]:
    outcomes = count(uses, now=now, tolerance=tolerance, seats=seats)
    alone = [place for place, outcome in enumerate(outcomes) if outcome in {CHARGED_ON_USE, ENDED}]
    beyond = set() if most is None else set(alone[most:])
    for place in alone:
        outcome = outcomes[place]
        if place in beyond:
            outcomes[place] = TOO_MANY
        elif outcome == CHARGED_ON_USE:
            try:
                outcomes[place] = _count_and_charge(uses[place], now, tolerance, seats=seats)
            except Refusal as refused:
                outcomes[place] = refused.code
        else:
            outcomes[place] = count_late(uses[place], now=now, tolerance=tolerance)
    return outcomes


def refusal(code: str) -> Refusal:
    """The refusal of a use by its code."""
    field, sentence = SENTENCES[code]
    return (
        KeyConflict(sentence, field=field) if code == "key_conflict" else UseRefused(sentence, field=field, code=code)
    )


def _bring_up_to_date(account: int, now: datetime) -> None:
    """Where boundaries were missed, only what they brought tells in which quota period something was used."""
    with counter(account, now, up_to_date=True):
        pass


def _count_and_charge(each: Use, now: datetime, tolerance: timedelta, *, seats: bool) -> str:
    with counter(each.account, now) as desk:
        return count_and_charge(desk, each, tolerance=tolerance, seats=seats)


def count_and_charge(desk: Desk, each: Use, *, tolerance: timedelta = TOLERANCE, seats: bool = False) -> str:
    """Count an event of a locked account and pay for what it opens, both or neither; answers the outcome.

    Where it cannot be known before in which quota period it was used, what is due on the account is done first. Raises
    InsufficientFunds.
    """
    (outcome,) = count([each], now=desk.now, tolerance=tolerance, seats=seats, paying=True)
    if outcome == BEHIND:
        desk.catch_up()
        (outcome,) = count([each], now=desk.now, tolerance=tolerance, seats=seats, paying=True)
    if outcome == COUNTED:
        _charge(desk, each)
    return outcome


def _charge(desk: Desk, each: Use) -> None:
    for row in due_on_use(desk, each.subscription, each.service):
        ledger.require(each.account, row["amount"], desk.now)
        charge_on_use(desk, each.subscription, row)

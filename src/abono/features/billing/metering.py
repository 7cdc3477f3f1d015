"""The doors' only way to report use as a given person or program."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction

from abono.base.trail import record
from abono.features.accounts.access import reachable
from abono.features.billing.using import refusal, use, use_many
from abono.features.subscriptions.access import find_subscription

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from abono.features.access.people import Person
    from abono.features.usage.events import Use

RIGHT = "usage.record"
AT_ONCE = 500
_UNREACHED = "unknown_subscription"
"""A subscription that is somebody else's is answered as one that is not there."""


def report(person: Person, each: Use, *, now: datetime) -> bool:
    """Count one event; answers False where it had been counted before under its key.

    Raises Forbidden, UseRefused, KeyConflict, InsufficientFunds; then nothing changed.
    """
    person.require(RIGHT)
    if each.account not in reachable(person, [each.account]):
        raise refusal(_UNREACHED)
    return use(each, now=now)


def change_seats(person: Person, each: Use, *, now: datetime) -> bool:
    """So many seats of a subscription come (below 0: go), now or at an instant before; answers as ``report`` does.

    Raises Forbidden, NotFound, UseRefused (``not_quantifiable`` for what is not counted in seats), KeyConflict,
    InsufficientFunds; then nothing changed.
    """
    row = find_subscription(person, each.account, each.subscription, right=RIGHT)
    with transaction.atomic():
        counted = use(each, now=now, seats=True)
        if counted:
            changed = {"service": each.service, "change": each.quantity, "time": each.at or now}
            record(
                "usage.seats",
                str(each.subscription),
                operator=row.operator_id,
                account=each.account,
                at=now,
                after=changed,
            )
    return counted


def report_many(person: Person, uses: Sequence[Use], *, now: datetime) -> list[str]:
    """Count a batch; answers for each event what ``use_many`` does, in the same order. Raises Forbidden.

    At most AT_ONCE of its events are counted one by one, as those are that charge on use.
    """
    person.require(RIGHT)
    reached = reachable(person, {each.account for each in uses})
    outcomes = [_UNREACHED] * len(uses)
    places = [place for place, each in enumerate(uses) if each.account in reached]
    for place, outcome in zip(places, use_many([uses[place] for place in places], now=now, most=AT_ONCE), strict=True):
        outcomes[place] = outcome
    return outcomes

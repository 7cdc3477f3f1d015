"""What was paid for the days that remain, and what of it is given back (semantics.md §3)."""

from __future__ import annotations

from datetime import timedelta
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from abono.base.sql import statements
from abono.features.catalogue.queries import Amount, plan_by_id
from abono.kernel.charges import prorate

if TYPE_CHECKING:
    from datetime import date
    from uuid import UUID

    from abono.features.billing.counter import Desk
    from abono.features.subscriptions.operations import Subscription

_sql = statements("abono.features.billing", "orders")


def give_back(desk: Desk, found: Subscription) -> None:
    """Only what was charged and not given back before: amount charged x remaining days / days it covers.

    The days that remain are the last ones of what was charged: the latest charge takes as many as it covers.
    """
    left = remaining(found, desk.today, found.paid_until)
    if found.frozen_days is not None and found.kept_until is not None:
        left += max((found.kept_until - desk.today).days, 0)
    refunds = []
    for charge in _paying(desk, found):
        covers = (charge["ends_on"] - charge["starts_on"]).days
        days = min(left, covers)
        if days <= 0:
            break
        gross, tax = (prorate(Fraction(charge[name]), days, covers) for name in ("amount", "tax"))
        ends_on = desk.today + timedelta(days=left)
        refunds.append((Amount(gross, tax), (ends_on - timedelta(days=days), ends_on), charge["rate_id"]))
        left -= days
    for refund, days_back, rate in reversed(refunds):
        if refund.gross:
            book(desk, found, "refund", refund, days_back, rate)


def _paying(desk: Desk, found: Subscription) -> list[dict[str, Any]]:
    """The charges that pay for what runs, the latest first."""
    return _sql.rows(
        "paying",
        account=found.account_id,
        subscription=found.id,
        since=found.period_starts_on,
        day=desk.today,
        daily=plan_by_id(found.plan_id).charge == "daily",
        paid_from=found.paid_from,
    )


def remaining(found: Subscription, since: date, until: date | None) -> int:
    """The paid days that are left, the first among them; a pause may keep them."""
    if found.frozen_days is not None:
        return found.frozen_days
    return 0 if until is None else (until - since).days


def paid_from(desk: Desk, found: Subscription, kept_until: date | None) -> UUID:
    """From which charge on a change gives nothing back."""
    first: UUID = _sql.row(
        "paid_from",
        account=found.account_id,
        subscription=found.id,
        day=desk.today,
        kept_until=kept_until,
        paid_from=found.paid_from,
    )["id"]
    return first


def book(desk: Desk, found: Subscription, kind: str, amount: Amount, days: tuple[date, date], rate: int | None) -> None:
    """One charge row with its entry; credits and refunds are negative charges."""
    gives_back = kind in {"credit", "refund"}
    entry = desk.post(
        amount.gross if gives_back else -amount.gross,
        kind={"credit": "reversal", "refund": "refund"}.get(kind, "charge"),
        counter="sales",
    )
    sign = -1 if gives_back else 1
    _sql.run(
        "add_charge",
        account=found.account_id,
        entry=entry,
        operator=desk.operator.id,
        subscription=found.id,
        kind=kind,
        starts_on=days[0],
        ends_on=days[1],
        amount=sign * amount.gross,
        tax=sign * amount.tax,
        rate=rate,
    )

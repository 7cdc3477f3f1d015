"""What is charged of use and seats beyond what is included, outside the closing of periods (semantics.md §4)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from abono.base.sql import statements
from abono.base.trail import record
from abono.kernel.money import minor_digits

if TYPE_CHECKING:
    from collections.abc import Mapping
    from uuid import UUID

    from abono.features.billing.counter import Desk

_sql = statements("abono.features.billing", "overage")


def due_on_use(desk: Desk, subscription: UUID, service: str | None) -> list[dict[str, Any]]:
    """What a service has opened and not paid; without one, what the carried seats ask of the period that begins."""
    return _sql.rows(
        "due_on_use",
        account=desk.account.account_id,
        subscription=subscription,
        service=service,
        digits=minor_digits(desk.operator.currency),
    )


def charge_on_use(desk: Desk, subscription: UUID, row: Mapping[str, Any]) -> None:
    """Book a row of ``due_on_use``, and that it is paid."""
    book(desk, subscription, row)
    _sql.run(
        "paid_on_use",
        account=desk.account.account_id,
        counter=row["counter_id"],
        net=row["net"],
        turn=row["turn"],
        ahead=row["ahead"],
    )


def book(desk: Desk, subscription: UUID, row: Mapping[str, Any]) -> None:
    """Charge an overage, whatever the account has."""
    account = desk.account.account_id
    entry = desk.post(-row["amount"], kind="charge", counter="sales")
    _sql.run(
        "charge_on_use",
        account=account,
        entry=entry,
        operator=desk.operator.id,
        subscription=subscription,
        starts_on=row["starts_on"],
        ends_on=row["ends_on"],
        amount=row["amount"],
        tax=row["tax"],
        rate=row["rate_id"],
        service=row["service_id"],
    )
    record(
        "usage.charge",
        str(subscription),
        operator=desk.operator.id,
        account=account,
        at=desk.now,
        after={"service": row["service"], "amount": row["amount"], "entry": entry},
    )

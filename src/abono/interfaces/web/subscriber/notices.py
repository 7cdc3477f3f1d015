"""What an account was told, as sentences: one template for each kind of notice."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from uuid import UUID

    from abono.features.ledger.queries import EntryRow
    from abono.features.notices.queries import NoticeRow
    from abono.features.subscriptions.standing import Standing

KINDS = {
    "charge_due": "info",
    "will_be_suspended": "waiting",
    "ends_soon": "waiting",
    "suspended": "stopped",
    "resumed": "good",
    "ended": "ended",
    "payment_received": "good",
    "quota_100": "waiting",
}
"""The kinds of notices that have a template of their own, with the tone in which they are shown."""
_QUOTA = re.compile(r"quota_([0-9]{1,4})")
_ALL = 100


@dataclass(frozen=True)
class Message:
    """A notice with what its sentence needs: how the service is called, the boundary, the amount in minor units.

    ``counted`` is what a quota is of, ``percent`` how much of it is used.
    """

    sent_on: date
    template: str
    tone: str
    service: str
    boundary: date | None
    amount: int | None
    currency: str
    seller: str
    counted: str
    percent: int | None


def told_messages(
    notices: Sequence[NoticeRow], services: Mapping[UUID, Standing], *, currency: str, seller: str
) -> list[Message]:
    """Notices as messages, in the same order."""
    return [_message(notice, services, currency, seller) for notice in notices]


def called(one: Standing | EntryRow) -> str:
    """How a subscriber knows a subscription: its plan and, if it has one, the unit it is for."""
    plan = one.plan_code or ""
    return _("%(plan)s (%(unit)s)") % {"plan": plan, "unit": one.unit} if one.unit else plan


def _message(notice: NoticeRow, services: Mapping[UUID, Standing], currency: str, seller: str) -> Message:
    template, tone = (notice.kind, KINDS[notice.kind]) if notice.kind in KINDS else ("other", "info")
    quota = _QUOTA.fullmatch(notice.kind)
    percent = int(quota[1]) if quota else None
    if percent is not None and template == "other":
        template, tone = "quota", "info" if percent < _ALL else "waiting"
    one = services.get(notice.subscription_id) if notice.subscription_id else None
    boundary = notice.payload.get("boundary")
    return Message(
        sent_on=notice.sent_on,
        template=f"web/subscriber/notices/{template}.html",
        tone=tone,
        service=called(one) if one else _("a service of yours"),
        boundary=date.fromisoformat(boundary) if boundary else None,
        amount=notice.payload.get("amount"),
        currency=currency,
        seller=seller,
        counted=notice.payload.get("service", ""),
        percent=percent,
    )

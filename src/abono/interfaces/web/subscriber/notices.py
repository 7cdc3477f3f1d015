"""What an account was told, as sentences: one template for each kind of notice."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from uuid import UUID

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
    "quota_80": "info",
    "quota_100": "waiting",
}
"""The kinds of notices that have a template, with the tone in which they are shown."""


@dataclass(frozen=True)
class Message:
    """A notice with what its sentence needs: how the service is called, the boundary, the amount in minor units.

    ``counted`` is what a quota is of.
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


def told_messages(
    notices: Sequence[NoticeRow], services: Mapping[UUID, Standing], *, currency: str, seller: str
) -> list[Message]:
    """Notices as messages, in the same order."""
    return [_message(notice, services, currency, seller) for notice in notices]


def called(one: Standing) -> str:
    """How a subscriber knows a subscription: its plan and, if it has one, the unit it is for."""
    return _("%(plan)s (%(unit)s)") % {"plan": one.plan_code, "unit": one.unit} if one.unit else one.plan_code


def _message(notice: NoticeRow, services: Mapping[UUID, Standing], currency: str, seller: str) -> Message:
    known = notice.kind in KINDS
    one = services.get(notice.subscription_id) if notice.subscription_id else None
    boundary = notice.payload.get("boundary")
    return Message(
        sent_on=notice.sent_on,
        template=f"web/subscriber/notices/{notice.kind if known else 'other'}.html",
        tone=KINDS.get(notice.kind, "info"),
        service=called(one) if one else _("a service of yours"),
        boundary=date.fromisoformat(boundary) if boundary else None,
        amount=notice.payload.get("amount"),
        currency=currency,
        seller=seller,
        counted=notice.payload.get("service", ""),
    )

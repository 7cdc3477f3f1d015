"""Seats of a subscription come and go: a form with a preview by the engine, now or from a day before."""

from __future__ import annotations

from datetime import UTC, datetime, time
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from django import forms
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from abono.features.accounts.access import find_account
from abono.features.billing.metering import RIGHT, change_seats
from abono.features.billing.using import refusal
from abono.features.operators.queries import operator_by_id
from abono.features.subscriptions.access import find_subscription
from abono.features.usage.events import Use
from abono.features.usage.queries import quotas_of
from abono.interfaces.web import formats
from abono.interfaces.web.asking import Question
from abono.interfaces.web.pages import STAFF, PersonRequest, page
from abono.interfaces.web.quotas import measure
from abono.interfaces.web.reading import DayField, QuantityField
from abono.interfaces.web.staff.accounts import choose
from abono.interfaces.web.staff.steps import Values, carry_out, deed

if TYPE_CHECKING:
    from datetime import date
    from decimal import Decimal
    from uuid import UUID

    from django.http import HttpResponse

_ADDRESS = "accounts/<int:account>/subscriptions/<uuid:subscription>/seats/"


class SeatsForm(forms.Form):
    """How many seats come or go, and since when."""

    service = forms.ChoiceField(label=gettext_lazy("Service"))
    direction = forms.ChoiceField(
        label=gettext_lazy("What happens"),
        choices=[("come", gettext_lazy("Seats come")), ("go", gettext_lazy("Seats go"))],
        widget=forms.RadioSelect,
        initial="come",
    )
    quantity = QuantityField(label=gettext_lazy("How many"))
    time = DayField(
        label=gettext_lazy("Since"),
        required=False,
        help_text=gettext_lazy("Leave it empty for now; a day counts from its midnight. Not in the future."),
    )


@page(_ADDRESS, name="subscription_seats", kinds=STAFF, right=RIGHT, methods=("GET", "POST"))
def subscription_seats(request: PersonRequest, account: int, subscription: UUID) -> HttpResponse:
    """Let seats come or go."""
    found = find_account(request.person, account, now=request.now)
    row = find_subscription(request.person, account, subscription, right=RIGHT)
    if row.state == "ended":
        raise refusal("subscription_ended")
    zone = operator_by_id(found.operator_id).time_zone
    seats = [each for each in quotas_of([account], request.now, subscription) if each.kind == "seats"]
    if not seats:
        raise refusal("not_quantifiable")
    form = SeatsForm(request.POST or None)
    choose(form, "service", [(each.service, f"{each.service}: {_taken(each.used, each.unit)}") for each in seats])

    def do(values: Values) -> None:
        change = values["quantity"] if values["direction"] == "come" else -values["quantity"]
        each = Use(account, subscription, values["service"], change, _midnight(values["time"], zone), None)
        change_seats(request.person, each, now=request.now)

    question = Question(
        title=_("Change seats"),
        lead=_("The next step shows what will be charged, and writes nothing."),
        confirm=_("Change seats"),
        back=reverse("subscription", args=[account, subscription]),
        wish=deed(_("The seats are changed."), do),
    )
    return carry_out(request, found, form, question)


def _taken(used: Decimal, unit: str) -> str:
    return _("%(quantity)s taken") % {"quantity": measure(formats.number(used), unit)}


def _midnight(day: date | None, zone: str) -> datetime | None:
    return None if day is None else datetime.combine(day, time(), ZoneInfo(zone)).astimezone(UTC)

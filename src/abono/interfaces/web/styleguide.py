"""Every component in all its states, for those who build and translate pages."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django import forms
from django.shortcuts import render
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from abono.base.refusal import Refusal
from abono.features.usage.queries import Quota
from abono.interfaces.web import charts, formats
from abono.interfaces.web.pages import STAFF, PersonRequest, page
from abono.interfaces.web.quotas import ShownQuota, shown_quota
from abono.interfaces.web.reading import DayField
from abono.interfaces.web.templatetags.abono import REASONS, STATES

if TYPE_CHECKING:
    from django.http import HttpResponse


@dataclass(frozen=True)
class _Next:
    on: date
    amount: int


@dataclass(frozen=True)
class _Preview:
    """As the engine's previews are."""

    currency: str = "EUR"
    at_once: int = -5000
    balance: int = 1230
    available: int = 1230
    charges: tuple[tuple[date, date, int, str], ...] = ((date(2026, 1, 15), date(2026, 2, 1), 5000, "period"),)
    next: _Next | None = _Next(date(2026, 2, 1), 5000)
    short_by: int = 1230
    refusal: Refusal | None = None


@dataclass(frozen=True)
class _Rows:
    items: tuple[dict[str, Any], ...]
    next: str | None = "bmV4dA"


class _Sample(forms.Form):
    """A field of every kind."""

    number = forms.CharField(label=_("Account number"), help_text=_("As it is printed on the contract."), max_length=12)
    # An amount is typed as people write it, so the browser is told which keys to show and no more.
    amount = forms.RegexField(r"^\d+([.,]\d\d?)?$", label=_("Amount"), widget=forms.TextInput({"inputmode": "decimal"}))
    day = DayField(
        label=_("From"),
    )
    plan = forms.ChoiceField(label=_("Plan"), choices=[("basic", "Basic"), ("plus", "Plus")])
    kind = forms.ChoiceField(
        label=_("When"), choices=[("now", _("Now")), ("end", _("At the end of the period"))], widget=forms.RadioSelect
    )
    note = forms.CharField(label=_("Note"), widget=forms.Textarea, required=False)
    told = forms.BooleanField(label=_("Tell the subscriber"), required=False)


_ROWS = (
    {"number": "100000001", "name": "Şafak Güvenlik A.Ş.", "state": "active", "reasons": (), "balance": 128450},
    {
        "number": "100000002",
        "name": "Nordlicht Kameras GmbH",
        "state": "suspended",
        "reasons": ("funds",),
        "balance": -3000,
    },
    {"number": "100000003", "name": "«Маяк»", "state": "trial", "reasons": (), "balance": 0},
    {
        "number": "100000004",
        "name": "Sol y Mar",
        "state": "suspended",
        "reasons": ("customer", "staff"),
        "balance": 990,
    },
)


def _charts() -> tuple[charts.Chart, ...]:
    def euros(value: int) -> str:
        return formats.amount(value, "EUR")

    labels = [formats.day(date(2026, 1, 1) + timedelta(days=each), "brief") for each in range(31)]
    months = [formats.day(date(2025, each, 1), "month") for each in range(1, 13)]
    balance = [12_000, *(12_000 - 900 * each for each in range(1, 16)), *(16_000 - 700 * each for each in range(15))]
    charged = [81_200, 83_900, 84_100, 90_050, 92_400, 91_800, 97_200, 101_900, 99_400, 108_800, 114_300, 121_000]
    left = [1_000 - 28 * each - each * each for each in range(19)]
    return (
        charts.lines(gettext("Balance"), labels, [(gettext("Balance"), balance)], euros),
        charts.bars(gettext("Charges per month"), months, gettext("Charges"), charged, euros),
        charts.burn_down(
            gettext("Quota of January"),
            labels,
            (gettext("Left"), gettext("Even pace")),
            left,
            formats.number,
        ),
    )


@page("styleguide/", name="styleguide", kinds=STAFF, methods=("GET", "POST"))
def styleguide(request: PersonRequest) -> HttpResponse:
    """All components; the form answers as a refused one does."""
    refused = _Sample({"number": "0123456789-too-long", "amount": "12,5x", "day": "", "kind": "now"})
    shown = {
        "amounts": (0, 5, -5000, 123456789, -100000000000),
        "currencies": ("EUR", "USD", "RUB", "TRY", "JPY", "KWD"),
        "moment": datetime(2026, 2, 1, 14, 30, tzinfo=UTC),
        "first": date(2026, 1, 1),
        "days": (
            (date(2026, 1, 1), date(2026, 2, 1)),
            (date(2026, 1, 15), date(2026, 2, 15)),
            (date(2026, 1, 1), None),
        ),
        "states": list(STATES),
        "reasons": [(each,) for each in REASONS],
        "rows": _Rows(_ROWS),
        "quotas": _quotas(),
        "previews": (
            _Preview(short_by=0),
            _Preview(),
            _Preview(
                refusal=Refusal("The account has 12.30 € available: pay 37.70 € first, or choose a smaller plan."),
                charges=(),
                next=None,
            ),
        ),
        "events": _EVENTS,
        "tabs": (
            {"label": _("Overview"), "url": "?", "current": True},
            {"label": _("Statement"), "url": "?tab=statement", "count": 1284},
            {"label": _("History"), "url": "?tab=history"},
        ),
        "charts": _charts(),
        "form": _Sample(),
        "refused": refused,
    }
    return render(request, "web/staff/styleguide.html", shown)


_EVENTS = (
    {
        "at": datetime(2026, 2, 3, 9, 12, tzinfo=UTC),
        "title": _("Active again"),
        "tone": "good",
        "text": _("A payment of 30.00 € arrived; the missing amount was covered."),
    },
    {
        "at": datetime(2026, 2, 1, 0, 0, tzinfo=UTC),
        "title": _("Suspended: funds"),
        "tone": "stopped",
        "text": _("The charge of 50.00 € did not fit: 30.00 € short."),
    },
    {"at": datetime(2026, 1, 29, 6, 0, tzinfo=UTC), "title": _("Suspension warning"), "tone": "waiting"},
    {
        "at": datetime(2026, 1, 1, 10, 5, tzinfo=UTC),
        "title": _("Ordered"),
        "tone": "info",
        "actor": "anna@example.com",
        "href": "?",
    },
)


def _quotas() -> list[ShownQuota]:
    """A quota in every state: half used, almost, used up (soft and hard), beyond, and without anything included."""
    cases = ((500, 1000, False, 0), (850, 1000, False, 0), (20, 20, False, 0), (20, 20, True, 0), (12, 10, False, 1))
    return [_quota(Decimal(used), Decimal(included), packs, hard=hard) for used, included, hard, packs in cases] + [
        _quota(Decimal(7), Decimal(0), 0, hard=False)
    ]


def _quota(used: Decimal, included: Decimal, packs: int, *, hard: bool) -> ShownQuota:
    none = Decimal(0)
    return shown_quota(
        Quota(
            account_id=1,
            subscription_id=UUID(int=1),
            operator_id=1,
            state="active",
            plan="office",
            place="",
            service="prints",
            kind="usage",
            unit="",
            currency="EUR",
            hard=hard,
            on_use=False,
            by_day=False,
            measured_by=None,
            starts_on=date(2026, 1, 1),
            ends_on=date(2026, 2, 1),
            today=date(2026, 1, 20),
            used=used,
            included=included,
            held=none,
            billed=used,
            over=max(used - included, none),
            remaining=max(included - used, none),
            packs=packs,
        )
    )

"""What a line of the audit trail says was changed: fields, amounts, days and instants as people read them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from abono.interfaces.web import formats
from abono.interfaces.web.templatetags.abono import KINDS
from abono.interfaces.web.templatetags.signing import method_word, right_word

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from django.utils.functional import _StrPromise

    from abono.base.trail import TrailRow

FIELDS: Mapping[str, _StrPromise] = {
    "agent": _("Agent"),
    "amount": _("Amount"),
    "change": _("Change"),
    "colour": _("Colour by day"),
    "colour_dark": _("Colour by night"),
    "count": _("Count"),
    "currency": _("Currency"),
    "days": _("Days"),
    "domain": _("Domain"),
    "enabled": _("Switched on"),
    "entry": _("Entry"),
    "expires": _("Until"),
    "fee": _("Fee"),
    "from": _("From"),
    "kind": _("Kind"),
    "limit": _("Credit limit"),
    "locale": _("Language"),
    "manager": _("Manager"),
    "method": _("Signed in with"),
    "name": _("Name"),
    "now": _("At once"),
    "parent": _("Stands below"),
    "payment_text": _("How to pay"),
    "plan": _("Plan"),
    "price": _("Price"),
    "price_from": _("From"),
    "prices_include_tax": _("Prices include tax"),
    "promise_days": _("Days of a promise"),
    "promise_fee": _("Fee for a promise"),
    "promise_limit": _("Most of a promise"),
    "quantity": _("Quantity"),
    "refund": _("Unused days given back"),
    "require_mfa": _("Staff need a second factor"),
    "rights": _("Rights"),
    "role": _("Role"),
    "service": _("Service"),
    "since": _("From"),
    "support": _("Help"),
    "tax": _("Tax rate"),
    "tax_reduced": _("Reduced tax rate"),
    "text": _("Text"),
    "time": _("When"),
    "time_zone": _("Time zone"),
    "types": _("Events"),
    "unit": _("Unit"),
    "until": _("Until"),
    "url": _("Address"),
    "version": _("Version of a plan"),
}
"""The word of every field that a line may name; whatever else is named stands for itself."""


@dataclass(frozen=True)
class Changed:
    """A field with what it was and what it is, as text; ``href`` leads to it if it has a page."""

    name: str
    before: str
    after: str
    href: str = ""


def changes_of(row: TrailRow, currency: str) -> list[Changed]:
    """What a line tells of; amounts are of the currency. What is empty before and after is left out."""
    before, after = row.before or {}, row.after or {}
    told = [
        Changed(
            str(FIELDS.get(name, name)),
            _told(name, before.get(name), currency),
            _told(name, after.get(name), currency),
            _page_of(row, name, after.get(name)),
        )
        for name in dict.fromkeys((*before, *after))
    ]
    return [each for each in told if each.before or each.after]


def _page_of(row: TrailRow, name: str, value: object) -> str:
    return reverse("entry", args=[row.account_id, value]) if name == "entry" and row.account_id and value else ""


def _told(name: str, value: Any, currency: str) -> str:
    """A value as it is read; of a list its parts, of what is not there nothing."""
    if value is None or value == "":
        return ""
    if isinstance(value, list):
        return ", ".join(_told(name, each, currency) for each in value)
    if isinstance(value, bool):
        return gettext("yes") if value else gettext("no")
    try:
        return _FORMS[name](value, currency) if name in _FORMS else str(value)
    except (ValueError, TypeError, InvalidOperation):
        return str(value)  # it was written in another form than today's


def _amount(value: Any, currency: str) -> str:
    return formats.amount(int(value), currency)


def _price(value: Any, currency: str) -> str:
    return f"{formats.number(Decimal(value))}\N{NO-BREAK SPACE}{currency}"


def _number(value: Any, _currency: str) -> str:
    return formats.number(Decimal(value))


def _time(value: Any, _currency: str) -> str:
    if len(value) == len("2026-01-01"):
        return formats.day(date.fromisoformat(value))
    return formats.instant(datetime.fromisoformat(value))


_FORMS: Mapping[str, Callable[[Any, str], str]] = {
    **dict.fromkeys(("amount", "fee", "limit", "promise_limit", "promise_fee"), _amount),
    **dict.fromkeys(("expires", "from", "price_from", "since", "time", "until"), _time),
    **dict.fromkeys(("quantity", "change", "tax", "tax_reduced"), _number),
    "price": _price,
    "entry": lambda _value, _currency: gettext("its entry"),
    "kind": lambda value, _currency: str(_KINDS.get(value, value)),
    "role": lambda value, _currency: str(KINDS.get(value, value)),
    "method": lambda value, _currency: method_word(value),
    "rights": lambda value, _currency: right_word(value),
    "locale": lambda value, _currency: dict(settings.LANGUAGES).get(value[:2], value),
}
_KINDS: Mapping[str, _StrPromise | str] = {**KINDS, "staff": _("Staff")}

"""The words of the field as filters: ``{% load words %}``, ``{{ entry.kind|entry_kind }}``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django import template

from abono.interfaces.web import reading, words

if TYPE_CHECKING:
    from decimal import Decimal

    from django.forms import BaseForm

    from abono.features.accounts.queries import AccountRow
    from abono.features.billing.payments import EntryDetail
    from abono.features.ledger.queries import EntryRow

register = template.Library()


@register.filter
def entry_kind(kind: str) -> str:
    """Such as Payment or Charge."""
    return words.word(words.ENTRIES, kind)


@register.filter
def entry_text(entry: EntryRow | EntryDetail) -> str:
    """What is said beside its kind."""
    return words.entry_text(entry)


@register.filter
def charge_kind(kind: str) -> str:
    """What a charge is for: a billing period, part of one, a fee."""
    return words.word(words.CHARGES, kind)


@register.filter
def book(counter: str) -> str:
    """The book of the seller that an entry names."""
    return words.word(words.BOOKS, counter)


@register.filter
def quantity(number: Decimal | None) -> str:
    """A quantity without zeros at its end."""
    return "" if number is None else reading.write_quantity(number)


@register.filter
def account_label(account: AccountRow) -> str:
    """An account as people say it: its number and, if it has one, its name."""
    return f"{account.number} · {account.name}" if account.name else account.number


@register.filter
def answers(form: BaseForm) -> list[tuple[str, str]]:
    """What was filled in, by its label, in the words of the form."""
    told = []
    for bound in form:
        value = str(bound.data or "")
        choices = getattr(bound.field, "choices", None)
        word = next((str(label) for key, label in choices if str(key) == value), value) if choices else value
        if value:
            told.append((str(bound.label), word))
    return told

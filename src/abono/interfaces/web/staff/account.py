"""The page of one account: what it has, what runs, why something is stopped, what comes, what happened."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from abono.base.paging import MOST, Page
from abono.base.refusal import Refusal
from abono.features.access.people import Forbidden
from abono.features.accounts.access import find_account
from abono.features.accounts.profiles import edit_profile, give, notes_of, servants, strike_note, write_note
from abono.features.billing.coming import Coming, ComingCharge, coming
from abono.features.billing.queries import unlocks
from abono.features.ledger.queries import statement
from abono.features.operators.queries import operator_by_id
from abono.features.subscriptions.history import stopped_since
from abono.features.subscriptions.queries import SubscriptionRow, subscriptions_of_account, timeline
from abono.interfaces.web import words
from abono.interfaces.web.csvs import Amount, Cell, csv_answer, csv_link
from abono.interfaces.web.days import DaysForm
from abono.interfaces.web.pages import STAFF, PersonRequest, page
from abono.interfaces.web.refusing import REFUSED
from abono.interfaces.web.staff.accounts import choose_servants
from abono.interfaces.web.staff.events import events_of, stopped_sentence
from abono.interfaces.web.staff.steps import refuse, rights_of
from abono.interfaces.web.staff.usage import quotas_of_account

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from uuid import UUID

    from django.http import HttpResponse, HttpResponseBase

    from abono.features.accounts.queries import AccountRow
    from abono.features.operators.queries import Operator

_FEW = 10
_ENDED_SHOWN = 5


@dataclass(frozen=True)
class Line:
    """A subscription of the account, its charge if one comes soon, and the payment that unlocks it, if it needs one."""

    row: SubscriptionRow
    next: ComingCharge | None
    unlock: int | None
    sentence: str


@page("accounts/<int:account>/", name="account", kinds=STAFF, right="account.view")
def account(request: PersonRequest, account: int) -> HttpResponse:
    """Everything about one account."""
    found = find_account(request.person, account, now=request.now)
    operator = operator_by_id(found.operator_id)
    subscriptions = subscriptions_of_account(account)
    live = [row for row in subscriptions if row.state != "ended"]
    ended = [row for row in subscriptions if row.state == "ended"]
    comes = coming(operator, account, request.now) if live else None
    lines = _lines(operator, found, live, comes, request)
    rows = {row.id: row for row in live}
    charges = [(each, rows[each.subscription_id]) for each in (comes.charges if comes else [])]
    shown = {
        "account": found,
        "operator": operator,
        "lines": lines,
        "blocked": [line for line in lines if line.row.reasons],
        "some_blocked": any("staff" in row.reasons for row in live),
        "some_unblocked": any("staff" not in row.reasons for row in live),
        "ended": ended[:_ENDED_SHOWN],
        "ended_more": len(ended) > _ENDED_SHOWN,
        "quotas": quotas_of_account(request, account, live),
        "coming": comes,
        "coming_rows": charges[:_FEW],
        "coming_more": max(len(charges) - _FEW, 0),
        "language": dict(settings.LANGUAGES).get(found.locale[:2], found.locale),
        "gives": request.person.sees_all_accounts,
        "entries": statement(account, limit=_FEW) if request.person.may("payment.view") else None,
        "events": events_of(timeline(account, None, _FEW).items, found),
        "notes": notes_of(account),
        "note": NoteForm(),
        "served": _served(request, found),
        "may": rights_of(request.person),
    }
    return render(request, "web/staff/account.html", shown)


def _lines(
    operator: Operator,
    account: AccountRow,
    live: Sequence[SubscriptionRow],
    comes: Coming | None,
    request: PersonRequest,
) -> list[Line]:
    """The subscriptions with what comes soon; what comes later is on the page of each. The engine is asked once."""
    if comes is None:
        return []
    soon: dict[UUID, ComingCharge] = {}
    for charge in comes.charges:
        soon.setdefault(charge.subscription_id, charge)
    missing = unlocks(operator, [account.account_id], request.now) if any("funds" in r.reasons for r in live) else {}
    since = stopped_since(account.account_id) if any(row.reasons for row in live) else {}
    lines = []
    for row in live:
        near = soon.get(row.id)
        unlock = missing.get(row.id)
        told = stopped_sentence(row, since.get(row.id), unlock, account.currency) if row.reasons else ""
        lines.append(Line(row, near, unlock, told))
    return lines


def _served(request: PersonRequest, account: AccountRow) -> dict[str, str]:
    """The names of the manager and the agent of an account, as far as the person may know them."""
    if account.manager_id is None and account.agent_id is None:
        return {}
    people = {each.membership: each.name or each.email for each in servants(request.person, account.operator_id)}
    return {
        "manager": people.get(account.manager_id or 0, ""),
        "agent": people.get(account.agent_id or 0, ""),
    }


@page("accounts/<int:account>/statement/", name="account_statement", kinds=STAFF, right="payment.view")
def account_statement(request: PersonRequest, account: int) -> HttpResponse:
    """The entries of an account with the balance after each."""
    found = find_account(request.person, account, now=request.now)
    days = DaysForm(request.GET)
    since, until = days.half_open()
    shown = {
        "account": found,
        "days": days,
        "page": statement(account, since=since, until=until, after=request.GET.get("after")),
        "csv": csv_link(request, reverse("account_statement_csv", args=[account])),
    }
    return render(request, "web/staff/statement.html", shown)


@page("accounts/<int:account>/statement/csv/", name="account_statement_csv", kinds=STAFF, right="payment.view")
def account_statement_csv(request: PersonRequest, account: int) -> HttpResponseBase:
    """The statement as a file."""
    found = find_account(request.person, account, now=request.now)
    since, until = DaysForm(request.GET).half_open()
    head = (_("Day"), _("Kind"), _("Text"), _("For"), _("Amount"), _("Balance"), _("Currency"), _("Plan"))

    def fetch(after: str | None) -> Page[Sequence[Cell]]:
        rows = statement(account, since=since, until=until, after=after, limit=MOST)
        return Page([_cells(row, found.currency) for row in rows.items], rows.next)

    return csv_answer(request.person, f"statement-{account}", head, fetch)


def _cells(row: Any, currency: str) -> tuple[Cell, ...]:
    days = f"{row.starts_on.isoformat()}/{row.ends_on.isoformat()}" if row.starts_on and row.ends_on else ""
    called = f"{row.plan_code} ({row.unit})" if row.unit else row.plan_code
    return (
        row.booked_on.isoformat(),
        words.word(words.ENTRIES, row.kind),
        words.entry_text(row),
        days,
        Amount(row.amount, currency),
        Amount(row.balance, currency),
        currency,
        called,
    )


@page("accounts/<int:account>/history/", name="account_history", kinds=STAFF, right="account.view")
def account_history(request: PersonRequest, account: int) -> HttpResponse:
    """What happened to an account, newest first."""
    found = find_account(request.person, account, now=request.now)
    rows = timeline(account, request.GET.get("after"))
    shown = {"account": found, "page": rows, "events": events_of(rows.items, found)}
    return render(request, "web/staff/history.html", shown)


class ProfileForm(forms.Form):
    """What an account is called, and the language in which its owner is spoken to."""

    name = forms.CharField(label=gettext_lazy("Name"), max_length=200, required=False)
    locale = forms.ChoiceField(label=gettext_lazy("Language"), choices=settings.LANGUAGES)


@page("accounts/<int:account>/edit/", name="account_edit", kinds=STAFF, right="account.change", methods=("GET", "POST"))
def account_edit(request: PersonRequest, account: int) -> HttpResponse:
    """Change the profile."""
    found = find_account(request.person, account, now=request.now, right="account.change")
    language = found.locale[:2] if found.locale not in dict(settings.LANGUAGES) else found.locale
    form = ProfileForm(request.POST or None, initial={"name": found.name, "locale": language})

    def act() -> None:
        edit_profile(account, now=request.now, **form.cleaned_data)
        messages.success(request, _("The profile is changed."))

    return _edit(request, found, form, _("Edit the profile"), act)


class GiveForm(forms.Form):
    """Who serves the account."""

    manager = forms.TypedChoiceField(
        label=gettext_lazy("Manager"),
        coerce=int,
        empty_value=None,
        required=False,
        help_text=gettext_lazy("A manager sees and serves only the accounts that were given to him or her."),
    )
    agent = forms.TypedChoiceField(label=gettext_lazy("Agent"), coerce=int, empty_value=None, required=False)


@page("accounts/<int:account>/give/", name="account_give", kinds=STAFF, right="account.change", methods=("GET", "POST"))
def account_give(request: PersonRequest, account: int) -> HttpResponse:
    """Give the account to a manager or an agent, or take it back; nobody does that with what was given to them."""
    if not request.person.sees_all_accounts:
        raise Forbidden("Only whoever sees all accounts of an operator gives one to somebody; ask an administrator.")
    found = find_account(request.person, account, now=request.now, right="account.change")
    form = GiveForm(request.POST or None, initial={"manager": found.manager_id or "", "agent": found.agent_id or ""})
    choose_servants(form, request.person, found.operator_id)

    def act() -> None:
        give(request.person, account, now=request.now, **form.cleaned_data)
        messages.success(request, _("It is kept who serves the account."))

    return _edit(request, found, form, _("Manager and agent"), act)


class NoteForm(forms.Form):
    """Something to remember about the account."""

    note = forms.CharField(
        label=gettext_lazy("New note"), max_length=2000, widget=forms.Textarea(attrs={"rows": 3, "maxlength": 2000})
    )


@page("accounts/<int:account>/notes/", name="account_note", kinds=STAFF, right="account.change", methods=("POST",))
def account_note(request: PersonRequest, account: int) -> HttpResponse:
    """Write a note."""
    found = find_account(request.person, account, now=request.now, right="account.change")
    form = NoteForm(request.POST)

    def act() -> None:
        write_note(account, form.cleaned_data["note"], author=request.person.name, now=request.now)

    return _edit(request, found, form, _("New note"), act, "#notes")


@page(
    "accounts/<int:account>/notes/<uuid:note>/strike/",
    name="account_strike_note",
    kinds=STAFF,
    right="account.change",
    methods=("POST",),
)
def account_strike_note(request: PersonRequest, account: int, note: UUID) -> HttpResponse:
    """Strike a note out."""
    find_account(request.person, account, now=request.now, right="account.change")
    strike_note(account, note, now=request.now)
    messages.success(request, _("The note is struck out; the audit trail keeps that it was there."))
    return _to_account(account, "#notes")


def _edit(
    request: PersonRequest,
    account: AccountRow,
    form: forms.Form,
    title: str,
    act: Callable[[], None],
    place: str = "",
) -> HttpResponse:
    """A form about an account: it does what it says and leads to the account, or comes back with what refuses it."""
    if request.method == "POST" and form.is_valid():
        try:
            act()
        except Refusal as refusal:
            refuse(form, refusal)
        else:
            return _to_account(account.account_id, place)
    shown = {"account": account, "form": form, "title": title}
    return render(request, "web/staff/edit.html", shown, status=REFUSED if form.errors else 200)


def _to_account(account: int, place: str = "") -> HttpResponse:
    return HttpResponseRedirect(reverse("account", args=[account]) + place, status=303)

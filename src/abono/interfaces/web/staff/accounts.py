"""The list of accounts, the same as a file, and a new account."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db import transaction
from django.forms.utils import flatatt
from django.http import HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from abono.base.paging import MOST, Page
from abono.base.refusal import Refusal
from abono.features.access.rights import Kind
from abono.features.accounts.openings import open_once
from abono.features.accounts.profiles import check_servants, servants
from abono.features.accounts.queries import AccountRow, labels_of, list_accounts
from abono.features.operators.queries import Operator, operator_by_id, operators
from abono.interfaces.web.csvs import Amount, Cell, csv_answer, csv_link
from abono.interfaces.web.keys import sent_key
from abono.interfaces.web.operator_choice import LIST_ID, LISTED, SEARCHES, offer_operators, read_operator
from abono.interfaces.web.pages import STAFF, PersonRequest, page
from abono.interfaces.web.reading import AmountField
from abono.interfaces.web.refusing import REFUSED
from abono.interfaces.web.staff.steps import refuse

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.http import HttpResponse, HttpResponseBase

    from abono.features.access.people import Person

_LONGEST_ID = 19
_STATES = (
    ("", gettext_lazy("All accounts")),
    ("suspended", gettext_lazy("With something suspended")),
    ("negative", gettext_lazy("In debt")),
)
NOBODY = ("", gettext_lazy("Nobody"))


@page("accounts/", name="accounts", kinds=STAFF, right="account.view")
def accounts(request: PersonRequest) -> HttpResponse:
    """The accounts of the person's subtree, searched, filtered, a page at a time."""
    asked = _asked(request)
    none = asked["operator"] == 0
    found = (
        Page([]) if none else list_accounts(request.person, now=request.now, after=request.GET.get("after"), **asked)
    )
    mine = operators_of(request.person)
    shown = {
        "page": found,
        "states": _STATES,
        "operators": mine if len(mine) > 1 else [],
        "searched": {"id": LIST_ID, "attributes": flatatt(SEARCHES), "typed": request.GET.get("operator", "")}
        if len(mine) > LISTED
        else None,
        "names": {each.id: each.name for each in mine},
        "asked": asked,
        "csv": csv_link(request, reverse("accounts_csv")),
    }
    return render(request, "web/staff/accounts.html", shown)


@page("accounts/csv/", name="accounts_csv", kinds=STAFF, right="account.view")
def accounts_csv(request: PersonRequest) -> HttpResponseBase:
    """The accounts of the list as it is filtered, all of them, as a file."""
    person, now, asked = request.person, request.now, _asked(request)
    names = {each.id: each.name for each in operators_of(person)}
    head = (
        *(_("Number"), _("Name"), _("Operator"), _("Balance"), _("Available"), _("Currency")),
        *(_("Active"), _("Suspended"), _("Opened")),
    )

    def fetch(after: str | None) -> Page[Sequence[Cell]]:
        found = list_accounts(person, now=now, after=after, limit=MOST, **asked)
        return Page([_cells(row, names) for row in found.items], found.next)

    return csv_answer(person, "accounts", head, fetch)


class NewAccountForm(forms.Form):
    """What a new account begins with."""

    operator = forms.TypedChoiceField(label=gettext_lazy("Operator"), coerce=int)
    number = forms.CharField(
        label=gettext_lazy("Account number"),
        max_length=40,
        required=False,
        help_text=gettext_lazy("Leave it empty to take the next number."),
    )
    name = forms.CharField(label=gettext_lazy("Name"), max_length=200, required=False)
    locale = forms.ChoiceField(label=gettext_lazy("Language"), choices=settings.LANGUAGES)
    credit_limit = AmountField(
        label=gettext_lazy("Credit limit"),
        least=0,
        required=False,
        help_text=gettext_lazy("How far the account may go below 0 for good."),
    )
    manager = forms.TypedChoiceField(label=gettext_lazy("Manager"), coerce=int, empty_value=None, required=False)
    agent = forms.TypedChoiceField(label=gettext_lazy("Agent"), coerce=int, empty_value=None, required=False)

    def __init__(self, person: Person, operator: Operator, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        offer_operators(self, "operator", person)
        choose_servants(self, person, operator.id)
        limit = self.fields["credit_limit"]
        if isinstance(limit, AmountField):
            limit.currency = operator.currency
        if len(person.operators) == 1:
            self.fields["operator"].widget = forms.HiddenInput()
        if not person.may("payment.adjust"):
            del self.fields["credit_limit"]
        if person.scope["manager"] is not None:
            del self.fields["manager"], self.fields["agent"]


@page("accounts/new/", name="account_new", kinds=STAFF, right="account.create", methods=("GET", "POST"))
def account_new(request: PersonRequest) -> HttpResponse:
    """Open an account; whoever has only own accounts is its manager."""
    operator = _chosen_operator(request)
    first = {"operator": operator.id, "locale": operator.locale}
    form = NewAccountForm(request.person, operator, data=request.POST or None, initial=first)
    if request.method != "POST":
        return render(request, "web/staff/account_new.html", {"form": form, "operator": operator})
    if form.is_valid():
        try:
            account, number = _opened(request, operator, form.cleaned_data)
        except Refusal as refusal:
            refuse(form, refusal)
        else:
            messages.success(request, _("Account %(number)s is open.") % {"number": number})
            return HttpResponseRedirect(reverse("account", args=[account]), status=303)
    return render(request, "web/staff/account_new.html", {"form": form, "operator": operator}, status=REFUSED)


def operators_of(person: Person) -> list[Operator]:
    """The operators of a person's subtree."""
    return [each for each in operators() if each.id in person.operators]


def choose(form: forms.Form, name: str, choices: Sequence[tuple[object, object]]) -> None:
    """Give a field what can be chosen."""
    field = form.fields[name]
    if isinstance(field, forms.ChoiceField):
        field.choices = choices


def choose_servants(form: forms.Form, person: Person, operator: int) -> None:
    """Let the fields ``manager`` and ``agent`` offer who can serve accounts of an operator."""
    found = servants(person, operator)
    for name, kind in (("manager", Kind.STAFF), ("agent", Kind.AGENT)):
        people = [(each.membership, each.name or each.email) for each in found if each.kind is kind]
        choose(form, name, [NOBODY, *people])


def _asked(request: PersonRequest) -> dict[str, Any]:
    return {
        "search": request.GET.get("search", ""),
        "operator": _operator_in(request.person, request.GET.get("operator", "")),
        "state": request.GET.get("state", ""),
    }


def _cells(row: AccountRow, names: dict[int, str]) -> tuple[Cell, ...]:
    return (
        row.number,
        row.name,
        names.get(row.operator_id, ""),
        Amount(row.balance, row.currency),
        Amount(row.available, row.currency),
        row.currency,
        row.active,
        row.suspended,
        row.opened_at.date().isoformat(),
    )


def _chosen_operator(request: PersonRequest) -> Operator:
    """The operator that was chosen, or the person's own. Raises NotFound for a stranger's."""
    chosen = _operator_in(request.person, request.POST.get("operator") or request.GET.get("operator", ""))
    if not chosen:  # what cannot be read is told by the form
        return operator_by_id(request.person.operator)
    request.person.require_operator(chosen)
    return operator_by_id(chosen)


def _operator_in(person: Person, text: str) -> int | None:
    """The operator that an address names, by id or, where they are searched for, in words; 0 for none there is."""
    number = _number(text)
    if len(person.operators) <= LISTED or not text:
        return number
    try:
        return read_operator(person, text)
    except ValidationError:
        return number if number in person.operators else 0


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < _LONGEST_ID else None


def _opened(request: PersonRequest, operator: Operator, values: dict[str, Any]) -> tuple[int, str]:
    person = request.person
    manager, agent = values.get("manager"), values.get("agent")
    with transaction.atomic():
        if person.scope["manager"] is None:
            check_servants(person, operator.id, manager=manager, agent=agent)
        account = open_once(
            person,
            operator,
            values["number"] or None,
            now=request.now,
            key=sent_key(request),
            credit_limit=values.get("credit_limit") or 0,
            name=values["name"],
            locale=values["locale"],
            manager=manager,
            agent=agent,
        )
    return account, labels_of([account])[account].number

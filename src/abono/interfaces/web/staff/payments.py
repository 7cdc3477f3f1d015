"""Money by hand: payments, refunds, adjustments, promised payments, credit limits; their list, and what an entry is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django import forms
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from abono.base.paging import MOST, Page
from abono.features.accounts.access import find_account
from abono.features.billing import money
from abono.features.billing.payments import KINDS, PaymentRow, find_entry, list_payments
from abono.interfaces.web import formats, words
from abono.interfaces.web.asking import Question
from abono.interfaces.web.csvs import Amount, Cell, csv_answer, csv_link
from abono.interfaces.web.days import DaysForm
from abono.interfaces.web.pages import STAFF, PersonRequest, page
from abono.interfaces.web.reading import AmountField, write_amount
from abono.interfaces.web.staff.steps import Values, carry_out, deed

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from django.http import HttpResponse, HttpResponseBase

    from abono.features.accounts.queries import AccountRow

_BOTH = ("GET", "POST")


class MoneyForm(forms.Form):
    """An amount in the account's currency."""

    amount = AmountField(label=gettext_lazy("Amount"))

    def in_currency(self, currency: str) -> MoneyForm:
        """Read every amount of the form in a currency; answers the form."""
        for field in self.fields.values():
            if isinstance(field, AmountField):
                field.currency = currency
        return self


class TextForm(MoneyForm):
    """An amount and what it is for."""

    text = forms.CharField(
        label=gettext_lazy("Text"),
        max_length=200,
        required=False,
        help_text=gettext_lazy("It stands in the statement, for the subscriber as well."),
    )


@page("accounts/<int:account>/pay/", name="payment_new", kinds=STAFF, right="payment.create", methods=_BOTH)
def payment_new(request: PersonRequest, account: int) -> HttpResponse:
    """Enter a payment that has arrived."""
    found = find_account(request.person, account, now=request.now, right="payment.create")
    first = {}
    if (amount := request.GET.get("amount", "")).isascii() and amount.isdigit():
        first["amount"] = write_amount(int(amount[:15]), found.currency)
    form = TextForm(request.POST or None, initial=first).in_currency(found.currency)
    question = Question(
        title=_("Enter a payment"),
        lead=_("It repays a promised payment first, then it brings back what can be paid for."),
        confirm=_("Enter the payment"),
        back=_back(found),
        wish=deed(
            _("The payment is entered."),
            lambda values: money.pay(account, values["amount"], now=request.now, text=values["text"].strip()),
        ),
    )
    return carry_out(request, found, form, question)


@page("accounts/<int:account>/refund/", name="refund_new", kinds=STAFF, right="payment.create", methods=_BOTH)
def refund_new(request: PersonRequest, account: int) -> HttpResponse:
    """Pay money of the account out to its owner."""
    found = find_account(request.person, account, now=request.now, right="payment.create")
    question = Question(
        title=_("Pay money out"),
        lead=_("Only the account's own money can be paid out; credit cannot."),
        confirm=_("Pay out"),
        back=_back(found),
        wish=deed(
            _("The refund is entered."),
            lambda values: money.refund(account, values["amount"], now=request.now, text=values["text"].strip()),
        ),
    )
    return carry_out(request, found, TextForm(request.POST or None).in_currency(found.currency), question)


class AdjustForm(MoneyForm):
    """A correction: which way, how much and why."""

    direction = forms.ChoiceField(
        label=gettext_lazy("Direction"),
        choices=[("add", gettext_lazy("Add to the balance")), ("take", gettext_lazy("Take from the balance"))],
        widget=forms.RadioSelect,
        initial="add",
    )
    text = forms.CharField(
        label=gettext_lazy("Reason"),
        max_length=200,
        help_text=gettext_lazy("It stands in the statement, for the subscriber as well."),
    )
    field_order = ("direction", "amount", "text")


@page("accounts/<int:account>/adjust/", name="adjustment_new", kinds=STAFF, right="payment.adjust", methods=_BOTH)
def adjustment_new(request: PersonRequest, account: int) -> HttpResponse:
    """Correct a balance by hand."""
    found = find_account(request.person, account, now=request.now, right="payment.adjust")

    def do(values: Values) -> object:
        amount = values["amount"] if values["direction"] == "add" else -values["amount"]
        return money.adjust(account, amount, now=request.now, text=values["text"].strip())

    question = Question(
        title=_("Adjust the balance"),
        lead=_("A correction by hand. What is added counts as money that arrives."),
        confirm=_("Adjust"),
        back=_back(found),
        wish=deed(_("The balance is adjusted."), do),
    )
    return carry_out(request, found, AdjustForm(request.POST or None).in_currency(found.currency), question)


class PromiseForm(MoneyForm):
    """How much, for how long, for which fee."""

    days = forms.IntegerField(
        label=gettext_lazy("Days"),
        min_value=1,
        max_value=366,
        help_text=gettext_lazy("Until the first midnight that is so many days and at least 24 hours away."),
    )
    fee = AmountField(
        label=gettext_lazy("Fee"), least=0, required=False, help_text=gettext_lazy("It is charged at once.")
    )


@page("accounts/<int:account>/promise/", name="promise_new", kinds=STAFF, right="promise.create", methods=_BOTH)
def promise_new(request: PersonRequest, account: int) -> HttpResponse:
    """Give credit for a time, until a payment comes."""
    found = find_account(request.person, account, now=request.now, right="promise.create")
    question = Question(
        title=_("Promised payment"),
        lead=_("Credit for a time. The next payments repay it; when it ends, what is paid for goes on."),
        confirm=_("Give the credit"),
        back=_back(found),
        wish=deed(
            _("The promised payment counts from now."),
            lambda values: money.promise(
                account, values["amount"], values["days"], now=request.now, fee=values["fee"] or 0
            ),
        ),
    )
    form = PromiseForm(request.POST or None, initial={"days": 5}).in_currency(found.currency)
    return carry_out(request, found, form, question)


class LimitForm(MoneyForm):
    """How far the account may go below 0."""

    amount = AmountField(label=gettext_lazy("Credit limit"), least=0)


@page("accounts/<int:account>/limit/", name="credit_limit", kinds=STAFF, right="payment.adjust", methods=_BOTH)
def credit_limit(request: PersonRequest, account: int) -> HttpResponse:
    """Change the permanent credit limit."""
    found = find_account(request.person, account, now=request.now, right="payment.adjust")
    first = {"amount": write_amount(found.credit_limit, found.currency)}
    question = Question(
        title=_("Credit limit"),
        lead=_("How far the account may go below 0 for good. A lower limit suspends nothing that is paid for."),
        confirm=_("Set the limit"),
        back=_back(found),
        wish=deed(
            _("The credit limit is set."),
            lambda values: money.set_credit_limit(account, values["amount"], now=request.now),
        ),
    )
    return carry_out(
        request, found, LimitForm(request.POST or None, initial=first).in_currency(found.currency), question
    )


@page("payments/", name="payments", kinds=STAFF, right="payment.view")
def payments(request: PersonRequest) -> HttpResponse:
    """Payments, refunds and adjustments of the subtree, the newest first."""
    days, kind = DaysForm(request.GET), request.GET.get("kind", "")
    since, until = days.half_open()
    shown = {
        "page": list_payments(request.person, since=since, until=until, kind=kind, after=request.GET.get("after")),
        "days": days,
        "kind": kind,
        "kinds": [("", _("All kinds")), *((each, words.word(words.ENTRIES, each)) for each in KINDS)],
        "csv": csv_link(request, reverse("payments_csv")),
    }
    return render(request, "web/staff/payments.html", shown)


@page("payments/csv/", name="payments_csv", kinds=STAFF, right="payment.view")
def payments_csv(request: PersonRequest) -> HttpResponseBase:
    """The list as it is filtered, all of it, as a file."""
    person, kind = request.person, request.GET.get("kind", "")
    since, until = DaysForm(request.GET).half_open()
    head = (_("Day"), _("Account"), _("Name"), _("Kind"), _("Text"), _("Amount"), _("Currency"))

    def fetch(after: str | None) -> Page[Sequence[Cell]]:
        found = list_payments(person, since=since, until=until, kind=kind, after=after, limit=MOST)
        return Page([_cells(row) for row in found.items], found.next)

    return csv_answer(person, "payments", head, fetch)


@page("accounts/<int:account>/entries/<uuid:entry>/", name="entry", kinds=STAFF, right="payment.view")
def entry(request: PersonRequest, account: int, entry: UUID) -> HttpResponse:
    """What an amount is made of: the entry, its charge, the subscription, the period, the rate."""
    found = find_account(request.person, account, now=request.now)
    detail = find_entry(request.person, account, entry, now=request.now)
    shown = {
        "account": found,
        "entry": detail,
        "title": f"{words.word(words.ENTRIES, detail.kind)}, {formats.amount(detail.amount, detail.currency)}",
        "lead": formats.day(detail.booked_on, "long"),
    }
    return render(request, "web/staff/entry.html", shown)


def _back(account: AccountRow) -> str:
    return reverse("account", args=[account.account_id])


def _cells(row: PaymentRow) -> tuple[Cell, ...]:
    return (
        row.booked_on.isoformat(),
        row.number,
        row.name,
        words.word(words.ENTRIES, row.kind),
        row.text,
        Amount(row.amount, row.currency),
        row.currency,
    )

"""What staff do with subscriptions for a subscriber: order, change, pause, resume, cancel, block."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from abono.features.accounts.access import find_account
from abono.features.billing import blocks, orders
from abono.features.operators.queries import operator_by_id
from abono.features.subscriptions.access import find_subscription
from abono.features.subscriptions.operations import SubscriptionEnded
from abono.interfaces.web import formats
from abono.interfaces.web.asking import NoForm, Question
from abono.interfaces.web.pages import STAFF, PersonRequest, page
from abono.interfaces.web.reading import DayField, QuantityField, write_quantity
from abono.interfaces.web.staff.accounts import choose
from abono.interfaces.web.staff.offers import offers
from abono.interfaces.web.staff.steps import Values, carry_out, deed

if TYPE_CHECKING:
    from collections.abc import Callable
    from uuid import UUID

    from django.http import HttpResponse

    from abono.features.accounts.queries import AccountRow
    from abono.features.subscriptions.queries import SubscriptionRow

_SUBSCRIPTION = "accounts/<int:account>/subscriptions/<uuid:subscription>"
_BOTH = ("GET", "POST")


class SubscribeForm(forms.Form):
    """What is ordered."""

    plan = forms.ChoiceField(label=gettext_lazy("Plan"))
    quantity = QuantityField(label=gettext_lazy("Quantity"), help_text=gettext_lazy("How many times the price."))
    unit = forms.CharField(
        label=gettext_lazy("Unit"),
        max_length=100,
        required=False,
        help_text=gettext_lazy("The camera, line or device that it is for, if it is for one."),
    )
    starts_on = DayField(
        label=gettext_lazy("Begins on"),
        required=False,
        help_text=gettext_lazy("Leave it empty to begin today."),
    )


@page(
    "accounts/<int:account>/subscribe/",
    name="subscribe",
    kinds=STAFF,
    right="subscription.create",
    methods=_BOTH,
)
def subscribe(request: PersonRequest, account: int) -> HttpResponse:
    """Order a plan for an account."""
    found = find_account(request.person, account, now=request.now, right="subscription.create")
    operator = operator_by_id(found.operator_id)
    first = {"quantity": "1", "plan": request.GET.get("plan", "")}
    form = SubscribeForm(request.POST or None, initial=first)
    choose(form, "plan", [("", _("Choose a plan")), *offers(operator, request.now)])

    def do(values: Values) -> object:
        return orders.subscribe(
            account,
            values["plan"],
            now=request.now,
            quantity=values["quantity"],
            unit=values["unit"].strip(),
            starts_on=values["starts_on"],
        )

    question = _question(
        found,
        title=_("New subscription"),
        lead=_("The next step shows what will be charged, and writes nothing."),
        confirm=_("Subscribe"),
        done=_("The subscription is ordered."),
        do=do,
    )
    return carry_out(request, found, form, question)


class ChangeForm(forms.Form):
    """Another plan or quantity, and when."""

    plan = forms.ChoiceField(label=gettext_lazy("Plan"))
    quantity = QuantityField(label=gettext_lazy("Quantity"))
    when = forms.ChoiceField(
        label=gettext_lazy("When"),
        choices=[
            ("period_end", gettext_lazy("At the end of the period")),
            ("now", gettext_lazy("Now: unused days are credited, the rest of the period is charged anew")),
        ],
        widget=forms.RadioSelect,
        initial="period_end",
    )


@page(f"{_SUBSCRIPTION}/change/", name="subscription_change", kinds=STAFF, right="subscription.change", methods=_BOTH)
def subscription_change(request: PersonRequest, account: int, subscription: UUID) -> HttpResponse:
    """Change the plan or the quantity; the last wish counts."""
    found, row = _both(request, account, subscription, "subscription.change")
    operator = operator_by_id(found.operator_id)
    first = {"plan": row.next_plan_code or row.plan_code, "quantity": write_quantity(row.next_quantity or row.quantity)}
    form = ChangeForm(request.POST or None, initial=first)
    choose(form, "plan", offers(operator, request.now, present=row.plan_code))

    def do(values: Values) -> None:
        orders.change(
            account,
            subscription,
            now=request.now,
            plan_code=values["plan"],
            quantity=values["quantity"],
            at_period_end=values["when"] == "period_end",
        )

    question = _question(
        found,
        row,
        title=_("Change plan or quantity"),
        lead=_("%(plan)s, quantity %(quantity)s.") % _names(row),
        confirm=_("Change"),
        done=_("The change is kept."),
        do=do,
    )
    return carry_out(request, found, form, question)


@page(
    f"{_SUBSCRIPTION}/keep-plan/",
    name="subscription_keep_plan",
    kinds=STAFF,
    right="subscription.change",
    methods=_BOTH,
)
def subscription_keep_plan(request: PersonRequest, account: int, subscription: UUID) -> HttpResponse:
    """Take a waiting change back."""
    found, row = _both(request, account, subscription, "subscription.change")
    question = _question(
        found,
        row,
        title=_("Take the change back"),
        lead=_("%(plan)s, quantity %(quantity)s, goes on after the boundary.") % _names(row),
        confirm=_("Take back"),
        done=_("The change is taken back."),
        do=lambda _values: orders.change(
            account, subscription, now=request.now, plan_code=row.plan_code, quantity=row.quantity
        ),
    )
    return carry_out(request, found, NoForm(), question)


class PauseForm(forms.Form):
    """Until when."""

    until = DayField(
        label=gettext_lazy("Until"),
        required=False,
        help_text=gettext_lazy("It goes on from this day. Leave it empty to resume it by hand."),
    )


@page(f"{_SUBSCRIPTION}/pause/", name="subscription_pause", kinds=STAFF, right="subscription.pause", methods=_BOTH)
def subscription_pause(request: PersonRequest, account: int, subscription: UUID) -> HttpResponse:
    """Stop a subscription for a while, on the subscriber's wish."""
    found, row = _both(request, account, subscription, "subscription.pause")
    question = _question(
        found,
        row,
        title=_("Pause"),
        lead=_("%(plan)s stops for a while. The plan says whether the paid days are kept.") % _names(row),
        confirm=_("Pause"),
        done=_("The subscription is paused."),
        do=lambda values: blocks.pause(account, subscription, now=request.now, until=values["until"]),
    )
    return carry_out(request, found, PauseForm(request.POST or None), question)


@page(f"{_SUBSCRIPTION}/resume/", name="subscription_resume", kinds=STAFF, right="subscription.pause", methods=_BOTH)
def subscription_resume(request: PersonRequest, account: int, subscription: UUID) -> HttpResponse:
    """End a pause."""
    found, row = _both(request, account, subscription, "subscription.pause")
    question = _question(
        found,
        row,
        title=_("Resume"),
        lead=_("%(plan)s goes on today.") % _names(row),
        confirm=_("Resume"),
        done=_("The subscription is resumed."),
        do=lambda _values: blocks.resume(account, subscription, now=request.now),
    )
    return carry_out(request, found, NoForm(), question)


class CancelForm(forms.Form):
    """When it ends, and whether unused days are given back."""

    when = forms.ChoiceField(
        label=gettext_lazy("When"),
        choices=[
            ("period_end", gettext_lazy("At the end of the period: it can be taken back until then")),
            ("now", gettext_lazy("Now, the unused days are lost")),
            ("refund", gettext_lazy("Now, the unused days are given back to the balance")),
        ],
        widget=forms.RadioSelect,
        initial="period_end",
    )


@page(f"{_SUBSCRIPTION}/cancel/", name="subscription_cancel", kinds=STAFF, right="subscription.cancel", methods=_BOTH)
def subscription_cancel(request: PersonRequest, account: int, subscription: UUID) -> HttpResponse:
    """End a subscription."""
    found, row = _both(request, account, subscription, "subscription.cancel")

    def do(values: Values) -> None:
        orders.cancel(
            account,
            subscription,
            now=request.now,
            at_period_end=values["when"] == "period_end",
            prorate_refund=values["when"] == "refund",
        )

    lost = _("An ended subscription does not return; a new one must be ordered.")
    if row.period_ends_on is not None and row.state != "suspended":
        lost = _("It is paid until %(day)s. An ended subscription does not return; a new one must be ordered.") % {
            "day": formats.day(row.period_ends_on)
        }
    question = _question(
        found,
        row,
        title=_("Cancel the subscription"),
        lead=_("%(plan)s, quantity %(quantity)s.") % _names(row),
        confirm=_("Cancel the subscription"),
        done=_("The cancellation is kept."),
        do=do,
        loses=lost,
        danger=True,
    )
    return carry_out(request, found, CancelForm(request.POST or None, initial={"when": "period_end"}), question)


@page(f"{_SUBSCRIPTION}/keep/", name="subscription_keep", kinds=STAFF, right="subscription.cancel", methods=_BOTH)
def subscription_keep(request: PersonRequest, account: int, subscription: UUID) -> HttpResponse:
    """Take a waiting cancellation back."""
    found, row = _both(request, account, subscription, "subscription.cancel")
    question = _question(
        found,
        row,
        title=_("Take the cancellation back"),
        lead=_("%(plan)s goes on after the boundary.") % _names(row),
        confirm=_("Take back"),
        done=_("The cancellation is taken back."),
        do=lambda _values: orders.keep(account, subscription, now=request.now),
    )
    return carry_out(request, found, NoForm(), question)


@page("accounts/<int:account>/block/", name="account_block", kinds=STAFF, right="account.block", methods=_BOTH)
def account_block(request: PersonRequest, account: int) -> HttpResponse:
    """Stop all subscriptions of an account."""
    found = find_account(request.person, account, now=request.now, right="account.block")
    return carry_out(request, found, NoForm(), _block(request, found))


@page("accounts/<int:account>/unblock/", name="account_unblock", kinds=STAFF, right="account.block", methods=_BOTH)
def account_unblock(request: PersonRequest, account: int) -> HttpResponse:
    """Lift the staff block of all subscriptions of an account."""
    found = find_account(request.person, account, now=request.now, right="account.block")
    return carry_out(request, found, NoForm(), _unblock(request, found))


@page(f"{_SUBSCRIPTION}/block/", name="subscription_block", kinds=STAFF, right="account.block", methods=_BOTH)
def subscription_block(request: PersonRequest, account: int, subscription: UUID) -> HttpResponse:
    """Stop one subscription."""
    found, row = _both(request, account, subscription, "account.block")
    return carry_out(request, found, NoForm(), _block(request, found, row))


@page(f"{_SUBSCRIPTION}/unblock/", name="subscription_unblock", kinds=STAFF, right="account.block", methods=_BOTH)
def subscription_unblock(request: PersonRequest, account: int, subscription: UUID) -> HttpResponse:
    """Lift the staff block of one subscription."""
    found, row = _both(request, account, subscription, "account.block")
    return carry_out(request, found, NoForm(), _unblock(request, found, row))


def _block(request: PersonRequest, account: AccountRow, row: SubscriptionRow | None = None) -> Question:
    return _question(
        account,
        row,
        title=_("Block the subscription") if row else _("Block all subscriptions of the account"),
        lead=_("It stops at once and stays stopped until staff lift the block; other reasons stay as they are."),
        confirm=_("Block"),
        done=_("The block is set."),
        do=lambda _values: blocks.block(account.account_id, now=request.now, subscription=row.id if row else None),
        loses=_("While blocked nothing is charged; paid days run on."),
        danger=True,
    )


def _unblock(request: PersonRequest, account: AccountRow, row: SubscriptionRow | None = None) -> Question:
    return _question(
        account,
        row,
        title=_("Lift the staff block") if row else _("Lift the staff block of all subscriptions"),
        lead=_("What has no other reason to be stopped returns at once, if its charge fits."),
        confirm=_("Lift the block"),
        done=_("The block is lifted."),
        do=lambda _values: blocks.unblock(account.account_id, now=request.now, subscription=row.id if row else None),
    )


def _both(request: PersonRequest, account: int, subscription: UUID, right: str) -> tuple[AccountRow, SubscriptionRow]:
    """The account and its subscription; one that has ended takes no more orders."""
    found = find_account(request.person, account, now=request.now)
    row = find_subscription(request.person, account, subscription, right=right)
    if row.state == "ended":
        message = "The subscription has ended; order a new one."
        raise SubscriptionEnded(message, field="subscription")
    return found, row


def _names(row: SubscriptionRow) -> dict[str, str]:
    return {"plan": row.plan_code, "quantity": write_quantity(row.quantity)}


def _question(
    account: AccountRow,
    row: SubscriptionRow | None = None,
    *,
    do: Callable[[Values], object],
    done: str,
    loses: str = "",
    **words: Any,
) -> Question:
    """A question that leads back to where it was asked."""
    number = account.account_id
    back = reverse("subscription", args=[number, row.id]) if row else reverse("account", args=[number])
    return Question(back=back, wish=deed(done, do, loses), **words)

"""What a subscriber does about a service: change, cancel, keep after all, pause, resume."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django import forms
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from abono.features.billing import blocks, orders
from abono.features.billing.blocks import pause_days_left
from abono.features.catalogue.queries import plan_codes
from abono.features.subscriptions.standing import Standing, standing
from abono.interfaces.web.asking import NoForm, Question, Wish
from abono.interfaces.web.formats import amount as amount_text
from abono.interfaces.web.formats import day as day_text
from abono.interfaces.web.formats import number as number_text
from abono.interfaces.web.pages import SUBSCRIBER, PersonRequest, page
from abono.interfaces.web.reading import DayField, QuantityField, write_quantity
from abono.interfaces.web.subscriber.asking import ask_owner
from abono.interfaces.web.subscriber.notices import called
from abono.interfaces.web.subscriber.own import Own, own

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date
    from decimal import Decimal
    from uuid import UUID

    from django.http import HttpResponse


@dataclass(frozen=True)
class Case:
    """A request about one service of an own account."""

    request: PersonRequest
    own: Own
    one: Standing

    @property
    def name(self) -> str:
        """How the subscriber knows the service."""
        return called(self.one)

    @property
    def today(self) -> date:
        """The civil day of the request."""
        return self.own.operator.day(self.request.now)

    @property
    def at(self) -> dict[str, Any]:
        """What every operation on the service is told."""
        return {"account": self.own.id, "subscription": self.one.id, "now": self.request.now}

    @property
    def back(self) -> str:
        """Where the service's own page is."""
        return reverse("my_service", kwargs={"account": self.own.id, "subscription": self.one.id})


class ChangeForm(forms.Form):
    """Another plan or quantity, and from when."""

    plan = forms.ChoiceField(label=gettext_lazy("Plan"))
    quantity = QuantityField(label=gettext_lazy("Quantity"), whole=True)
    when = forms.ChoiceField(
        label=gettext_lazy("When"),
        choices=[
            ("later", gettext_lazy("When the period ends")),
            ("now", gettext_lazy("Now: what is left of the period is credited")),
        ],
        widget=forms.RadioSelect,
        initial="later",
    )

    def __init__(self, *args: Any, plans: list[str], present: Decimal, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        quantity = self.fields["quantity"]
        assert isinstance(quantity, QuantityField)  # noqa: S101 -- for the types
        quantity.present = present
        chosen = self.fields["plan"]
        assert isinstance(chosen, forms.ChoiceField)  # noqa: S101 -- for the types
        chosen.choices = [(code, code) for code in plans]


class PauseForm(forms.Form):
    """Until when; empty is until it is resumed."""

    until = DayField(
        label=gettext_lazy("Until"),
        required=False,
        help_text=gettext_lazy("The day on which it goes on. Leave it empty to resume it yourself."),
    )


def _address(verb: str) -> str:
    return f"my/services/<int:account>/<uuid:subscription>/{verb}/"


@page(_address("change"), name="my_change", kinds=SUBSCRIBER, right="subscription.change", methods=("GET", "POST"))
def my_change(request: PersonRequest, account: int, subscription: UUID) -> HttpResponse:
    """Another plan or quantity, at the end of the period or now; the present ones take a waiting change back."""
    case = _case(request, account, subscription, "subscription.change")
    sold = plan_codes(case.own.operator.id)
    plans = sold if case.one.plan_code in sold else [case.one.plan_code, *sold]
    waiting = case.one.next_plan_code is not None
    first = {
        "plan": case.one.next_plan_code or case.one.plan_code,
        "quantity": write_quantity(case.one.next_quantity or case.one.quantity),
        "when": "later",
    }
    form = ChangeForm(request.POST or None, plans=plans, present=case.one.quantity, initial=first)

    def wish(values: Mapping[str, Any]) -> Wish:
        now = values["when"] == "now"
        told = {"service": case.name, "plan": values["plan"], "quantity": number_text(values["quantity"])}
        if case.one.boundary:
            told["day"] = day_text(case.one.boundary, "long")
        if values["plan"] == case.one.plan_code and values["quantity"] == case.one.quantity:
            sentence = _("%(service)s stays as it is; a waiting change is taken back.") % told
        elif now or not case.one.boundary:
            sentence = _("%(service)s becomes %(plan)s, quantity %(quantity)s, at once.") % told
        else:
            sentence = _("%(service)s becomes %(plan)s, quantity %(quantity)s, on %(day)s.") % told
        return Wish(
            act=lambda: orders.change(
                **case.at, plan_code=values["plan"], quantity=values["quantity"], at_period_end=not now
            ),
            done=sentence,
            sentences=[sentence],
        )

    facts = [_("A change is waiting already. The last wish counts.")] if waiting else []
    question = Question(
        title=_("Change %(service)s") % {"service": case.name},
        confirm=_("Change"),
        wish=wish,
        facts=facts,
        back=case.back,
        back_label=case.name,
    )
    return ask_owner(request, case.own, form, question)


@page(_address("cancel"), name="my_cancel", kinds=SUBSCRIBER, right="subscription.cancel", methods=("GET", "POST"))
def my_cancel(request: PersonRequest, account: int, subscription: UUID) -> HttpResponse:
    """The end of a service at the end of what was paid; it says what is lost."""
    case = _case(request, account, subscription, "subscription.cancel")
    told = {"service": case.name}
    # An order that has not begun is over at once, and so is what has nothing paid to run out.
    later = case.one.runs and case.one.state != "pending"
    if later and case.one.boundary:
        told["day"] = day_text(case.one.boundary, "long")
        sentences = [_("%(service)s ends on %(day)s. Until then it works as before.") % told]
        sentences.append(_("Until then you can take this back."))
    elif later:
        sentences = [_("%(service)s ends when its kept days are over.") % told]
    else:
        sentences = [_("%(service)s ends at once, because nothing of it is paid.") % told]
    wish = Wish(
        act=lambda: orders.cancel(**case.at),
        done=sentences[0],
        sentences=sentences,
        lost=[_("Nothing is paid back. Once it has ended, it can only be ordered anew, at the price of that day.")],
    )
    question = Question(
        title=_("Cancel %(service)s") % told,
        confirm=_("Cancel this service"),
        wish=lambda _values: wish,
        danger=True,
        back=case.back,
        back_label=case.name,
    )
    return ask_owner(request, case.own, NoForm(), question)


@page(_address("keep"), name="my_keep", kinds=SUBSCRIBER, right="subscription.cancel", methods=("GET", "POST"))
def my_keep(request: PersonRequest, account: int, subscription: UUID) -> HttpResponse:
    """Take a cancellation back that has not taken effect."""
    case = _case(request, account, subscription, "subscription.cancel")
    sentence = _("%(service)s goes on. The cancellation is taken back.") % {"service": case.name}
    wish = Wish(act=lambda: orders.keep(**case.at), done=sentence, sentences=[sentence])
    question = Question(
        title=_("Keep %(service)s") % {"service": case.name},
        confirm=_("Keep it"),
        wish=lambda _values: wish,
        back=case.back,
        back_label=case.name,
    )
    return ask_owner(request, case.own, NoForm(), question)


@page(_address("pause"), name="my_pause", kinds=SUBSCRIBER, right="subscription.pause", methods=("GET", "POST"))
def my_pause(request: PersonRequest, account: int, subscription: UUID) -> HttpResponse:
    """Stop a service for a while, within the plan's limits."""
    case = _case(request, account, subscription, "subscription.pause")
    loses = case.one.pause == "lose" and case.one.charge == "advance"

    def wish(values: Mapping[str, Any]) -> Wish:
        until, left = values["until"], _days_left(case)
        told = {"service": case.name}
        if until:
            told["until"] = day_text(until, "long")
            sentence = _("%(service)s is paused from now until %(until)s.") % told
        elif left is not None:
            told["until"] = day_text(case.today + timedelta(days=left), "long")
            sentence = _("%(service)s is paused from now until you resume it, at the latest until %(until)s.") % told
        else:
            sentence = _("%(service)s is paused from now until you resume it.") % told
        return Wish(
            act=lambda: blocks.pause(**case.at, until=until),
            done=sentence,
            sentences=[sentence],
            lost=[_("The paid days run on during the pause.")] if loses else [],
        )

    question = Question(
        title=_("Pause %(service)s") % {"service": case.name},
        confirm=_("Pause"),
        wish=wish,
        facts=_limits_of_pause(case),
        back=case.back,
        back_label=case.name,
    )
    return ask_owner(request, case.own, PauseForm(request.POST or None), question)


@page(_address("resume"), name="my_resume", kinds=SUBSCRIBER, right="subscription.pause", methods=("GET", "POST"))
def my_resume(request: PersonRequest, account: int, subscription: UUID) -> HttpResponse:
    """End a pause: what was kept runs again, or the return is tried."""
    case = _case(request, account, subscription, "subscription.pause")
    sentence = _("The pause of %(service)s ends now.") % {"service": case.name}
    wish = Wish(act=lambda: blocks.resume(**case.at), done=sentence, sentences=[sentence])
    question = Question(
        title=_("Resume %(service)s") % {"service": case.name},
        confirm=_("Resume"),
        wish=lambda _values: wish,
        facts=_limits_of_pause(case),
        back=case.back,
        back_label=case.name,
    )
    return ask_owner(request, case.own, NoForm(), question)


def _case(request: PersonRequest, account: int, subscription: UUID, right: str) -> Case:
    mine = own(request, account, right=right)
    return Case(request, mine, standing(mine.id, subscription))


def _days_left(case: Case) -> int | None:
    return pause_days_left(case.own.id, case.one.id, case.today)


def _limits_of_pause(case: Case) -> list[str]:
    """What the plan says about pauses, as sentences."""
    one = case.one
    if one.pause == "none":
        return [_("This plan cannot be paused.")]
    facts = [_("No new period is charged during a pause.")]
    if one.charge == "advance":
        kept = one.pause == "freeze"
        facts.append(_("The paid days are kept.") if kept else _("The paid days run on."))
    if one.pause_min_days:
        days = ngettext(
            "A pause lasts at least %(days)s day.", "A pause lasts at least %(days)s days.", one.pause_min_days
        )
        facts.append(days % {"days": one.pause_min_days})
    left = _days_left(case)
    if left is not None:
        days = ngettext("%(days)s day of pause is left this year.", "%(days)s days of pause are left this year.", left)
        facts.append(days % {"days": left})
    if one.pause_fee:
        facts.append(_("A pause costs %(fee)s.") % {"fee": amount_text(one.pause_fee, case.own.currency)})
    return facts

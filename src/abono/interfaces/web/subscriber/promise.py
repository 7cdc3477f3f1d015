"""A promised payment of the subscriber's own, on the operator's terms."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.core.exceptions import ValidationError
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from abono.features.billing.promises import PromiseNotOffered, PromiseOffer, make_own_promise, promise_offer
from abono.features.billing.queries import outlook
from abono.interfaces.web.asking import Question, Wish
from abono.interfaces.web.formats import amount as amount_text
from abono.interfaces.web.formats import instant as instant_text
from abono.interfaces.web.pages import SUBSCRIBER, PersonRequest, page
from abono.interfaces.web.reading import AmountField, write_amount
from abono.interfaces.web.subscriber.asking import ask_owner
from abono.interfaces.web.subscriber.own import Own, own

if TYPE_CHECKING:
    from collections.abc import Mapping

    from django.http import HttpResponse


class PromiseForm(forms.Form):
    """How much is promised."""

    amount = AmountField(label=gettext_lazy("Amount you promise to pay"))

    def __init__(self, *args: Any, offer: PromiseOffer, currency: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.most, self.currency = offer.limit, currency
        field = self.fields["amount"]
        assert isinstance(field, AmountField)  # noqa: S101 -- for the types
        field.currency = currency
        field.help_text = _("Up to %(amount)s.") % {"amount": amount_text(offer.limit, currency)}

    def clean_amount(self) -> int:
        """No more than is offered."""
        amount: int = self.cleaned_data["amount"]
        if amount > self.most:
            most = amount_text(self.most, self.currency)
            raise ValidationError(_("Promise at most %(amount)s.") % {"amount": most}, code="out_of_range")
        return amount


@page(
    "my/promise/<int:account>/",
    name="my_promise",
    kinds=SUBSCRIBER,
    right="promise.create",
    methods=("GET", "POST"),
)
def my_promise(request: PersonRequest, account: int) -> HttpResponse:
    """Promise a payment: services go on, or return, as if it had arrived."""
    mine = own(request, account, right="promise.create")
    offer = promise_offer(mine.operator, mine.id, mine.currency, request.now)
    if offer is None or not offer.limit:
        message = "Promised payments are not offered here; pay, or ask the staff."
        raise PromiseNotOffered(message)
    missing = outlook(mine.operator, [mine.id], request.now)[mine.id].short_by
    first = write_amount(min(missing, offer.limit), mine.currency) if missing else ""
    form = PromiseForm(request.POST or None, offer=offer, currency=mine.currency, initial={"amount": first})
    return ask_owner(request, mine, form, _question(request, mine, offer))


def _question(request: PersonRequest, mine: Own, offer: PromiseOffer) -> Question:
    until = instant_text(offer.ends_at)
    fee = amount_text(offer.fee, mine.currency)

    def wish(values: Mapping[str, Any]) -> Wish:
        amount: int = values["amount"]
        told = {"amount": amount_text(amount, mine.currency), "until": until, "fee": fee}
        sentences = [
            _("You promise to pay %(amount)s until %(until)s. Until then it counts as if it were there.") % told
        ]
        if offer.fee:
            sentences.append(_("The promise costs %(fee)s, which is charged at once.") % told)
        sentences.append(_("What you pay repays the promise first."))
        return Wish(
            act=lambda: make_own_promise(mine.operator, mine.id, mine.currency, amount, now=request.now),
            done=_("You promised to pay %(amount)s until %(until)s.") % told,
            sentences=sentences,
        )

    facts = [_("A promise runs until %(until)s.") % {"until": until}]
    facts.append(_("It costs %(fee)s.") % {"fee": fee} if offer.fee else _("It costs nothing."))
    facts.append(_("There is one promise at a time."))
    return Question(
        title=_("Promise a payment"),
        lead=_("For when a payment is on its way: your services go on meanwhile."),
        back=reverse("home"),
        back_label=_("Home"),
        confirm=_("Promise"),
        wish=wish,
        facts=facts,
    )

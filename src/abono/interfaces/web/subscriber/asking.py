"""What subscribers do about their money: the pages and words of ``asking``, for an own account."""

from __future__ import annotations

from typing import TYPE_CHECKING

from abono.interfaces.web.asking import Question, Side, ask
from abono.interfaces.web.keys import sent_key
from abono.interfaces.web.refusing import blame, told

if TYPE_CHECKING:
    from django.forms import Form
    from django.http import HttpResponse

    from abono.base.refusal import Refusal
    from abono.features.billing.previews import Preview
    from abono.interfaces.web.pages import PersonRequest
    from abono.interfaces.web.subscriber.own import Own


def ask_owner(request: PersonRequest, own: Own, form: Form, question: Question) -> HttpResponse:
    """Ask whoever an account belongs to, show what would happen, do it."""
    return ask(request, _SUBSCRIBER, form, question, account_id=own.id, own=own)


def _blame(form: Form, refusal: Refusal, seen: Preview) -> None:
    """A refusal stands at the field that is to blame, if the form has it, and says how much money is missing."""
    blame(form, refusal, told(refusal, seen.short_by, seen.currency))


_SUBSCRIBER = Side(
    form="web/subscriber/ask.html",
    preview="web/subscriber/confirm.html",
    refused="web/subscriber/ask.html",
    key=sent_key,
    blame=_blame,
)

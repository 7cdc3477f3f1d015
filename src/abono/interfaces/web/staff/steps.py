"""What staff do at the counter: the pages and words of ``asking``, for an account that the person may see."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from abono.base.refusal import InvalidRequest, Refusal
from abono.interfaces.web import formats
from abono.interfaces.web.asking import Question, Side, Wish, ask
from abono.interfaces.web.refusing import blame, told

if TYPE_CHECKING:
    from collections.abc import Callable

    from django import forms
    from django.http import HttpRequest, HttpResponse

    from abono.features.access.people import Person
    from abono.features.accounts.queries import AccountRow
    from abono.features.billing.previews import Preview
    from abono.interfaces.web.pages import PersonRequest

_LONGEST_KEY = 100
Values = Mapping[str, Any]


def carry_out(request: PersonRequest, account: AccountRow, form: forms.Form, question: Question) -> HttpResponse:
    """Ask for a deed to an account, show what it would do, do it."""
    return ask(request, _STAFF, form, question, account_id=account.account_id, account=account)


def deed(done: str, do: Callable[[Values], object], loses: str = "") -> Callable[[Values], Wish]:
    """A wish that is told in the same words whatever the form says; ``do`` gets its values."""
    lost = [loses] if loses else []
    return lambda values: Wish(act=lambda: do(values), done=done, lost=lost)


def sentence(refusal: Refusal, short_by: int = 0, currency: str = "") -> str:
    """What a refusal says to people: amounts as they read them."""
    if refusal.code == "insufficient_funds" and short_by:
        return _("%(amount)s are missing: enter a payment of at least that much or give credit, then try again.") % {
            "amount": formats.amount(short_by, currency)
        }
    if refusal.code == "key_conflict":
        return _("This form was sent before with other values; open it again from the account.")
    return told(refusal)


def refuse(form: forms.Form, refusal: Refusal, short_by: int = 0, currency: str = "") -> None:
    """Put a refusal on the field that is to blame; that money is missing is no field's blame."""
    told_here = sentence(refusal, short_by, currency)
    if refusal.code == "insufficient_funds":
        form.add_error(None, told_here)
    else:
        blame(form, refusal, told_here)


def key_of(request: HttpRequest) -> str:
    """The idempotency key of a form. Raises InvalidRequest where it is missing: the form was not made by us."""
    key = request.POST.get("key", "")
    if not key or len(key) > _LONGEST_KEY or not key.isprintable():
        message = "Open the form again from its page."
        raise InvalidRequest(message, field="key")
    return f"web:{key}"


def rights_of(person: Person) -> dict[str, bool]:
    """What a person may do, for templates: ``{% if may.payment_create %}``."""
    return {right.replace(".", "_"): True for right in person.rights}


def _blame(form: forms.Form, refusal: Refusal, seen: Preview) -> None:
    refuse(form, refusal, seen.short_by, seen.currency)


_STAFF = Side(
    form="web/staff/ask.html",
    preview="web/staff/confirm.html",
    refused="web/staff/confirm.html",
    key=key_of,
    blame=_blame,
)

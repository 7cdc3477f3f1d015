"""A write at the counter in three steps: a form, a preview by the engine that writes nothing, and the deed.

Every page that moves money or changes a subscription is one call of ``carry_out``. What is refused comes back as the
form with what was typed; what was sent twice is done once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.http import HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import gettext as _

from abono.base.refusal import InvalidRequest, Refusal
from abono.features.access.people import Forbidden, NotFound
from abono.features.billing.previews import preview
from abono.interfaces.web import formats
from abono.interfaces.web.refusing import told

if TYPE_CHECKING:
    from collections.abc import Callable

    from django import forms
    from django.http import HttpResponse

    from abono.features.access.people import Person
    from abono.features.accounts.queries import AccountRow
    from abono.features.billing.previews import Preview
    from abono.interfaces.web.pages import PersonRequest

_REFUSED = 422
_LONGEST_KEY = 100
Values = dict[str, Any]


@dataclass(frozen=True)
class Deed:
    """What a page does: its words, where it leads, and the operation, which gets the form's values and the key."""

    title: str
    lead: str
    button: str
    done: str
    back: str
    do: Callable[[Values, str], object]
    loses: str = ""
    danger: bool = False


def carry_out(request: PersonRequest, account: AccountRow, form: forms.Form, deed: Deed) -> HttpResponse:
    """Show the form, then what would happen, then do it; see the module's first lines."""
    if request.method != "POST":
        if form.fields:
            return _form(request, account, form, deed)
        return _shown(request, account, form, deed)
    if not form.is_valid():
        return _form(request, account, form, deed, status=_REFUSED)
    step = request.POST.get("step", "")
    if step == "edit":
        return _form(request, account, form, deed)
    if step == "confirm":
        return _done(request, account, form, deed)
    return _shown(request, account, form, deed)


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
    """Put a refusal on the field that is to blame, or on the form."""
    field = refusal.field if refusal.field in form.fields and refusal.code != "insufficient_funds" else None
    form.add_error(field, sentence(refusal, short_by, currency))


def key_of(request: PersonRequest) -> str:
    """The idempotency key of a form. Raises InvalidRequest where it is missing: the form was not made by us."""
    key = request.POST.get("key", "")
    if not key or len(key) > _LONGEST_KEY or not key.isprintable():
        message = "Open the form again from its page."
        raise InvalidRequest(message, field="key")
    return f"web:{key}"


def _form(
    request: PersonRequest, account: AccountRow, form: forms.Form, deed: Deed, *, status: int = 200
) -> HttpResponse:
    return render(request, "web/staff/deed.html", {"account": account, "form": form, "deed": deed}, status=status)


def _shown(request: PersonRequest, account: AccountRow, form: forms.Form, deed: Deed) -> HttpResponse:
    """The preview; on a refusal the form again, or, where there is none, the same page without its button."""
    values = form.cleaned_data if form.is_bound else {}
    shown = _preview(request, account, values, deed)
    if shown.refusal is not None and form.fields:
        refuse(form, shown.refusal, shown.short_by, account.currency)
        return _form(request, account, form, deed, status=_REFUSED)
    status = 200 if shown.refusal is None else _REFUSED
    problem = "" if shown.refusal is None else sentence(shown.refusal, shown.short_by, account.currency)
    kept = [(name, value) for name in form.fields for value in request.POST.getlist(name)]
    page = {
        "account": account,
        "deed": deed,
        "preview": shown,
        "kept": kept,
        "problem": problem,
        "form": form,
        "answers": _answers(form),
    }
    return render(request, "web/staff/confirm.html", page, status=status)


def _answers(form: forms.Form) -> list[tuple[str, str]]:
    """What was filled in, in the words of the form."""
    answers = []
    for bound in form:
        value = str(bound.data or "")
        choices = getattr(bound.field, "choices", None)
        word = next((str(label) for key, label in choices if str(key) == value), value) if choices else value
        if value:
            answers.append((str(bound.label), word))
    return answers


def _preview(request: PersonRequest, account: AccountRow, values: Values, deed: Deed) -> Preview:
    def act() -> object:
        return deed.do(values, "preview")

    shown = preview(account.account_id, request.now, act)
    if isinstance(shown.refusal, NotFound | Forbidden):
        raise shown.refusal
    return shown


def _done(request: PersonRequest, account: AccountRow, form: forms.Form, deed: Deed) -> HttpResponse:
    key = key_of(request)
    try:
        deed.do(form.cleaned_data, key)
    except (NotFound, Forbidden):
        raise
    except Refusal as refusal:
        if not form.fields:
            return _shown(request, account, form, deed)
        # What is missing is asked of the engine once more: a refusal names no amount.
        shown = _preview(request, account, form.cleaned_data, deed)
        refuse(form, refusal, shown.short_by, account.currency)
        return _form(request, account, form, deed, status=_REFUSED)
    messages.success(request, deed.done)
    return HttpResponseRedirect(deed.back, status=303)


def rights_of(person: Person) -> dict[str, bool]:
    """What a person may do, for templates: ``{% if may.payment_create %}``."""
    return {right.replace(".", "_"): True for right in person.rights}

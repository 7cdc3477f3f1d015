"""Form, preview by the engine, confirmation: how a subscriber changes anything that is about money.

A form is sent with a ``step``: nothing of it is written for "preview" and "edit"; "confirm" does it, once per form.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.http import HttpResponseRedirect
from django.shortcuts import render

from abono.base.refusal import Refusal
from abono.features.access.people import Forbidden, NotFound
from abono.features.billing.previews import preview
from abono.interfaces.web.keys import sent_key
from abono.interfaces.web.refusing import told

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from django.forms import Form
    from django.http import HttpResponse

    from abono.features.billing.previews import Preview
    from abono.interfaces.web.pages import PersonRequest
    from abono.interfaces.web.subscriber.own import Own

_SEE_OTHER = 303
_REFUSED = 422


@dataclass(frozen=True)
class Wish:
    """What a filled form asks for: ``act`` with a key does it; the rest is told on the way.

    ``sentences`` say what will happen, ``lost`` what is lost by it, ``done`` what has happened.
    """

    act: Callable[[str | None], object]
    done: str
    sentences: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Question:
    """A page with a form: its texts, how values become a wish, and where to go afterwards (back, or ``done_at``)."""

    title: str
    back: str
    back_label: str
    confirm: str
    wish: Callable[[Mapping[str, Any]], Wish]
    lead: str = ""
    facts: list[str] = field(default_factory=list)
    danger: bool = False
    done_at: str = ""


def ask(request: PersonRequest, own: Own, form: Form, question: Question) -> HttpResponse:
    """Answer a request for a page with a form that is previewed before it is confirmed.

    A form without fields is previewed at once.
    """
    step = request.POST.get("step", "preview")
    if (request.method != "POST" and form.fields) or step == "edit":
        return _form(request, own, form, question)
    if not form.is_valid():
        return _form(request, own, form, question, status=_REFUSED)
    wish = question.wish(form.cleaned_data)
    if step == "confirm":
        try:
            wish.act(sent_key(request))
        except (NotFound, Forbidden):
            raise
        except Refusal as refusal:
            _blame(form, refusal, _shown(own, request.now, wish))
            return _form(request, own, form, question, status=_REFUSED)
        messages.success(request, wish.done)
        return HttpResponseRedirect(question.done_at or question.back, status=_SEE_OTHER)
    shown = _shown(own, request.now, wish)
    if isinstance(shown.refusal, NotFound | Forbidden):
        raise shown.refusal
    if shown.refusal is not None:
        _blame(form, shown.refusal, shown)
        status = _REFUSED if request.method == "POST" else 200
        return _form(request, own, form, question, status=status)
    values = {"own": own, "form": form, "question": question, "wish": wish, "shown": shown}
    return render(request, "web/subscriber/confirm.html", values)


def _shown(own: Own, now: datetime, wish: Wish) -> Preview:
    return preview(own.id, now, lambda: wish.act(None))


def _form(request: PersonRequest, own: Own, form: Form, question: Question, *, status: int = 200) -> HttpResponse:
    return render(request, "web/subscriber/ask.html", {"own": own, "form": form, "question": question}, status=status)


def _blame(form: Form, refusal: Refusal, shown: Preview) -> None:
    """A refusal stands at the field that is to blame, if the form has it, and says how much money is missing."""
    sentence = told(refusal, shown.short_by, shown.currency)
    form.add_error(refusal.field if refusal.field in form.fields else None, sentence)

"""A write in three steps: a form, a preview by the engine that writes nothing, and the deed.

    form ──preview──▸ what the engine would do ──confirm──▸ the deed, once per form ──▸ the page it leads to
     ▴ ◂──edit───────────────┘ ▴  refused                       │ │ refused
     │                         └── it would do something else ◂─┘ │
     └── what was typed, and the refusal at its field ◂───────────┘

Every page that moves money or changes a subscription is one call of ``ask``. Staff and subscribers have the same steps;
what each has of its own, pages, words and keys, is a ``Side``. The preview carries a mark of what it shows; what would
be something else by the time it is confirmed is not done but shown again.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import messages
from django.http import HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import gettext as _

from abono.base.refusal import Refusal
from abono.features.access.people import Forbidden, NotFound
from abono.features.billing.previews import confirm, preview
from abono.features.billing.prices import patiently
from abono.interfaces.web.pages import SEE_OTHER
from abono.interfaces.web.refusing import CHANGED, REFUSED
from abono.kernel.errors import InvalidValue

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from django.http import HttpRequest, HttpResponse

    from abono.features.billing.previews import Preview
    from abono.interfaces.web.pages import PersonRequest

_FRAME = frozenset({"csrfmiddlewaretoken", "key", "shown", "step"})
"""What a form sends beside its values."""


@dataclass(frozen=True)
class Wish:
    """What a filled form asks for: ``act`` does it, or is tried out.

    ``sentences`` say what will happen, ``lost`` what is lost by it, ``done`` what has happened.
    """

    act: Callable[[], object]
    done: str
    sentences: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Question:
    """A page with a form: its texts, how values become a wish, and where to go afterwards (back, or ``done_at``)."""

    title: str
    back: str
    confirm: str
    wish: Callable[[Mapping[str, Any]], Wish]
    back_label: str = ""
    lead: str = ""
    facts: list[str] = field(default_factory=list)
    danger: bool = False
    done_at: str = ""


class NoForm(forms.Form):
    """Nothing to fill in: it is previewed at once and only confirmed."""

    def __init__(self) -> None:
        super().__init__({})


@dataclass(frozen=True)
class Side:
    """What one side of the desk has of its own.

    Its templates: the page of the form, the page of the preview, and the page of what is refused where there is
    nothing to fill in. ``key`` reads the idempotency key of a form that was sent; ``blame`` puts a refusal on a form,
    in the side's words, with what is missing out of the preview.
    """

    form: str
    preview: str
    refused: str
    key: Callable[[HttpRequest], str | None]
    blame: Callable[[forms.Form, Refusal, Preview], None]


def ask(
    request: PersonRequest, side: Side, form: forms.Form, question: Question, *, account_id: int, **shown: object
) -> HttpResponse:
    """Answer a request for a page about an account with a form that is previewed before it is confirmed.

    ``shown`` is what the pages of this side are told beside it. Raises NotFound, Forbidden; every other refusal is told
    on the form.
    """
    page = {"form": form, "question": question, **shown}
    sent = request.method == "POST"
    step = request.POST.get("step", "") if sent else ""
    if not sent and form.fields:
        return render(request, side.form, page)
    if not form.is_valid() or step == "edit":
        return render(request, side.form, page, status=REFUSED if form.errors else 200)
    wish = question.wish(form.cleaned_data)
    told = (question.lead, wish.sentences, wish.lost)
    done, refusal = _done(request, side, wish, account_id, told) if step == "confirm" else (False, None)
    if done:
        messages.success(request, wish.done)
        return HttpResponseRedirect(question.done_at or question.back, status=SEE_OTHER)
    # What a refused deed lacks is asked of the engine as well: a refusal names no amount.
    seen = preview(account_id, request.now, wish.act)
    refusal = refusal or seen.refusal
    if refusal is None:
        changed = step == "confirm"
        shown = {**page, "wish": wish, "seen": seen, "mark": seen.mark(*told), "changed": changed}
        return render(request, side.preview, shown, status=CHANGED if changed else 200)
    if isinstance(refusal, NotFound | Forbidden):
        raise refusal
    side.blame(form, refusal, seen)
    return render(request, side.form if form.fields else side.refused, page, status=REFUSED if sent else 200)


class Shown:
    """What a page showed whose deed the engine does not preview; it is done only if that still holds.

    ``lock`` keeps what the page is about from being changed by others, ``look`` answers what it is decided by.
    """

    def __init__(self, request: HttpRequest, lock: Callable[[], object], look: Callable[[], object]) -> None:
        self.sent = request.POST.get("shown", "")
        self.lock, self.look, self.done, self.told = lock, look, False, False

    @property
    def mark(self) -> str:
        """The mark of what there is to see now."""
        return mark_of(self.look())

    @property
    def opened(self) -> str:
        """The mark of what the person saw who opened a form; once told of another's deed, of what there is now."""
        return self.mark if self.told or not self.sent else self.sent

    def save(self, act: Callable[[], object]) -> None:
        """Do it, if nobody else has saved since the form was opened. Raises InvalidValue."""
        if self.sent and not self.do(act):
            self.told = True
            message = _("Somebody else has saved this since you opened it. Saved once more, yours takes its place.")
            raise InvalidValue("invalid", "", message)
        if not self.sent:
            act()

    def do(self, act: Callable[[], object]) -> bool:
        """Do it, if what was shown still holds; answers whether it is done."""
        patiently(lambda: self._do(act))
        return self.done

    def _do(self, act: Callable[[], object]) -> None:
        self.lock()
        self.done = self.sent == self.mark
        if self.done:
            act()


def mark_of(told: object) -> str:
    """A digest of what a page tells."""
    return hashlib.sha256(repr(told).encode()).hexdigest()


def _done(
    request: PersonRequest, side: Side, wish: Wish, account_id: int, told: tuple[object, ...]
) -> tuple[bool, Refusal | None]:
    """Do it once under the form's key, if it is what was shown; answers whether it is done, or why not."""
    mark = request.POST.get("shown", "")
    sent = {name: request.POST.getlist(name) for name in request.POST if name not in _FRAME}
    try:
        return confirm(
            account_id,
            request.now,
            wish.act,
            shown=lambda seen: seen.mark(*told) == mark,
            key=side.key(request),
            asked={"action": "confirm", "page": request.path, "form": sent},
        ), None
    except (NotFound, Forbidden):
        raise
    except Refusal as refusal:
        return False, refusal

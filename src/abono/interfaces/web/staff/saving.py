"""How what staff compose is saved: under a code of its own, in one transaction, and the list or the page says so."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponseRedirect

from abono.kernel.errors import InvalidValue

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from django.http import HttpRequest, HttpResponse


def require_free(code: str, taken: Collection[str], sentence: str) -> None:
    """Raises InvalidValue with the sentence for a new code that is there already."""
    if code in taken:
        raise InvalidValue("invalid", "code", sentence)


def saved(request: HttpRequest, save: Callable[[], object], done: str, back: str) -> HttpResponse:
    """Save, say that it is done, and go on to an address. Raises what ``save`` raises; then nothing changed."""
    with transaction.atomic():
        save()
    messages.success(request, done)
    return HttpResponseRedirect(back, status=303)

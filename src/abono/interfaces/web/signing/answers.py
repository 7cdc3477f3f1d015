"""How a refusal gets to the form it belongs to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from django.forms import Form
    from django.utils.functional import _StrPromise

    from abono.base.refusal import Refusal

SEE_OTHER = 303
REFUSED = 422

SENTENCES: dict[str, _StrPromise] = {
    "last_administrator": _("The provider needs an administrator. Make somebody else one first."),
    "not_whole": _("Another operator lets this person in too. End the memberships of yours instead."),
    "duplicate_membership": _("This person is let in for that already. Look them up in the list."),
    "forbidden": _("You may not do this. Ask an administrator."),
}
"""What people read, by the code of a refusal; the sentence of the operation itself where there is none."""


def told(refusal: Refusal) -> str:
    """The sentence of a refusal."""
    return str(SENTENCES.get(refusal.code, refusal.message))


def refuse(form: Form, refusal: Refusal) -> None:
    """Put a refusal at its field, or above the form."""
    form.add_error(refusal.field if refusal.field in form.fields else None, told(refusal))

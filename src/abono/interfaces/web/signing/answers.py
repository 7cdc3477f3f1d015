"""How a refusal gets to the form it belongs to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from abono.interfaces.web.refusing import told

if TYPE_CHECKING:
    from django.forms import Form

    from abono.base.refusal import Refusal

SEE_OTHER = 303
REFUSED = 422


def refuse(form: Form, refusal: Refusal) -> None:
    """Put a refusal at its field, or above the form."""
    form.add_error(refusal.field if refusal.field in form.fields else None, told(refusal))

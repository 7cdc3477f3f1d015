"""How a refused form comes back: what was typed, and the sentence at the field that is to blame."""

from __future__ import annotations

from typing import TYPE_CHECKING

from abono.base.refusal import Refusal
from abono.features.access.people import Forbidden, NotFound
from abono.interfaces.web.refusing import told
from abono.kernel.errors import InvalidValue

if TYPE_CHECKING:
    from collections.abc import Callable

    from django import forms

REFUSED = 422


def tried(form: forms.Form, act: Callable[[], object]) -> bool:
    """Do something with a form's values; a refusal is put on the form, and the answer is False."""
    try:
        act()
    except (NotFound, Forbidden):
        raise
    except (Refusal, InvalidValue) as refusal:
        form.add_error(refusal.field if refusal.field in form.fields else None, told(refusal))
        return False
    return True

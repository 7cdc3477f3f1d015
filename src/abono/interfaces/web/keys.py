"""The idempotency keys of forms (see the tag ``form_key``)."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from abono.base.refusal import InvalidRequest

if TYPE_CHECKING:
    from django.http import HttpRequest


def sent_key(request: HttpRequest) -> str | None:
    """The key of a form that was sent; None if it had none. Raises InvalidRequest for one that no form of ours had."""
    sent = request.POST.get("key", "")
    if not sent:
        return None
    try:
        return f"web:{UUID(sent)}"
    except ValueError:
        message = "This form is damaged; open it anew and send it again."
        raise InvalidRequest(message, field="key") from None

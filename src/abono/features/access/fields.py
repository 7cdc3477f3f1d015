"""What people are called and written to: read strictly, since it goes into mails, headers and the audit trail."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from abono.base.refusal import InvalidRequest
from abono.base.texts import one_line
from abono.kernel.errors import InvalidValue
from abono.kernel.texts import refuse_unseen, spelled

_MOST_NAME = 200
_MOST_EMAIL = 254


def check_email(email: str) -> str:
    """The one spelling of an e-mail address: without spaces around it, in lower case. Raises InvalidRequest."""
    address = spelled(email).lower()
    try:
        refuse_unseen(address, "email")
        validate_email(address)
    except (ValidationError, InvalidValue):
        address = ""
    if not address or len(address) > _MOST_EMAIL:
        raise InvalidRequest("Write an e-mail address, such as name@example.com.", field="email")
    return address


def check_name(name: str) -> str:
    """The one spelling of a name. Raises InvalidRequest."""
    return one_line(name, "name", _MOST_NAME)

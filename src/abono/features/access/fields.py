"""What people are called and written to: read strictly, since it goes into mails, headers and the audit trail."""

from __future__ import annotations

import unicodedata

from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from abono.base.refusal import InvalidRequest

_MOST_NAME = 200
_MOST_EMAIL = 254


def check_email(email: str) -> str:
    """The one spelling of an e-mail address: without spaces around it, in lower case. Raises InvalidRequest."""
    address = email.strip().lower()
    try:
        validate_email(address)
    except ValidationError:
        address = ""
    if not address or len(address) > _MOST_EMAIL or _has_control(address):
        raise InvalidRequest("Write an e-mail address, such as name@example.com.", field="email")
    return address


def check_name(name: str) -> str:
    """A name of one line. Raises InvalidRequest."""
    called = name.strip()
    if len(called) > _MOST_NAME or _has_control(called):
        raise InvalidRequest(f"Write a name of one line, at most {_MOST_NAME} characters.", field="name")
    return called


def _has_control(text: str) -> bool:
    """Line breaks and other characters that are no text; a format character may hide what is written."""
    return any(unicodedata.category(each) in {"Cc", "Cf", "Zl", "Zp"} for each in text)

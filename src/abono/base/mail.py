"""Mail: put into the queue in the transaction of what it tells of, and sent by a worker afterwards."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.core.mail.backends import filebased
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

_LONGEST_NAME = 60
_QUOTES = str.maketrans(dict.fromkeys('"“”„‟«»', "'"))


def deliver(to: str, subject: str, text: str) -> None:
    """Hand one mail to the mail server, as plain text and as simple HTML. Raises whatever the server refuses with.

    A line break in a header would let somebody add headers: there is none in a subject, and an address with one fails.
    Only our own links are links: what tenants and strangers wrote is no way out of a mail that we send.
    """
    mail = EmailMultiAlternatives(" ".join(subject.split()), text, to=[to])
    mail.attach_alternative(render_to_string("base/mail.html", {"text": _with_own_links(text)}), "text/html")
    mail.send()


def name_in_mail(name: str) -> str:
    """A name that somebody gave, as mails name it: in quotation marks that it does not leave, and short."""
    name = " ".join(name.translate(_QUOTES).split())
    return f"“{name if len(name) <= _LONGEST_NAME else f'{name[: _LONGEST_NAME - 1]}…'}”"


def _with_own_links(text: str) -> SafeString:
    own = re.escape(escape(settings.URL.rstrip("/") + "/"))
    return mark_safe(re.sub(rf"(?<!\S){own}\S*", r'<a href="\g<0>">\g<0></a>', escape(text)))  # noqa: S308 -- it is escaped


def compose(template: str, locale: str, values: dict[str, object]) -> tuple[str, str]:
    """Subject and text of a mail in the receiver's language: ``<template>_subject.txt`` and ``<template>.txt``."""
    with translation.override(locale or "en"):
        subject = render_to_string(f"{template}_subject.txt", values)
        text = render_to_string(f"{template}.txt", values)
    return " ".join(subject.split()), text.strip() + "\n"


class PrivateFiles(filebased.EmailBackend):
    """Mails as files that nobody else on the machine can read: some hold links that let people in."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        Path(self.file_path).chmod(0o700)

    def _get_filename(self) -> str:
        """The file of this sender, made for its owner alone."""
        name = str(super()._get_filename())  # type: ignore[misc]
        Path(name).touch(mode=0o600)
        return name

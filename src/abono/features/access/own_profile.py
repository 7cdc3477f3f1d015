"""What people say about themselves: the name they are shown by and the language they read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction

from abono.base.refusal import InvalidRequest
from abono.base.sql import statements
from abono.base.trail import record
from abono.features.access.people import Forbidden

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from abono.features.access.people import Person

_sql = statements("abono.features.access", "own_profile")
LONGEST_NAME = 200


def edit_own_profile(person: Person, *, name: str, locale: str, locales: Collection[str], now: datetime) -> None:
    """Another name and language (one of ``locales``, or empty: the browser's). Raises InvalidRequest, Forbidden."""
    if person.user is None:
        message = "A program has no profile; give its key another name."
        raise Forbidden(message)
    plain = name.strip()
    if len(plain) > LONGEST_NAME or not all(each.isprintable() for each in plain):
        message = f"Write a name of at most {LONGEST_NAME} letters."
        raise InvalidRequest(message, field="name")
    if locale and locale not in locales:
        message = "Choose a language of the list."
        raise InvalidRequest(message, field="locale")
    with transaction.atomic():
        before = _sql.row("find", user=person.user)
        _sql.run("edit", user=person.user, name=plain, locale=locale)
        record(
            "person.edit",
            str(person.user),
            operator=person.operator,
            at=now,
            before={"name": before["name"], "locale": before["locale"]},
            after={"name": plain, "locale": locale},
        )

"""A form is confirmed as a browser confirms it: with the mark of the preview that was looked at."""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from django.db import connection, transaction

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from django.test import Client

_MARK = re.compile(r'name="shown" value="([0-9a-f]{64})"')


def mark_of(answer: Any) -> str:
    """The mark that a preview carries; empty where there is none to confirm."""
    found = _MARK.search(answer.content.decode())
    return found[1] if found else ""


def confirms(sent: Mapping[str, Any]) -> bool:
    """Whether a form is sent to confirm what was shown."""
    return "confirm" in {sent.get("step"), sent.get("confirm") and "confirm"}


def looked_at(client: Client, address: str, sent: Mapping[str, Any]) -> dict[str, Any]:
    """The form with the mark of its preview, which is looked at first."""
    if not confirms(sent) or "shown" in sent:
        return dict(sent)
    with _undone():  # a page that has no preview does it at once
        shown = client.post(address, {**unconfirmed(sent), "step": "preview"})
    return {**sent, "shown": mark_of(shown)}


@contextmanager
def _undone() -> Iterator[None]:
    """What is done inside never was; also where a walk undoes all of it later."""
    if connection.get_autocommit():
        with transaction.atomic():
            yield
            transaction.set_rollback(True)
        return
    sid = transaction.savepoint()
    yield
    transaction.savepoint_rollback(sid)


def unconfirmed(sent: Mapping[str, Any]) -> dict[str, Any]:
    """What was typed into a form that is sent to confirm it."""
    return {name: value for name, value in sent.items() if name not in {"step", "confirm"}}

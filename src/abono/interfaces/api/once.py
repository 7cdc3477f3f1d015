"""``Idempotency-Key``: the same call again gets the first answer again, and nothing is done twice."""

from __future__ import annotations

import hashlib
import json
import re
from datetime import timedelta
from typing import TYPE_CHECKING

from django.http import HttpResponse

from abono.base.refusal import InvalidRequest, KeyConflict
from abono.base.sql import statements

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from abono.interfaces.api.calls import Call
    from abono.interfaces.api.replies import Reply

HEADER = "Idempotency-Key"
LONGEST_KEY = 100
ONE_KEY = r"^[!#-+\--:<-\[\]-~]+$"
"""Visible ASCII but for quotes, commas, semicolons and backslashes: a header that came twice is joined by a comma."""
KEPT = timedelta(days=2)
"""How long an answer is kept at least; a day is promised."""

_sql = statements("abono.interfaces.api", "once")


def key_of(call: Call) -> str | None:
    """The key that a call carries, if it does. Raises InvalidRequest."""
    key = call.headers.get(HEADER)
    if key is None:
        return None
    if not re.search(ONE_KEY, key) or len(key) > LONGEST_KEY:
        message = (
            f"Send the header once, with a key of 1 to {LONGEST_KEY} visible ASCII characters such as a UUID, without"
            ' spaces and " , ; \\.'
        )
        raise InvalidRequest(message, field=HEADER)
    return key


def answer_once(call: Call, act: Callable[[], Reply]) -> HttpResponse:
    """Do what is asked and keep the answer under the call's key; in the caller's transaction, which a refusal ends.

    A call at the same moment under the same key waits for this one. Raises KeyConflict where the key stood for
    something else.
    """
    key = key_of(call)
    if key is None:
        return act().response()
    owner, asked = call.owner, _digest(call)
    if not _sql.rows("claim", owner=owner, key=key, request=asked, now=call.now):
        return _first_answer(owner, key, asked)
    reply = act()
    if not reply.effect:
        _sql.run("drop", owner=owner, key=key)
        return reply.response()
    kept = reply.as_kept()
    _sql.run("keep", owner=owner, key=key, status=kept.status, location=kept.location, body=kept.text)
    return reply.response()


def _first_answer(owner: int, key: str, asked: bytes) -> HttpResponse:
    found = _sql.row("find", owner=owner, key=key)
    if bytes(found["request"]) != asked:
        message = f"The key {key!r} was used before for a different request; use a new key."
        raise KeyConflict(message, field=HEADER)
    response = HttpResponse(found["body"], status=found["status"], content_type="application/json")
    if found["location"]:
        response["Location"] = found["location"]
    response["Idempotent-Replayed"] = "true"
    return response


def _digest(call: Call) -> bytes:
    """What is asked, whatever the order of its fields."""
    body = json.loads(call.body) if call.body else None
    asked = [call.method, call.path, sorted(call.GET.lists()), body]
    return hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).digest()


def forget(now: datetime) -> int:
    """Drop the answers that were kept long enough; answers how many."""
    return _sql.run("forget", before=now - KEPT)

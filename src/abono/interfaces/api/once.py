"""``Idempotency-Key``: the same call again gets the first answer again, and nothing is done twice."""

from __future__ import annotations

import hashlib
import json
import re
import zlib
from datetime import timedelta
from typing import TYPE_CHECKING

from django.http import HttpResponse

from abono.base.refusal import InvalidRequest, KeyConflict, Refusal
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

MOST_LARGE = 1_000
"""So many large answers of one key are kept at a time: 10,000 refusals each, and yet nothing was written but them."""
_LARGE = 4_096

_sql = statements("abono.interfaces.api", "once")


class TooManyAnswers(Refusal):
    """As many large answers are kept for the key as may."""

    code = "too_many_answers"


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
    something else, TooManyAnswers.
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
    large = _is_large(kept.text)
    _sql.run("keep", owner=owner, key=key, status=kept.status, location=kept.location, body=kept.text, large=large)
    if large and _sql.row("count_large", owner=owner, most=MOST_LARGE + 1)["kept"] > MOST_LARGE:
        message = (
            f"{MOST_LARGE} large answers are kept for this key already; send less in a call, or send it without"
            f" {HEADER}, with a key in each event."
        )
        raise TooManyAnswers(message, field=HEADER)
    return reply.response()


def _is_large(text: str) -> bool:
    """Whether an answer takes more room than what it tells of: long and of many different things, such as refusals."""
    return len(text) > _LARGE and len(zlib.compress(text.encode(), 1)) > _LARGE


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

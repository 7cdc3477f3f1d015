"""Keys that make a call repeatable: the same request again gets the first answer again."""

from __future__ import annotations

import json
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from uuid import UUID

from abono.base.refusal import KeyConflict
from abono.base.sql import statements

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

_sql = statements("abono.base", "once")


def asked(action: str, **request: object) -> dict[str, object]:
    """What is asked, as it is compared: everything that the caller may choose, each value written in one way only."""
    return {"action": action} | {name: _written(value) for name, value in request.items()}


def _written(value: object) -> object:
    match value:
        case None | bool() | int() | str():
            return value
        case Decimal():
            return f"{value.normalize():f}"
        case UUID():
            return str(value)
        case date():
            return value.isoformat()
        case timedelta():
            return value // timedelta(microseconds=1)
    message = f"{type(value).__name__} cannot be compared under a key"
    raise TypeError(message)


def first_answer(account: int, key: str | None, request: Mapping[str, object]) -> dict[str, Any] | None:
    """What was answered the first time, or nothing if the key is new (or absent).

    Call it with the account locked. Raises KeyConflict if the key stood for another request.
    """
    if key is None:
        return None
    found = _sql.rows("find", account=account, key=key)
    if not found:
        return None
    # Django hands JSON columns of its own cursors over as text.
    if json.loads(found[0]["request"]) != request:
        message = f"The key {key!r} was used before for a different request; use a new key."
        raise KeyConflict(message, field="key")
    answer: dict[str, Any] = json.loads(found[0]["answer"])
    return answer


def is_kept(account: int, key: str) -> bool:
    """Whether something was done under the key. Call it with the account locked."""
    return bool(_sql.rows("find", account=account, key=key))


def keep_answer(
    account: int,
    operator: int,
    key: str | None,
    request: Mapping[str, object],
    answer: Mapping[str, object],
    now: datetime,
) -> None:
    """Remember the answer in the transaction that earned it."""
    if key is not None:
        _sql.run(
            "keep_answer",
            account=account,
            operator=operator,
            key=key,
            request=json.dumps(request),
            answer=json.dumps(answer),
            now=now,
        )

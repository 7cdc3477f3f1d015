"""Questions about webhooks."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from abono.base.paging import Page, checked, page_of
from abono.base.paging import after as place_after
from abono.base.sql import statements
from abono.features.access.people import NotFound

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from abono.features.access.people import Person

_sql = statements("abono.features.webhooks", "webhooks")
_PAGE = 50
_BIGINT = 2**63
STATES = ("waiting", "heard", "given_up")
"""What becomes of a telling: it waits for its next attempt, was answered with a 2xx, or was given up after a day."""


@dataclass(frozen=True)
class Ears:
    """Which endpoints hear of an operator, and the mark after which every new row's id sorts."""

    endpoints: Sequence[int]
    mark: UUID


@dataclass(frozen=True)
class Endpoint:
    """An address that is told of an operator's subtree; ``types`` empty means all.

    One that has failed since ``failing_since`` is left alone until ``retry_at``.
    """

    id: int
    operator_id: int
    operator_name: str
    url: str
    types: Sequence[str]
    made_by: str
    made_at: datetime
    disabled_at: datetime | None
    old_until: datetime | None
    failing_since: datetime | None
    retry_at: datetime | None


@dataclass(frozen=True)
class Delivery:
    """The telling of an event to an endpoint. ``account_id`` 0: it concerns no account. ``data`` is what is told.

    ``status`` and ``error`` are of the latest attempt, which was at ``tried_at``; the next is at ``due_at``.
    """

    account_id: int
    id: UUID
    event_id: UUID
    operator_id: int
    type: str
    at: datetime
    data: dict[str, Any]
    state: str
    attempts: int
    due_at: datetime | None
    status: int | None
    error: str
    tried_at: datetime | None


def number_of(event: UUID) -> str:
    """The number under which an event is told: the same each time, so that a receiver knows it again."""
    return f"msg_{event.hex}"


def ears_of(operator: int) -> Ears:
    """Who hears of an operator, asked at the beginning of a transaction that may have something to tell."""
    return Ears(**_sql.row("ears", operator=operator))


def list_endpoints(person: Person, *, after: str | None = None, limit: int = _PAGE) -> Page[Endpoint]:
    """The endpoints of the person's operators, the newest first. Raises Forbidden, InvalidRequest."""
    person.require("webhook.view")
    place = place_after(after, int) or (_BIGINT - 1,)
    rows = _sql.rows(
        "endpoints", operators=list(person.operators), endpoint=None, after=place[0], most=checked(limit) + 1
    )
    return page_of([Endpoint(**row) for row in rows], limit, lambda each: (each.id,))


def find_endpoint(person: Person, endpoint: int, right: str = "webhook.view") -> Endpoint:
    """One of the person's endpoints. Raises Forbidden, NotFound."""
    person.require(right)
    found: list[dict[str, Any]] = []
    if 0 < endpoint < _BIGINT:
        found = _sql.rows("endpoints", operators=list(person.operators), endpoint=endpoint, after=_BIGINT - 1, most=1)
    if not found:
        message = "There is no such endpoint; look it up in the list."
        raise NotFound(message, field="endpoint")
    return Endpoint(**found[0])


def secret_of(person: Person, endpoint: int) -> str:
    """The secret by which an endpoint recognises what Abono sends. Raises Forbidden, NotFound."""
    find_endpoint(person, endpoint, "webhook.change")
    return str(_sql.row("secret", endpoint=endpoint)["secret"])


def list_deliveries(
    person: Person, endpoint: int, *, state: str = "", type_: str = "", after: str | None = None, limit: int = _PAGE
) -> Page[Delivery]:
    """What an endpoint was told or is to be told, the newest first; of one state and type only where they are given.

    Raises Forbidden, NotFound, InvalidRequest.
    """
    find_endpoint(person, endpoint)
    place = place_after(after, UUID) or (None,)
    rows = _sql.rows(
        "deliveries",
        endpoint=endpoint,
        delivery=None,
        state=state,
        type=type_,
        after=place[0],
        most=checked(limit) + 1,
    )
    return page_of([_delivery(row) for row in rows], limit, lambda each: (each.id,))


def find_delivery(person: Person, endpoint: int, delivery: UUID, right: str = "webhook.view") -> Delivery:
    """One telling of an endpoint's. Raises Forbidden, NotFound."""
    find_endpoint(person, endpoint, right)
    found = _sql.rows("deliveries", endpoint=endpoint, delivery=delivery, state="", type="", after=None, most=1)
    if not found:
        message = "There is no such delivery; look it up in the list."
        raise NotFound(message, field="delivery")
    return _delivery(found[0])


def _delivery(row: dict[str, Any]) -> Delivery:
    payload = row.pop("payload")
    return Delivery(data=json.loads(payload) if isinstance(payload, str) else payload, **row)

"""Questions about webhooks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from abono.base.sql import statements
from abono.features.access.people import NotFound

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    from abono.features.access.people import Person

_sql = statements("abono.features.webhooks", "webhooks")
_PAGE = 50


@dataclass(frozen=True)
class Ears:
    """Which endpoints hear of an operator, and the mark after which every new row's id sorts."""

    endpoints: Sequence[int]
    mark: UUID


@dataclass(frozen=True)
class Endpoint:
    """An address that is told of an operator's subtree; ``types`` empty means all."""

    id: int
    operator_id: int
    operator_name: str
    url: str
    types: Sequence[str]
    made_by: str
    made_at: datetime
    disabled_at: datetime | None
    old_until: datetime | None


def ears_of(operator: int) -> Ears:
    """Who hears of an operator, asked at the beginning of a transaction that may have something to tell."""
    return Ears(**_sql.row("ears", operator=operator))


def endpoints_of(person: Person) -> list[Endpoint]:
    """The endpoints of the person's operators, the newest first. Raises Forbidden."""
    person.require("webhook.view")
    return [Endpoint(**row) for row in _sql.rows("endpoints", operators=list(person.operators))]


def find_endpoint(person: Person, endpoint: int, right: str = "webhook.view") -> Endpoint:
    """One of the person's endpoints. Raises Forbidden, NotFound."""
    person.require(right)
    for each in endpoints_of(person):
        if each.id == endpoint:
            return each
    message = "There is no such endpoint; look it up in the list."
    raise NotFound(message)


def secret_of(person: Person, endpoint: int) -> str:
    """The secret by which an endpoint recognises what Abono sends. Raises Forbidden, NotFound."""
    find_endpoint(person, endpoint, "webhook.change")
    return str(_sql.row("secret", endpoint=endpoint)["secret"])


def deliveries_of(person: Person, endpoint: int, before: UUID | None = None, most: int = _PAGE) -> list[dict[str, Any]]:
    """The newest tellings of an endpoint's, before one of them. Raises Forbidden, NotFound."""
    find_endpoint(person, endpoint)
    return _sql.rows("deliveries", endpoint=endpoint, before=before, most=most)

"""Writes on webhooks: endpoints, and what they are told."""

from __future__ import annotations

import base64
import json
import secrets
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db import transaction

from abono.base.outgoing.addresses import judge_url
from abono.base.refusal import InvalidRequest, Refusal
from abono.base.sql import statements
from abono.base.trail import record
from abono.features.access.people import NotFound, Person
from abono.features.webhooks.queries import Ears, Endpoint, find_endpoint
from abono.features.webhooks.types import TEST, TYPES, rights_to_hear

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from datetime import datetime
    from uuid import UUID

_sql = statements("abono.features.webhooks", "webhooks")
MOST_ENDPOINTS = 50
"""Of one operator: every event is written once for each of them."""
MOST_OF_TENANT = 500
"""Of an operator below the provider and all below it: whoever makes operators makes no endpoints without end."""


def tell(
    ears: Ears,
    type_: str,
    source: UUID,
    payload: Mapping[str, object],
    *,
    operator: int,
    now: datetime,
    account: int = 0,
) -> None:
    """Something happened, once for its ``source``: in this transaction it is noted who must be told."""
    if not ears.endpoints:
        return
    told = json.dumps(dict(payload), default=str)
    _sql.run(
        "tell",
        account=account,
        operator=operator,
        type=type_,
        source=source,
        at=now,
        payload=told,
        endpoints=list(ears.endpoints),
    )
    deliver_soon()


def deliver_soon() -> None:
    """Once this transaction has committed, a worker delivers at once and not at the next minute."""
    transaction.on_commit(_wake)


def _wake() -> None:
    from procrastinate.exceptions import AlreadyEnqueued

    from abono.features.webhooks.tasks import deliver_due

    with suppress(AlreadyEnqueued):
        deliver_due.defer()


class EndpointDisabled(Refusal):
    """The endpoint is switched off: it is told nothing."""

    code = "endpoint_disabled"


class TooManyEndpoints(Refusal):
    """The operator, or its tenant, has as many endpoints as one may have."""

    code = "too_many_endpoints"


class TestWaits(Refusal):
    """A test is on its way to the endpoint already."""

    code = "test_waits"


@dataclass(frozen=True)
class Added:
    """A new endpoint, and the secret that signs what it is told."""

    id: int
    secret: str


@dataclass(frozen=True)
class Rotated:
    """The secret that signs from now on; until ``old_until`` the one before does as well."""

    secret: str
    old_until: datetime


def add_endpoint(person: Person, operator: int, url: str, types: Collection[str], *, now: datetime) -> Added:
    """A new address to tell, for who may see what it is told.

    Raises Forbidden, NotFound, InvalidRequest, PrivateAddress, TooManyEndpoints.
    """
    person.require("webhook.change")
    person.require_operator(operator)
    _judge(person, url, types)
    secret = _new_secret()
    with transaction.atomic():
        _judge_number(operator)
        added = _sql.row(
            "add_endpoint",
            operator=operator,
            url=url,
            types=sorted(types),
            secret=secret,
            made_by=person.name,
            user=person.user,
            key=person.key,
            now=now,
        )
        record("webhook.add", str(added["id"]), operator=operator, at=now, after={"url": url, "types": sorted(types)})
    return Added(int(added["id"]), secret)


def change_endpoint(person: Person, endpoint: int, url: str, types: Collection[str], *, now: datetime) -> None:
    """Another address or other types; whoever says so answers for the endpoint from now on, as for a new one.

    Raises Forbidden, NotFound, InvalidRequest, PrivateAddress.
    """
    found = find_endpoint(person, endpoint, "webhook.change")
    _judge(person, url, types)
    with transaction.atomic():
        _sql.run("change_endpoint", endpoint=endpoint, url=url, types=sorted(types), now=now)
        _take_over(person, endpoint)
        before = {"url": found.url, "types": list(found.types)}
        after = {"url": url, "types": sorted(types)}
        record("webhook.change", str(endpoint), operator=found.operator_id, at=now, before=before, after=after)


def rotate_secret(person: Person, endpoint: int, *, now: datetime) -> Rotated:
    """A new secret; for a day messages carry the signatures of both. Raises Forbidden, NotFound."""
    found = find_endpoint(person, endpoint, "webhook.change")
    secret = _new_secret()
    with transaction.atomic():
        old_until: datetime = _sql.row("rotate", endpoint=endpoint, secret=secret, now=now)["old_until"]
        record("webhook.rotate", str(endpoint), operator=found.operator_id, at=now)
    return Rotated(secret, old_until)


def switch_endpoint(person: Person, endpoint: int, *, enabled: bool, now: datetime) -> None:
    """Tell an endpoint no more, or again from now on, if it does not stand so already.

    Whoever switches it on answers for it from now on, and has to have the right to what it is told. Raises Forbidden,
    NotFound.
    """
    found = find_endpoint(person, endpoint, "webhook.change")
    if (found.disabled_at is None) == enabled:
        return
    if enabled:
        _require_to_hear(person, found.types)
    with transaction.atomic():
        _sql.run("switch", endpoint=endpoint, enabled=enabled, now=now)
        if enabled:
            _take_over(person, endpoint)
        record("webhook.switch", str(endpoint), operator=found.operator_id, at=now, after={"enabled": enabled})


def replay(person: Person, endpoint: int, account: int, delivery: UUID, *, now: datetime) -> None:
    """Tell one event once more, under its old number. Raises Forbidden, NotFound, EndpointDisabled."""
    found = _listening(person, endpoint)
    with transaction.atomic():
        if not _sql.run("replay", account=account, delivery=delivery, endpoint=endpoint, now=now):
            message = "There is no such delivery that could be repeated; one that still waits is tried by itself."
            raise NotFound(message, field="delivery")
        _sql.run("try_now", endpoint=endpoint)
        record("webhook.replay", str(delivery), operator=found.operator_id, at=now)
        deliver_soon()


def replay_since(person: Person, endpoint: int, since: datetime, *, now: datetime) -> int:
    """Tell everything that was given up since an instant once more; answers how many.

    Raises Forbidden, NotFound, EndpointDisabled.
    """
    found = _listening(person, endpoint)
    with transaction.atomic():
        count = _sql.run("replay_since", endpoint=endpoint, since=since, now=now)
        _sql.run("try_now", endpoint=endpoint)
        after = {"since": since, "count": count}
        record("webhook.replay", str(endpoint), operator=found.operator_id, at=now, after=after)
        deliver_soon()
    return count


def send_test(person: Person, endpoint: int, *, now: datetime) -> UUID:
    """Tell an endpoint of nothing but that it is told; answers the delivery, by which one sees what came of it.

    Raises Forbidden, NotFound, EndpointDisabled, TestWaits.
    """
    found = _listening(person, endpoint)
    payload = json.dumps({"endpoint": endpoint})
    with transaction.atomic():
        _sql.run("try_now", endpoint=endpoint)  # of two at the same moment the second waits here
        if _sql.row("test_waits", endpoint=endpoint, type=TEST)["waits"]:
            message = "A test is on its way to this endpoint already; look at its deliveries to see what came of it."
            raise TestWaits(message, field="endpoint")
        told = _sql.row("test", endpoint=endpoint, operator=found.operator_id, type=TEST, payload=payload, now=now)
        record("webhook.test", str(endpoint), operator=found.operator_id, at=now)
        deliver_soon()
    delivery: UUID = told["id"]
    return delivery


def _listening(person: Person, endpoint: int) -> Endpoint:
    """An endpoint that may be told something. Raises Forbidden, NotFound, EndpointDisabled."""
    found = find_endpoint(person, endpoint, "webhook.change")
    if found.disabled_at is not None:
        message = "The endpoint is switched off and is told nothing; switch it on first."
        raise EndpointDisabled(message, field="endpoint")
    return found


def _judge_number(operator: int) -> None:
    """Whether an operator may have one more endpoint. Raises TooManyEndpoints."""
    found = _sql.row("count_endpoints", operator=operator)
    if found["endpoints"] >= MOST_ENDPOINTS:
        message = f"An operator may have {MOST_ENDPOINTS} endpoints; change one of them, or take a program between."
        raise TooManyEndpoints(message)
    if found["of_tenant"] >= MOST_OF_TENANT:
        message = f"An operator and all below it may have {MOST_OF_TENANT} endpoints; one hears of several operators."
        raise TooManyEndpoints(message)


def _judge(person: Person, url: str, types: Collection[str]) -> None:
    judge_url(url)
    if set(types) - set(TYPES):
        message = f"Choose types among: {', '.join(TYPES)}; none means all."
        raise InvalidRequest(message, field="types")
    _require_to_hear(person, types)


def _require_to_hear(person: Person, types: Collection[str]) -> None:
    """Raise Forbidden unless the person may see what these types tell (none: all)."""
    for right in sorted(rights_to_hear(types)):
        person.require(right)


def _take_over(person: Person, endpoint: int) -> None:
    _sql.run("take_over", endpoint=endpoint, made_by=person.name, user=person.user, key=person.key)


def _new_secret() -> str:
    """As Standard Webhooks writes one."""
    return f"whsec_{base64.b64encode(secrets.token_bytes(32)).decode('ascii')}"

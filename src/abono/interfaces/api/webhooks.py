"""Webhooks: the addresses that are told what happens, and what they were told."""

from typing import Annotated, Any, Literal

from ninja import Query
from pydantic import Field

from abono.base.paging import Page
from abono.features.webhooks import operations
from abono.features.webhooks.queries import (
    STATES,
    find_delivery,
    find_endpoint,
    list_deliveries,
    list_endpoints,
    number_of,
)
from abono.features.webhooks.queries import Delivery as DeliveryRow
from abono.features.webhooks.queries import Endpoint as EndpointRow
from abono.features.webhooks.types import TEST, TYPES
from abono.interfaces.api.calls import Call, endpoint
from abono.interfaces.api.lists import Listed
from abono.interfaces.api.replies import Reply, gone, made
from abono.interfaces.api.subscriptions import Nothing
from abono.interfaces.api.values import Answer, Body, Cursor, Flag, GivenId, GivenInstant, Id, Instant, Key, Paging

TAG = "Webhooks"
ONE = "/webhooks/{endpoint}"
_SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwVQbG2Z1jFhI="  # noqa: S105 -- an example

Type = Annotated[Literal[TYPES], Field(examples=["payment.received"])]  # type: ignore[valid-type]  # made of a constant
AnyType = Annotated[Literal[(*TYPES, TEST)], Field(examples=["payment.received"])]  # type: ignore[valid-type]
State = Annotated[Literal[STATES], Field(examples=["heard"])]  # type: ignore[valid-type]
Types = Annotated[
    list[Type], Field(max_length=len(TYPES), description="What it wants to hear of; an empty list means all.")
]
Url = Annotated[
    str,
    Field(
        min_length=1,
        max_length=2000,
        pattern=r"^[^\x00-\x20\x7f-\x9f]*$",
        description="An address of the public Internet, with https:// (or http://) and no user name in it.",
        examples=["https://example.com/abono"],
    ),
]


class Webhook(Answer):
    """An address that hears of an operator and of all below it. Its secret is told once, when it is made."""

    id: Id
    operator: Id
    url: Url
    types: Types
    enabled: Annotated[bool, Field(examples=[True])]
    made_by: Annotated[str, Field(examples=["anna@example.com"])]
    made_at: Instant
    disabled_at: Annotated[Instant | None, Field(examples=[None])]
    failing_since: Annotated[
        Instant | None,
        Field(description="When its latest attempts began to fail; null while it answers.", examples=[None]),
    ]
    retry_at: Annotated[
        Instant | None,
        Field(
            description="Until then nothing is sent to it, because it fails; a test or a replay does not wait.",
            examples=[None],
        ),
    ]
    old_secret_until: Annotated[
        Instant | None, Field(description="Until then the secret before the latest one signs as well.", examples=[None])
    ]


class Webhooks(Answer):
    """A page of endpoints, the newest first."""

    items: list[Webhook]
    next: Cursor | None


class NewWebhook(Body):
    """An address to tell."""

    url: Url
    types: Annotated[Types, Field(default_factory=list)]
    operator: Annotated[GivenId | None, Field(description="Of whom it hears; the key's own if not given.")] = None


class ChangedWebhook(Body):
    """What is to change; what is not given stays."""

    url: Url | None = None
    types: Types | None = None
    enabled: Annotated[Flag | None, Field(description="Whether it is told anything.", examples=[True])] = None


class MadeWebhook(Webhook):
    """An endpoint that was made, with its secret."""

    secret: Annotated[
        str | None,
        Field(
            description="Signs what is sent (Standard Webhooks). It is told once: a repeated call gets null.",
            examples=[_SECRET],
        ),
    ]


class NewSecret(Answer):
    """The secret that signs from now on."""

    secret: Annotated[str | None, Field(description="It is told once: a repeated call gets null.", examples=[_SECRET])]
    old_secret_until: Annotated[Instant, Field(description="Until then the old one signs as well.")]


class Delivery(Answer):
    """The telling of an event to an endpoint; `status`, `error` and `tried_at` are of the latest attempt."""

    id: Key
    event: Annotated[
        str,
        Field(
            description="The header `webhook-id`: the same each time the event is told.",
            examples=["msg_019b77157e887f608a5241d5ce1f5c6f"],
        ),
    ]
    type: AnyType
    at: Annotated[Instant, Field(description="When it happened.")]
    operator: Id
    account: Annotated[Id | None, Field(description="Null where it concerns no account.")]
    state: State
    attempts: Annotated[int, Field(examples=[1])]
    due_at: Annotated[Instant | None, Field(description="When it is tried next.", examples=[None])]
    status: Annotated[int | None, Field(description="What the endpoint answered, if it did.", examples=[204])]
    error: Annotated[str, Field(examples=[""])]
    tried_at: Instant | None


class Deliveries(Answer):
    """A page of deliveries, the newest first."""

    items: list[Delivery]
    next: Cursor | None


class DeliveryDetail(Delivery):
    """A delivery with what it tells."""

    data: Annotated[
        dict[str, Any],
        Field(
            description="As in the message; amounts are whole minor units.",
            examples=[{"account": "100200", "amount_minor": 7000, "currency": "EUR"}],
        ),
    ]


class DeliveriesFilter(Paging):
    """Which deliveries."""

    state: State | None = None
    type: AnyType | None = None


class NewReplay(Body):
    """From when on."""

    since: Annotated[
        GivenInstant,
        Field(
            description="What happened from then on and was given up is told again.", examples=["2026-02-01T00:00:00Z"]
        ),
    ]


class Replayed(Answer):
    """How much is told again."""

    count: Annotated[int, Field(examples=[3])]


def _shown(row: EndpointRow) -> Webhook:
    return Webhook(
        operator=row.operator_id, enabled=row.disabled_at is None, old_secret_until=row.old_until, **_same(row)
    )


def _same(row: EndpointRow) -> dict[str, Any]:
    same = ("id", "url", "types", "made_by", "made_at", "disabled_at", "failing_since", "retry_at")
    return {name: getattr(row, name) for name in same}


def _told(row: DeliveryRow) -> dict[str, Any]:
    same = ("id", "type", "at", "state", "attempts", "due_at", "status", "error", "tried_at")
    return {
        "event": number_of(row.event_id),
        "operator": row.operator_id,
        "account": row.account_id or None,
        **{name: getattr(row, name) for name in same},
    }


def _detail(row: DeliveryRow) -> DeliveryDetail:
    return DeliveryDetail(data=row.data, **_told(row))


@endpoint("GET", "/webhooks", right="webhook.view", tag=TAG, answer=Webhooks)
def list_webhooks(request: Call, wanted: Query[Paging]) -> Reply:
    """List the endpoints of the operator and those below it.

    The newest first, those that are switched off among them.
    """

    def ask(after: str | None, limit: int) -> Page[EndpointRow]:
        return list_endpoints(request.person, after=after, limit=limit)

    return Listed(ask, Webhook, _shown, Webhooks).page_reply(request, wanted)


@endpoint(
    "POST", "/webhooks", right="webhook.change", tag=TAG, answer=MadeWebhook, status=201,
    refusals=("private_address", "too_many_endpoints", "not_found"),
)  # fmt: skip
def make_webhook(request: Call, body: NewWebhook) -> Reply:
    """Add an address to tell.

    It hears of what happens from now on. The secret is in the answer and in no other.
    """
    person = request.person
    added = operations.add_endpoint(person, body.operator or person.operator, body.url, body.types, now=request.now)
    answer = MadeWebhook(secret=added.secret, **_shown(find_endpoint(person, added.id, "webhook.change")).model_dump())
    return made(answer, f"/webhooks/{added.id}", kept=answer.model_copy(update={"secret": None}))


@endpoint("GET", ONE, right="webhook.view", tag=TAG, answer=Webhook)
def get_webhook(request: Call, endpoint: Id) -> Webhook:
    """Show an endpoint.

    Without its secret.
    """
    return _shown(find_endpoint(request.person, endpoint))


@endpoint("PATCH", ONE, right="webhook.change", tag=TAG, answer=Webhook, refusals=("private_address",))
def change_webhook(request: Call, endpoint: Id, body: ChangedWebhook) -> Webhook:
    """Change an endpoint, or switch it off or on.

    What waits is told to the new address. What happens while it is off is never told.
    """
    person, now = request.person, request.now
    found = find_endpoint(person, endpoint, "webhook.change")
    if body.url is not None or body.types is not None:
        types = found.types if body.types is None else body.types
        operations.change_endpoint(person, endpoint, body.url or found.url, types, now=now)
    if body.enabled is not None:
        operations.switch_endpoint(person, endpoint, enabled=body.enabled, now=now)
    return _shown(find_endpoint(person, endpoint, "webhook.change"))


@endpoint("DELETE", ONE, right="webhook.change", tag=TAG, answer=None, status=204)
def disable_webhook(request: Call, endpoint: Id) -> Reply:
    """Switch an endpoint off.

    It is told nothing more. It stays in the list with what it was told, and can be switched on again.
    """
    operations.switch_endpoint(request.person, endpoint, enabled=False, now=request.now)
    return gone()


@endpoint("POST", f"{ONE}/secret", right="webhook.change", tag=TAG, answer=NewSecret)
def rotate_webhook_secret(request: Call, endpoint: Id, body: Nothing) -> Reply:
    """Make a new secret.

    For a day messages carry the signatures of both, so that nothing is lost while the program learns the new one.
    """
    rotated = operations.rotate_secret(request.person, endpoint, now=request.now)
    answer = NewSecret(secret=rotated.secret, old_secret_until=rotated.old_until)
    return Reply(answer, kept=answer.model_copy(update={"secret": None}))


@endpoint(
    "POST", f"{ONE}/test", right="webhook.change", tag=TAG, answer=DeliveryDetail, status=202,
    refusals=("endpoint_disabled", "test_waits"),
)  # fmt: skip
def send_webhook_test(request: Call, endpoint: Id, body: Nothing) -> Reply:
    """Send an endpoint a test.

    An event `webhook.test`, whatever types it wants. Ask for the delivery again to see what came of it.
    """
    person = request.person
    told = find_delivery(person, endpoint, operations.send_test(person, endpoint, now=request.now), "webhook.change")
    return Reply(_detail(told), status=202, location=f"/api/v1/webhooks/{endpoint}/deliveries/{told.id}")


@endpoint("GET", f"{ONE}/deliveries", right="webhook.view", tag=TAG, answer=Deliveries)
def list_webhook_deliveries(request: Call, endpoint: Id, wanted: Query[DeliveriesFilter]) -> Reply:
    """List what an endpoint was told.

    The newest first, what waits among them.
    """

    def ask(after: str | None, limit: int) -> Page[DeliveryRow]:
        return list_deliveries(
            request.person, endpoint, state=wanted.state or "", type_=wanted.type or "", after=after, limit=limit
        )

    return Listed(ask, Delivery, lambda row: Delivery(**_told(row)), Deliveries).page_reply(request, wanted)


@endpoint("GET", f"{ONE}/deliveries/{{delivery}}", right="webhook.view", tag=TAG, answer=DeliveryDetail)
def get_webhook_delivery(request: Call, endpoint: Id, delivery: Key) -> DeliveryDetail:
    """Show a delivery.

    With what it tells, and what came of the latest attempt.
    """
    return _detail(find_delivery(request.person, endpoint, delivery))


@endpoint(
    "POST", f"{ONE}/deliveries/{{delivery}}/replay", right="webhook.change", tag=TAG, answer=DeliveryDetail,
    status=202, refusals=("endpoint_disabled",),
)  # fmt: skip
def replay_webhook_delivery(request: Call, endpoint: Id, delivery: Key, body: Nothing) -> DeliveryDetail:
    """Tell one event once more.

    Under its old number, to the address as it is now. One that still waits is tried by itself: 404.
    """
    person = request.person
    found = find_delivery(person, endpoint, delivery, "webhook.change")
    operations.replay(person, endpoint, found.account_id, delivery, now=request.now)
    return _detail(find_delivery(person, endpoint, delivery, "webhook.change"))


@endpoint(
    "POST", f"{ONE}/replays", right="webhook.change", tag=TAG, answer=Replayed, status=202,
    refusals=("endpoint_disabled",),
)  # fmt: skip
def replay_webhook_deliveries(request: Call, endpoint: Id, body: NewReplay) -> Replayed:
    """Tell again what was given up since an instant.

    After a receiver was down for longer than a day, for example.
    """
    return Replayed(count=operations.replay_since(request.person, endpoint, body.since, now=request.now))

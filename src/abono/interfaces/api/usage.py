"""Usage: events reported one by one or in batches."""

from decimal import Decimal
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from abono.features.billing import metering
from abono.features.billing.using import SENTENCES, TOO_MANY, UseRefused
from abono.features.catalogue.use_terms import MOST_NAME, MOST_VALUE
from abono.features.usage.events import MOST_PROPERTIES, Use
from abono.features.usage.operations import COUNTED, MOST, REPEATED
from abono.features.usage.queries import quotas_of
from abono.interfaces.api.calls import Call, endpoint
from abono.interfaces.api.replies import Reply
from abono.interfaces.api.subscriptions import ONE
from abono.interfaces.api.values import Answer, Body, Code, GivenId, GivenInstant, Id, Key, plain

TAG = "Usage"
_SHORT = "The account cannot pay for what this opens; let it be topped up and send the event again."
_BEYOND = f"Of what charges on use, {metering.AT_ONCE} events of a batch are counted; send this one in the next."
_REFUSALS = (*SENTENCES, "insufficient_funds")
_OF_BATCHES = (*_REFUSALS, TOO_MANY)
PRINTABLE = r"^[^\x00-\x1f\x7f-\x9f]*$"
Measure = Annotated[
    str,
    Field(
        pattern=r"^-?[0-9]{1,15}(\.[0-9]{1,12})?$",
        description="A decimal string in the service's unit; below 0 it takes back (of seats: gives them up).",
        examples=["1.5"],
    ),
]
Taken = Annotated[str, Field(description="A decimal string in the service's unit.")]
EventKey = Annotated[
    str,
    Field(
        min_length=1,
        max_length=200,
        pattern=PRINTABLE,
        description="Unique per account: an event that is sent again under its key is counted once.",
        examples=["meter-7-000017"],
    ),
]
PropertyName = Annotated[str, Field(min_length=1, max_length=MOST_NAME, pattern=PRINTABLE)]
PropertyValue = Annotated[str, Field(min_length=1, max_length=MOST_VALUE, pattern=PRINTABLE)]
Result = Annotated[Literal[(COUNTED, REPEATED, *_OF_BATCHES)], Field(examples=[COUNTED])]  # type: ignore[valid-type]


class UsageEvent(Body):
    """So much of a service was used by a subscription."""

    account: GivenId
    subscription: Key
    service: Annotated[Code, Field(examples=["calls"])]
    quantity: Measure
    time: Annotated[
        GivenInstant | None,
        Field(description="When; now if not given. Not in the future.", examples=["2026-01-31T21:00:00Z"]),
    ] = None
    key: EventKey | None = None
    properties: Annotated[
        dict[PropertyName, PropertyValue] | None,
        Field(
            max_length=MOST_PROPERTIES,
            description="What a plan's filters look at, and what a service counts the different values of.",
            examples=[{"colour": "yes", "size": "A3"}],
        ),
    ] = None


class UsageBatch(Body):
    """Events of any accounts."""

    events: Annotated[list[UsageEvent], Field(min_length=1, max_length=MOST)]


class UsageAnswer(Answer):
    """What became of an event."""

    result: Annotated[Literal["counted", "repeated"], Field(examples=[COUNTED])]


class SeatsChange(Body):
    """So many seats come or go."""

    service: Annotated[Code, Field(examples=["people"])]
    change: Annotated[Measure, Field(description="How many come; below 0: go.", examples=["2"])]
    time: Annotated[
        GivenInstant | None,
        Field(description="Since when; now if not given. Not in the future.", examples=["2026-01-31T21:00:00Z"]),
    ] = None
    key: EventKey | None = None


class SeatsAnswer(UsageAnswer):
    """What became of it, and how the seats stand now."""

    service: Annotated[Code, Field(examples=["people"])]
    taken: Annotated[Taken, Field(examples=["7"])]
    included: Annotated[Taken, Field(examples=["5"])]
    over: Annotated[Taken, Field(examples=["2"])]


class RefusedEvent(Answer):
    """An event that was not counted; its key may be used again."""

    event: Annotated[int, Field(description="Its place in the batch, from 0.", examples=[2])]
    code: Annotated[Literal[_OF_BATCHES], Field(examples=["quota_exceeded"])]  # type: ignore[valid-type]
    field: Annotated[str, Field(description="The dotted path of what is to blame.", examples=["events.2.quantity"])]
    detail: Annotated[str, Field(description="What to do.", examples=[SENTENCES["quota_exceeded"][1]])]


class UsageBatchAnswer(Answer):
    """What became of a batch: `results` has a word for every event, in the order of the batch."""

    counted: Annotated[int, Field(examples=[2])]
    repeated: Annotated[int, Field(examples=[0])]
    results: Annotated[list[Result], Field(examples=[[COUNTED, COUNTED, "quota_exceeded"]])]
    refused: list[RefusedEvent]


@endpoint("POST", "/usage", right=metering.RIGHT, tag=TAG, answer=UsageAnswer, refusals=_REFUSALS)
def record_usage(request: Call, body: UsageEvent) -> UsageAnswer:
    """Report an event.

    It counts in the quota period that contains its time; if that one is over, in the running one. `repeated`: it had
    been counted before under its key, and nothing was added. What charges on use is paid in the same transaction.
    """
    counted = metering.report(request.person, _use(body), now=request.now)
    return UsageAnswer(result="counted" if counted else "repeated")


@endpoint("POST", "/usage/batch", right=metering.RIGHT, tag=TAG, answer=UsageBatchAnswer)
def record_usage_batch(request: Call, body: UsageBatch) -> Reply:
    """Report up to 10,000 events.

    Those that are counted are counted together, before the answer. A refused event holds none of the others up. After a
    lost answer send the same batch again: what has a key is counted once. A batch that does not fit the schema is
    refused whole, and nothing of it is counted. A batch may have 4 MiB. What charges on use is counted event by event,
    at most 500 of a batch; those beyond are `too_many` and are sent again in the next one.
    """
    results = metering.report_many(request.person, [_use(each) for each in body.events], now=request.now)
    counted, repeated = results.count(COUNTED), results.count(REPEATED)
    refused = []
    if counted + repeated < len(results):
        refused = [_refused(place, code) for place, code in enumerate(results) if code not in {COUNTED, REPEATED}]
    answer = UsageBatchAnswer(counted=counted, repeated=repeated, results=results, refused=refused)
    return Reply(answer, effect=counted > 0)


@endpoint("POST", f"{ONE}/seats", right=metering.RIGHT, tag=TAG, answer=SeatsAnswer, refusals=_REFUSALS)
def change_seats(request: Call, account: Id, subscription: UUID, body: SeatsChange) -> SeatsAnswer:
    """Let seats come or go.

    Now, or from an instant before. What charges on use is paid in the same transaction. `repeated`: the change had been
    made before under its key, and nothing was added.
    """
    each = Use(account, subscription, body.service, Decimal(body.change), body.time, body.key)
    try:
        counted = metering.change_seats(request.person, each, now=request.now)
    except UseRefused as refused:
        field = "change" if refused.field == "quantity" else refused.field
        raise UseRefused(refused.message, field=field, code=refused.code) from None
    row = next(row for row in quotas_of([account], request.now, subscription) if row.service == body.service)
    return SeatsAnswer(
        result="counted" if counted else "repeated",
        service=row.service,
        taken=plain(row.used),
        included=plain(row.included),
        over=plain(row.over),
    )


def _use(event: UsageEvent) -> Use:
    return Use(
        event.account,
        event.subscription,
        event.service,
        Decimal(event.quantity),
        event.time,
        event.key,
        event.properties,
    )


def _refused(place: int, code: str) -> RefusedEvent:
    field, sentence = SENTENCES.get(code, ("account", _BEYOND if code == TOO_MANY else _SHORT))
    return RefusedEvent(event=place, code=code, field=f"events.{place}.{field}", detail=sentence)

"""API keys: listed, made and revoked."""

from typing import Annotated, Any, Literal

from django.http import HttpResponse
from ninja import Query
from pydantic import Field

from abono.base.paging import Page
from abono.features.access import operations, queries
from abono.features.access.rights import RIGHTS
from abono.interfaces.api.calls import Call, endpoint
from abono.interfaces.api.lists import Listed
from abono.interfaces.api.replies import Reply, gone, made
from abono.interfaces.api.values import Answer, Body, Cursor, GivenId, GivenInstant, Id, Instant, Name, Paging

Right = Annotated[Literal[RIGHTS], Field(examples=["account.view"])]  # type: ignore[valid-type]  # made of a constant


class ApiKey(Answer):
    """A key of a program. The secret itself is kept nowhere."""

    id: Id
    operator: Id
    name: Name
    prefix: Annotated[str, Field(description="How the key begins, to recognise it by.", examples=["abono_Xk3qZ"])]
    rights: Annotated[
        list[str],
        Field(description="What it may do: no more than who made it may do now. None left: it does not work."),
    ]
    made_by: Annotated[str, Field(examples=["anna@example.com"])]
    made_at: Instant
    expires_at: Instant | None
    last_used_at: Annotated[Instant | None, Field(description="To the minute.")]
    revoked_at: Instant | None


class ApiKeys(Answer):
    """A page of the keys that can be seen, the newest first."""

    items: list[ApiKey]
    next: Cursor | None


class NewKey(Body):
    """A key to make."""

    name: Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[^\x00-\x1f\x7f-\x9f]*$", examples=["Shop"])]
    rights: Annotated[list[Right], Field(min_length=1, max_length=len(RIGHTS))]
    operator: Annotated[
        GivenId | None, Field(description="Whose key; the calling key's own where it is not given.")
    ] = None
    expires_at: Annotated[GivenInstant | None, Field(examples=["2027-01-01T00:00:00Z"])] = None


class MadeKey(Answer):
    """A key that was made."""

    secret: Annotated[
        str | None,
        Field(
            description="What programs send. It is told once: a repeated call with the same key gets null.",
            examples=["abono_Xk3qZ0u1vJwq0B6Yy2dQ8sT4rP7nM5lK9hG3fD1aS0c"],
        ),
    ]
    name: Name
    rights: list[str]


@endpoint("GET", "/keys", right="key.view", tag="Keys", answer=ApiKeys, csv=True)
def list_keys(request: Call, wanted: Query[Paging]) -> Reply | HttpResponse:
    """List the API keys of the operator and those below it.

    The newest first; revoked and expired keys stay in the list. As CSV with `Accept: text/csv`.
    """

    def ask(after: str | None, limit: int) -> Page[dict[str, Any]]:
        return queries.list_keys(request.person, after=after, limit=limit)

    def make(row: dict[str, Any]) -> ApiKey:
        return ApiKey(operator=row["operator_id"], **{name: row[name] for name in ApiKey.model_fields if name in row})

    return Listed(ask, ApiKey, make, ApiKeys).reply(request, wanted)


@endpoint("POST", "/keys", right="key.change", tag="Keys", answer=MadeKey, status=201, refusals=("not_found",))
def make_key(request: Call, body: NewKey) -> Reply:
    """Make an API key.

    It cannot have a right that the calling key lacks, nor end later. What its maker, a person or a key, may do no more,
    it may not either. The secret is in the answer and nowhere else.
    """
    person = request.person
    secret = operations.add_key(
        person, body.operator or person.operator, body.name, body.rights, now=request.now, expires_at=body.expires_at
    )
    answer = MadeKey(secret=secret, name=body.name, rights=sorted(body.rights))
    return made(answer, "/keys", kept=answer.model_copy(update={"secret": None}))


@endpoint("DELETE", "/keys/{key}", right="key.change", tag="Keys", answer=None, status=204)
def revoke_key(request: Call, key: Id) -> Reply:
    """Revoke an API key.

    It stops working with this call. A key may revoke itself.
    """
    operations.revoke_key(request.person, key, now=request.now)
    return gone()

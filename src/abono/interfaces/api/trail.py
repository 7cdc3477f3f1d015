"""The audit trail: who did what, when, from where, before and after."""

from typing import Annotated, Any

from django.http import HttpResponse
from ninja import Query
from pydantic import Field

from abono.base.paging import Page
from abono.base.trail import TrailRow, list_trail
from abono.interfaces.api.calls import Call, endpoint
from abono.interfaces.api.lists import Listed
from abono.interfaces.api.replies import Reply
from abono.interfaces.api.values import Answer, Cursor, GivenInstant, Id, Instant, Key, Paging, Search


class TrailLine(Answer):
    """Something that was done. Amounts inside `before` and `after` are whole minor units."""

    at: Instant
    id: Key
    operator: Id
    account: Annotated[Id | None, Field(description="Null for what concerns no account.")]
    actor: Annotated[str, Field(examples=["Shop"])]
    origin: Annotated[str, Field(description="Through which door.", examples=["api"])]
    action: Annotated[str, Field(examples=["account.pay"])]
    subject: Annotated[str, Field(examples=["1024"])]
    before: Annotated[dict[str, Any] | None, Field(examples=[None])]
    after: Annotated[dict[str, Any] | None, Field(examples=[{"amount": 5000}])]


class Trail(Answer):
    """A page of the audit trail, the newest first."""

    items: list[TrailLine]
    next: Cursor | None


class TrailFilter(Paging):
    """Which lines."""

    actor: Annotated[Search, Field(description="Exactly this one.", examples=["Shop"])] = ""
    action: Annotated[Search, Field(description="How it begins.", examples=["account."])] = ""
    subject: Annotated[Search, Field(description="Exactly this one.", examples=["1024"])] = ""
    since: Annotated[GivenInstant | None, Field(description="RFC 3339.", examples=["2026-01-01T00:00:00Z"])] = None
    until: Annotated[GivenInstant | None, Field(description="Before it.", examples=["2026-02-01T00:00:00Z"])] = None


@endpoint("GET", "/audit", right="audit.view", tag="Audit trail", answer=Trail, csv=True)
def list_audit_trail(request: Call, wanted: Query[TrailFilter]) -> Reply | HttpResponse:
    """List the audit trail, the newest first.

    Everything that was done to the operators in reach and their accounts. As CSV with `Accept: text/csv`.
    """

    def ask(after: str | None, limit: int) -> Page[TrailRow]:
        return list_trail(
            request.person.scope,
            actor=wanted.actor,
            action=wanted.action,
            subject=wanted.subject,
            since=wanted.since,
            until=wanted.until,
            after=after,
            limit=limit,
        )

    def make(row: TrailRow) -> TrailLine:
        same = ("at", "id", "actor", "origin", "action", "subject", "before", "after")
        return TrailLine(
            operator=row.operator_id, account=row.account_id or None, **{name: getattr(row, name) for name in same}
        )

    return Listed(ask, TrailLine, make, Trail).reply(request, wanted)

"""Endpoints: every one is declared with its address, the right it needs, what it answers and what it may refuse.

An endpoint that is not declared has no address; the tests of rights and the reference walk all that are. A call is done
by the same operations and through the same ``access`` doors as the web's, inside the second wall.
"""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING, Any, cast, get_args

from django.db import OperationalError, transaction
from django.http import HttpRequest, HttpResponse
from ninja.security import HttpBearer
from pydantic import BaseModel

from abono.base.clock import require_right_clock
from abono.base.database import OPERATOR
from abono.base.refusal import Refusal
from abono.base.trail import acting
from abono.features.access.people import Person, wall_of
from abono.features.access.queries import key_in, person_of_key
from abono.interfaces.api.limits import Allowance, TooManyRequests, take
from abono.interfaces.api.once import answer_once
from abono.interfaces.api.replies import Reply
from abono.kernel.errors import InvalidValue

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from uuid import UUID

WRITING = frozenset({"POST", "PUT", "PATCH", "DELETE"})
_TRIES = 3
_DEADLOCK = "40P01"


class Busy(Refusal):
    """Others work on the same accounts; nothing was written."""

    code = "busy"


class Call(HttpRequest):
    """A request with a valid key: ``owner`` is the key's id, ``person`` the program that it makes of the caller."""

    id: UUID
    now: datetime
    person: Person
    owner: int
    allowance: Allowance


@dataclass(frozen=True)
class Endpoint:
    """A declared endpoint; ``right`` is empty where any valid key is enough, None where no key is needed."""

    method: str
    path: str
    right: str
    tag: str
    summary: str
    description: str
    answer: type[BaseModel] | None
    status: int
    refusals: tuple[str, ...]
    writes: bool
    csv: bool
    view: Callable[..., Any]

    @property
    def name(self) -> str:
        """What the reference calls it."""
        return self.view.__name__

    @property
    def once(self) -> bool:
        """Whether it may be repeated under a key."""
        return self.method == "POST" and self.writes


ENDPOINTS: list[Endpoint] = []


def endpoint(  # noqa: PLR0913 -- what an endpoint consists of
    method: str,
    path: str,
    *,
    right: str,
    tag: str,
    answer: type[BaseModel] | None,
    status: int = 200,
    refusals: tuple[str, ...] = (),
    writes: bool | None = None,
    csv: bool = False,
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Declare an endpoint. The first line of its docstring is the summary, the rest the description.

    What it raises is told as a problem; a call that writes is one transaction, with the answer that its
    ``Idempotency-Key`` keeps.
    """

    def declare(view: Callable[..., Any]) -> Callable[..., Any]:
        summary, _, description = inspect.cleandoc(view.__doc__ or "").partition("\n")
        ENDPOINTS.append(
            Endpoint(
                method=method,
                path=path,
                right=right,
                tag=tag,
                summary=summary.rstrip("."),
                description=description.strip(),
                answer=answer,
                status=status,
                refusals=refusals,
                writes=method in WRITING if writes is None else writes,
                csv=csv,
                view=view,
            )
        )
        return view

    return declare


class Key(HttpBearer):
    """An API key, sent as ``Authorization: Bearer abono_…``. What it may do is in its rights; see `GET /me`."""

    openapi_bearerFormat = "abono_…"  # noqa: N815 -- the name that ninja reads

    def __init__(self, right: str) -> None:
        super().__init__()
        self.right = right

    def __call__(self, request: HttpRequest) -> Person | None:
        """Let a valid key in, if it has not asked too much. Raises TooManyRequests, Forbidden."""
        call = cast("Call", request)
        secret = key_in(request.headers.get("Authorization", ""))
        person = person_of_key(secret, now=call.now) if secret else None
        if person is None or person.key is None:
            return None
        call.person, call.owner = person, person.key
        call.META[OPERATOR] = person.operator
        call.allowance = take(person.key, person.operator, call.now)
        if call.allowance.left < 0:
            message = "The key, or all keys of its operator together, asked too often; wait for Retry-After."
            raise TooManyRequests(message)
        if self.right:
            person.require(self.right)
        return person

    def authenticate(self, request: HttpRequest, token: str) -> Person | None:
        """Never called: the header is read above, strictly."""
        raise NotImplementedError


def guarded(declared: Endpoint) -> Callable[..., HttpResponse]:
    """The view behind an endpoint: it acts for the key's program, inside its wall."""
    known = query_names(declared)

    @wraps(declared.view)
    def view(request: Call, **values: Any) -> HttpResponse:
        _refuse_unknown(request, known)
        if declared.writes:
            require_right_clock(request.now)
        with acting(request.person.name, "api"), wall_of(request.person):

            def act() -> Reply:
                return cast("Reply", declared.view(request, **values))

            if declared.writes:
                return _write(request, declared, act)
            answer: Any = act()
            return answer if isinstance(answer, HttpResponse) else _reply(answer, declared).response()

    return view


def _write(request: Call, declared: Endpoint, act: Callable[[], Reply]) -> HttpResponse:
    """All of it in one transaction, again if others were in the way of the same accounts. Raises Busy."""

    def reply() -> Reply:
        return _reply(act(), declared)

    for patience in range(_TRIES, -1, -1):
        try:
            with transaction.atomic():
                return answer_once(request, reply) if declared.once else reply().response()
        except OperationalError as error:
            if getattr(error.__cause__, "sqlstate", "") != _DEADLOCK:
                raise
            if not patience:
                break
    message = "The accounts are being worked on; nothing was written, ask again in a moment."
    raise Busy(message)


def _reply(answer: Reply | BaseModel, declared: Endpoint) -> Reply:
    return answer if isinstance(answer, Reply) else Reply(answer, status=declared.status)


def query_names(declared: Endpoint) -> frozenset[str]:
    """The parameters that an endpoint has in its query."""
    names: set[str] = set()
    for name, parameter in inspect.signature(declared.view).parameters.items():
        if name in {"request", "body"} or f"{{{name}}}" in declared.path:
            continue
        base, *_ = get_args(parameter.annotation) or (parameter.annotation,)
        if isinstance(base, type) and issubclass(base, BaseModel):
            names.update(base.model_fields)
        else:
            names.add(name)
    return frozenset(names)


def _refuse_unknown(request: Call, known: frozenset[str]) -> None:
    for name, values in request.GET.lists():
        if name not in known:
            told = f"known here: {', '.join(sorted(known))}" if known else "there are none here"
            raise InvalidValue("unknown_field", name[:100], f"Remove this parameter; {told}.")
        if len(values) > 1:
            raise InvalidValue("invalid", name, "Give the parameter once.")

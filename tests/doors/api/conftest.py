"""A world of two sisters under a provider, with keys, and a caller that reads what the API answers."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

import pytest
from django.test import Client
from django.utils import timezone

from abono.features.access.operations import add_key
from abono.features.access.people import Person
from abono.features.access.rights import RIGHTS, Kind
from abono.features.operators.queries import subtree
from tests.features.worlds import LINE, account, operator

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from abono.features.operators.queries import Operator


@dataclass
class Caller:
    """A program with a key."""

    secret: str
    client: Client = field(default_factory=lambda: Client(raise_request_exception=False))

    def __call__(self, method: str, path: str, body: object = None, **headers: str) -> Answered:
        """One call; ``headers`` are written with underscores."""
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        if self.secret:
            given.setdefault("Authorization", f"Bearer {self.secret}")
        data = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        given_type = given.pop("Content-Type", "application/json")
        response = self.client.generic(method, f"/api/v1{path}", data, content_type=given_type, headers=given)
        return Answered(response.status_code, dict(response.items()), response.content)


@dataclass(frozen=True)
class Answered:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    content: bytes

    @property
    def body(self) -> Any:
        """The JSON of the answer."""
        return json.loads(self.content)

    @property
    def told(self) -> tuple[int, str]:
        """Status and code of a problem."""
        assert self.headers["Content-Type"] == "application/problem+json", self.content
        return self.status, self.body["code"]


def staff(seller: Operator) -> Person:
    """An administrator of an operator."""
    return Person(
        name="Anna",
        email="anna@example.com",
        kind=Kind.STAFF,
        role=None,
        rights=frozenset(RIGHTS),
        operator=seller.id,
        operators=tuple(subtree(seller.id)),
    )


def key_of(
    seller: Operator,
    rights: Collection[str] = RIGHTS,
    *,
    now: datetime | None = None,
    expires_at: datetime | None = None,
) -> str:
    """The secret of a new key of an operator."""
    return add_key(staff(seller), seller.id, "Shop", rights, now=now or timezone.now(), expires_at=expires_at)


@dataclass
class World:
    """Two operators that do not know each other; the first has an account with 100.00 and a subscription."""

    seller: Operator
    sister: Operator
    account: int
    foreign: int
    call: Caller
    theirs: Caller


@pytest.fixture
def world(transactional_db: None) -> World:  # noqa: ARG001 -- a database that calls commit to
    """A small world of its own."""
    seller, sister = operator(LINE), operator(LINE)
    return World(
        seller,
        sister,
        account(seller, 10_000, number="100200"),
        account(sister, 10_000, number="300400"),
        Caller(key_of(seller)),
        Caller(key_of(sister)),
    )

"""People of every kind for tests, made by the operations that people use."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

from abono.features.access.operations import add_membership, add_user
from abono.features.access.people import Person
from abono.features.access.queries import memberships_of, person_of
from abono.features.access.rights import Kind, Role

from .worlds import START

if TYPE_CHECKING:
    from abono.features.operators.queries import Operator


def staff(operator: Operator, role: Role = Role.ADMINISTRATOR) -> Person:
    """A member of an operator's staff."""
    return _person(operator, Kind.STAFF, role=role)


def agent(operator: Operator) -> Person:
    """An operator's agent."""
    return _person(operator, Kind.AGENT)


def subscriber(operator: Operator, *accounts: int) -> Person:
    """The subscriber of one or more accounts of an operator."""
    user = add_user(f"{uuid4()}@example.com", now=START)
    for account in accounts:
        add_membership(user, operator.id, Kind.SUBSCRIBER, now=START, account=account)
    return _of(user)


def _person(operator: Operator, kind: Kind, *, role: Role | None = None) -> Person:
    user = add_user(f"{uuid4()}@example.com", now=START)
    add_membership(user, operator.id, kind, now=START, role=role)
    return _of(user)


def _of(user: int) -> Person:
    person = person_of(user, "", f"{user}@example.com", "en", memberships_of(user))
    assert isinstance(person, Person)
    return person

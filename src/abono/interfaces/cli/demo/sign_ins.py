"""Who can sign in to the demo world."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db import transaction

from abono.base.sql import statements
from abono.base.trail import acting
from abono.features.access.operations import add_membership, add_user, set_password
from abono.features.access.queries import memberships_of
from abono.features.access.rights import Kind, Role

if TYPE_CHECKING:
    from datetime import datetime

    from abono.features.operators.queries import Operator

_STAFF = (
    ("admin@demo.example", "Ada Administrator", Role.ADMINISTRATOR),
    ("accountant@demo.example", "Boris Accountant", Role.ACCOUNTANT),
    ("manager@demo.example", "Mika Manager", Role.MANAGER),
    ("auditor@demo.example", "Olga Auditor", Role.AUDITOR),
)
_SUBSCRIBERS = 2
_GIVEN = 50
_sql = statements("abono.interfaces.cli.demo", "demo")


@dataclass(frozen=True)
class SignIn:
    """How somebody of the demo world signs in."""

    email: str
    password: str
    who: str


def sign_ins(operator: Operator, now: datetime) -> list[SignIn]:
    """The people of the demo world, made at the first call; each call gives them a new password."""
    password = f"demo-{secrets.token_urlsafe(9)}"
    found = []
    with acting("demo", "demo"), transaction.atomic():
        for email, name, role in _STAFF:
            member = _let_in(operator, email, name, password, now, kind=Kind.STAFF, role=role)
            if role is Role.MANAGER:
                _sql.run("give_to_manager", operator=operator.id, manager=member, most=_GIVEN)
            found.append(SignIn(email, password, f"{role}, {operator.name}"))
        agent = _let_in(operator, "agent@demo.example", "Selim Agent", password, now, kind=Kind.AGENT)
        _sql.run("give_to_agent", operator=operator.id, agent=agent, most=_GIVEN)
        found.append(SignIn("agent@demo.example", password, "agent"))
        for row in _sql.rows("some_accounts", operator=operator.id, most=_SUBSCRIBERS):
            email = f"subscriber-{row['number']}@demo.example"
            account = row["account_id"]
            _let_in(operator, email, row["name"], password, now, kind=Kind.SUBSCRIBER, account=account)
            found.append(SignIn(email, password, f"subscriber of account {row['number']}, {row['state']}"))
    return found


def _let_in(  # noqa: PLR0913 -- what a membership consists of
    operator: Operator,
    email: str,
    name: str,
    password: str,
    now: datetime,
    *,
    kind: Kind,
    role: Role | None = None,
    account: int | None = None,
) -> int:
    user = add_user(email, now=now, name=name)
    set_password(user, password)
    there = memberships_of(user)
    return there[0].id if there else add_membership(user, operator.id, kind, now=now, role=role, account=account)

"""A small world that staff look at: a provider, an operator below it, a stranger, and people of every role."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from django.contrib.auth import get_user_model
from django.db import connection
from django.test import Client
from django.utils import timezone
from tests.features.worlds import START

from abono.features.access.operations import add_membership, add_user
from abono.features.access.rights import Kind, Role
from abono.features.accounts.operations import open_account
from abono.features.billing import money, orders
from abono.features.catalogue.operations import save_catalogue
from abono.features.catalogue.terms import parse_catalogue
from abono.features.operators.operations import add_operator

if TYPE_CHECKING:
    from uuid import UUID

    from abono.features.operators.queries import Operator

BACKEND = "allauth.account.auth_backends.AuthenticationBackend"
HOSTILE = "<script>alert(1)</script>\"'&"
CATALOGUE: dict[str, Any] = {
    "services": {"line": {"kind": "onoff"}},
    "plans": {
        "line": {"price": "10.00", "period": "month", "services": {"line": {}}},
        "big": {"price": "30.00", "period": "month", "services": {"line": {}}},
        "year": {"price": "100.00", "period": "year", "services": {"line": {}}},
    },
}


def seller(code: str, name: str = "Test") -> Operator:
    """An operator with three plans."""
    made = add_operator(code, name, {"currency": "EUR", "time_zone": "UTC"})
    save_catalogue(made, parse_catalogue(CATALOGUE, "EUR"), now=START)
    return made


def signed_in(
    operator: Operator, kind: Kind = Kind.STAFF, role: Role | None = None, account: int | None = None
) -> Client:
    """A client of somebody who is let in."""
    user = add_user(f"{uuid4()}@example.com", now=START, name="Anna Example")
    add_membership(user, operator.id, kind, now=START, role=role, account=account)
    client = Client()
    client.force_login(get_user_model().objects.get(pk=user), BACKEND)
    return client


@dataclass
class World:
    """An operator with an account (50.00) that has a line; a stranger with the same."""

    operator: Operator
    stranger: Operator
    account: int
    line: UUID
    foreign: int
    foreign_line: UUID
    clients: dict[Role, Client] = field(default_factory=dict)

    def __getitem__(self, role: Role) -> Client:
        """The client of somebody of a role; a manager has the account."""
        if role not in self.clients:
            self.clients[role] = signed_in(self.operator, role=role)
        return self.clients[role]

    @property
    def boss(self) -> Client:
        """An administrator's client."""
        return self[Role.ADMINISTRATOR]


def world() -> World:
    """Make it."""
    one, other = seller(f"one-{uuid4()}", "South"), seller(f"other-{uuid4()}", "Stranger")
    now = timezone.now()
    accounts = []
    for operator in (one, other):
        account = open_account(operator, "1001", now=now, name="Ivanov")
        money.pay(account, 6_000, now=now)
        accounts.append((account, orders.subscribe(account, "line", now=now, unit="camera 7")))
    return World(one, other, accounts[0][0], accounts[0][1], accounts[1][0], accounts[1][1])


def everything() -> dict[str, Any]:
    """All rows that a write could touch, to see that it touched none.

    A claim and an instant only say who looked last, and when.
    Rates are no promise to anybody: they are settled when a price is asked for.
    """
    tables = (
        *("ledger_account", "ledger_entry", "ledger_grant", "subscriptions_subscription", "subscriptions_transition"),
        *("billing_charge", "accounts_profile", "accounts_note", "accounts_number", "base_trail", "notices_notice"),
        "base_once",
    )
    found = {}
    with connection.cursor() as cursor:
        for table in tables:
            cursor.execute(
                f"SELECT md5(string_agg(d.row, '|' ORDER BY d.row)) FROM"
                f" (SELECT (to_jsonb(t) - '{{claim,reached_at}}'::text[])::text AS row FROM {table} AS t) AS d"
            )
            found[table] = cursor.fetchone()[0]
    return found


def text(answer: Any) -> str:
    """What an answer says."""
    return str(answer.content.decode())

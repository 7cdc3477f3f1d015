"""Four houses with something of everything, and everybody who may stand at a door.

Below the provider (Norria) stand South (Sudia) and West (Vestia); the stranger (Strania) stands alone. No text of the
product has these names in it. Each house has an operator below it, accounts, plans, people, keys and what else has an
address; ``ids`` of a house are what addresses name it by.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.db import connection

from abono.features.access.invitations import invite
from abono.features.access.operations import add_key, add_membership, add_user
from abono.features.access.queries import memberships_of, person_of
from abono.features.access.rights import Kind, Role
from abono.features.accounts.operations import open_account
from abono.features.accounts.profiles import notes_of, write_note
from abono.features.billing import blocks, money, orders, reserving
from abono.features.billing.forecasts import ask
from abono.features.billing.prices import change_offer_price, change_price
from abono.features.catalogue.offers import offer_plan
from abono.features.catalogue.operations import save_catalogue
from abono.features.catalogue.terms import parse_catalogue
from abono.features.ledger.queries import statement
from abono.features.operators import tree
from abono.features.operators.moves import moves_of, plan_move
from abono.features.operators.operations import add_operator
from abono.features.operators.self_service import SelfService, set_self_service
from abono.features.webhooks.operations import add_endpoint
from tests.doors.web.signing_world import PASSWORD

if TYPE_CHECKING:
    from abono.features.access.people import Person
    from abono.features.operators.queries import Operator

BESIDE = "beside-7391"
"""The number of the account in South that is nobody's own."""
OF_ACCOUNTS = frozenset({"account", "subscription", "reservation", "note", "entry", "delivery"})
"""The ids that belong to an account: a manager's, an agent's or a subscriber's own, or somebody else's."""


@dataclass
class House:
    """An operator with what stands in it: ``ids`` by the names of addresses, ``at`` where a page needs another one."""

    seller: Operator
    ids: dict[str, Any]
    at: dict[str, dict[str, Any]] = field(default_factory=dict)

    def named(self, page: str) -> dict[str, Any]:
        """The ids for a page or an endpoint."""
        return {**self.ids, **self.at.get(page, {})}


def house(name: str, above: Operator | None, now: datetime) -> House:
    """A house with something of everything. All its codes end with its name: none is another's."""
    code = name.lower()
    seller = add_operator(code, name, {"currency": "EUR", "time_zone": "UTC"})
    if above is not None:
        with connection.cursor() as cursor:
            cursor.execute("UPDATE operators_operator SET parent_id = %s WHERE id = %s", [above.id, seller.id])
    save_catalogue(seller, parse_catalogue(_catalogue(code, "line", "big", "extra"), "EUR"), now=now)
    set_self_service(seller.id, SelfService("By transfer.", promise_limit=10_000, promise_days=5), now=now)
    low, other, shut = (
        tree.add_below(seller.id, f"{each}-{code}", each, {}, now=now) for each in ("low", "other", "shut")
    )
    tree.set_block(shut, blocked=True, by=seller.id, now=now)
    save_catalogue(low, parse_catalogue(_catalogue(code, "line"), "EUR"), now=now)
    boss = person(seller, f"first@{code}.example", Role.ADMINISTRATOR, now)
    made = House(seller, {"operator": low.id, "code": f"line-{code}", "plan": f"line-{code}"})
    made.at["operator_unblock"] = made.at["unblock_an_operator"] = {"operator": shut.id}
    made.ids["offer"] = offer_plan(seller, low, f"big-{code}", now=now)
    made.ids["valid_from"] = made.ids["day"] = now.date() + timedelta(days=40)
    change_price(low, f"line-{code}", Decimal(9), made.ids["day"], now=now)
    change_offer_price(seller, made.ids["offer"], Decimal(8), made.ids["day"], now=now)
    plan_move(low, other.id, valid_from=now.date() + timedelta(days=9), made_by="Anna", now=now)
    made.ids["move"] = moves_of(low.id)[0].id
    made.ids["endpoint"] = add_endpoint(boss, seller.id, "https://93.184.215.14/hook", (), now=now).id
    furnish(made, now)
    member = person(seller, f"member@{code}.example", Role.AUDITOR, now)
    made.ids |= {"user": member.user, "person": member.user, "membership": member.membership}
    made.ids["invitation"] = invite(
        boss, f"asked@{code}.example", operator=seller.id, kind=Kind.STAFF, role=Role.AUDITOR, now=now
    )
    add_key(boss, seller.id, "Shop", ["account.view"], now=now)
    made.ids["key"] = one("SELECT id FROM access_apikey WHERE operator_id = %s", seller.id)
    made.ids["forecast"] = ask(boss, seller.id, 30, now=now)
    made.ids["run"] = _run(seller, made.ids["account"])
    return made


def furnish(made: House, now: datetime, number: str = "1001") -> None:
    """An account with 100.00, a service in each state that a page is about, an entry, a note and what was told."""
    code = made.seller.code
    account = open_account(made.seller, number, now=now, name="Ivanov")
    money.pay(account, 10_000, now=now)
    named = {each: orders.subscribe(account, f"line-{code}", unit=each, now=now) for each in ("a", "b", "c", "d", "e")}
    blocks.pause(account, named["b"], now=now)
    orders.cancel(account, named["c"], now=now)
    orders.change(account, named["d"], now=now, plan_code=f"big-{code}", at_period_end=True)
    blocks.block(account, now=now, subscription=named["e"])
    write_note(account, "Called.", author="Anna", now=now)
    made.ids |= {
        "account": account,
        "subscription": named["a"],
        "reservation": reserving.reserve(account, named["a"], f"calls-{code}", Decimal(1), now=now),
        "note": notes_of(account)[0].id,
        "entry": statement(account).items[-1].id,
        "delivery": one(
            "UPDATE webhooks_delivery SET state = 'heard', due_at = NULL WHERE account_id = %s AND id ="
            " (SELECT id FROM webhooks_delivery WHERE account_id = %s AND endpoint_id = %s ORDER BY id LIMIT 1)"
            " RETURNING id",
            *(account, account, made.ids["endpoint"]),
        ),
    }
    states = {"b": ("resume",), "c": ("keep",), "d": ("keep_plan",), "e": ("unblock",)}
    for unit, deeds in states.items():
        for deed in deeds:
            for page in (f"subscription_{deed}", f"my_{deed}", f"{deed}_subscription"):
                made.at[page] = {"subscription": named[unit]}


def person(
    seller: Operator, email: str, role: Role | None, now: datetime, kind: Kind = Kind.STAFF, **of: int
) -> Person:
    """Somebody who can sign in with PASSWORD."""
    user = add_user(email, now=now, name="Anna Example", password=PASSWORD)
    add_membership(user, seller.id, kind, now=now, role=role, **of)
    found = person_of(user, "Anna Example", email, "en", memberships_of(user))
    assert found is not None
    return found


def one(statement_: str, *values: int) -> Any:
    """The one value that a statement answers."""
    with connection.cursor() as cursor:
        cursor.execute(statement_, values)
        (value,) = cursor.fetchone()
    return value


def _catalogue(code: str, *plans: str) -> dict[str, Any]:
    """A catalogue whose codes end with a house's; there is a service named like the first plan."""
    service, calls, people = f"{plans[0]}-{code}", f"calls-{code}", f"people-{code}"
    parts = {service: {}, calls: {"included": "100"}, people: {"included": "5"}}
    terms = {"price": "10.00", "period": "month", "services": parts}
    return {
        "services": {service: {"kind": "onoff"}, calls: {"kind": "usage", "unit": "call"}, people: {"kind": "seats"}},
        "plans": {f"{each}-{code}": terms for each in plans},
    }


def _run(seller: Operator, account: int) -> int:
    """A run that gave up an account of the seller."""
    run: int = one(
        "INSERT INTO billing_run (until, operator_id, started_at, finished_at)"
        " VALUES (now(), %s, now(), now()) RETURNING id",
        seller.id,
    )
    one(
        "INSERT INTO billing_slice (run_id, operator_id, first, last, accounts, state, attempts, error)"
        " VALUES (%s, %s, %s, %s, 1, 'failed', 3, 'test') RETURNING run_id",
        *(run, seller.id, account, account),
    )
    return run


@dataclass
class Town:
    """All houses; ``beside`` is South with the ids of an account that is nobody's own."""

    north: House
    south: House
    west: House
    stranger: House
    beside: House
    people: dict[str, Person]


def town() -> Town:
    """Build it all."""
    now = datetime.now(UTC)
    north = house("Norria", None, now)
    south, west = house("Sudia", north.seller, now), house("Vestia", north.seller, now)
    stranger = house("Strania", None, now)
    beside = House(south.seller, dict(south.ids))
    furnish(beside, now, BESIDE)
    people = {"provider": person(north.seller, "provider@town.example", Role.ADMINISTRATOR, now)}
    for role in Role:
        people[role] = person(south.seller, f"{role}@town.example", role, now)
    mine = int(south.ids["account"])
    people["subscriber"] = person(south.seller, "subscriber@town.example", None, now, Kind.SUBSCRIBER, account=mine)
    people["agent"] = person(south.seller, "agent@town.example", None, now, Kind.AGENT)
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE accounts_profile SET manager_id = %s, agent_id = %s WHERE account_id = %s",
            [people["manager"].membership, people["agent"].membership, mine],
        )
    assert all(isinstance(each.ids["delivery"], UUID) for each in (north, south, west, stranger, beside))
    return Town(north, south, west, stranger, beside, people)

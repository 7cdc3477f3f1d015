"""The second wall: what the database shows and takes when a statement forgets whose rows it is for.

The statements here have no filter at all. Each kind of person stands behind the wall as in a request; every table that
has a policy is looked at, written and emptied. A table that ought to have one and has none fails the first test.
"""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from django.db import connection, transaction
from django.db.utils import Error, ProgrammingError
from psycopg.errors import InsufficientPrivilege

from abono.base.once import keep_answer
from abono.base.row_security import ROLE
from abono.base.scratch import scratch_database
from abono.features.access.people import Person, wall_of
from abono.features.access.rights import Kind, Role
from abono.features.access.sessions import end_sessions, sessions_of
from abono.features.access.tasks import mail_invitation
from abono.features.accounts import profiles
from abono.features.accounts.access import find_account
from abono.features.accounts.operations import open_account
from abono.features.accounts.queries import list_accounts
from abono.features.billing import blocks, money, orders
from abono.features.billing.previews import preview
from abono.features.billing.queries import accounts_now, next_charges, outlook, unlocks
from abono.features.billing.runs import advance
from abono.features.ledger import operations as ledger
from abono.features.ledger.queries import statement
from abono.features.operators.queries import Operator, operator_by_id
from abono.features.subscriptions.queries import list_subscriptions, subscriptions_of_account, timeline

from . import people
from .worlds import START, operator

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_django.plugin import DjangoDbBlocker

NOW = START + timedelta(days=40)
OPEN = {
    "base_clock": "what was found of the clocks; pages read it, and write nothing",
    "base_cache": "counters of limits, which pages keep for everybody",
    "catalogue_rate": "what prices come to: worked out by every order, for any plan, and never changed but for its end",
}
"""Tables that have no policy and are not shut, and why."""
SHOWN = {
    "catalogue_offer": "what is sold in whose name; an operator reads what the one above it lets it sell",
    "catalogue_plan": "what is sold: subscriptions name plans of operators above, also of those before a move",
    "catalogue_planprice": "what it costs",
    "catalogue_planservice": "what it consists of",
    "catalogue_service": "what plans consist of",
    "operators_logo": "shown to everybody on the operator's pages, also before anybody has signed in",
    "operators_move": "whether a move closes a circle depends on moves of other branches too",
    "operators_operator": "who stands above decides about brands, blocks and what is sold",
}
"""Tables that everybody reads and few write, and why."""
PEOPLE = ("access_signin", "access_user", "mfa_authenticator")
"""Tables of people, whose rows are a user's."""
SHUT = {
    "account_emailaddress",
    "account_emailconfirmation",
    "auth_group",
    "auth_group_permissions",
    "auth_permission",
    "django_content_type",
    "django_migrations",
    "django_session",
    "procrastinate_events",
    "procrastinate_jobs",
    "procrastinate_periodic_defers",
    "procrastinate_workers",
    "usersessions_usersession",
}
"""Tables that nobody behind the wall may do anything with."""
HOUSE = {
    "webhooks_endpoint",
    "access_apikey",
    "access_invitation",
    "accounts_series",
    "billing_figure",
    "billing_forecast",
    "billing_run",
    "billing_slice",
}
"""Tables that only those read who see all accounts of their operators."""
KINDS = (
    "administrator of the root",
    "operator in the middle",
    "operator below",
    "auditor",
    "manager",
    "agent",
    "subscriber",
    "stranger",
)


@dataclass
class World:
    """Operators in a tree and beside it; in each an account with rows in every table."""

    operators: dict[str, Operator]
    accounts: dict[str, int]
    people: dict[str, Person]

    def sees(self, kind: str, table: str, row: dict[str, Any]) -> bool:
        """Whether a row is a person's to see, said without the database."""
        person = self.people[kind]
        own = {"manager": "own", "agent": "own", "subscriber": "own"}.get(kind)
        if table == "billing_run" and row["operator_id"] is None:
            return own is None
        if row["operator_id"] not in person.operators or (table in HOUSE and own is not None):
            return False
        return own is None or "account_id" not in row or row["account_id"] == self.accounts[own]


@pytest.fixture(scope="module")
def world(django_db_blocker: DjangoDbBlocker) -> Iterator[World]:
    """Made once, in a database of its own; every test undoes what it does."""
    with django_db_blocker.unblock(), scratch_database():
        yield _world()


def _world() -> World:
    root, stranger = operator(), operator()
    middle = _below(root)
    leaf = _below(middle)
    sellers = {"root": root, "middle": middle, "own": middle, "leaf": leaf, "stranger": stranger}
    accounts = {name: open_account(seller, name, now=START, name="Some Name") for name, seller in sellers.items()}
    for name, seller in sellers.items():
        _fill(seller, accounts[name])
    advance(NOW, workers=1)
    for seller in {one.id: one for one in sellers.values()}.values():
        _statement(
            "INSERT INTO billing_run (id, until, operator_id, started_at) VALUES (%s, now(), %s, now())",
            1_000 + seller.id,
            seller.id,
        )
    administrator = people.staff(middle)
    made = {
        "administrator of the root": people.staff(root),
        "operator in the middle": administrator,
        "operator below": people.staff(leaf),
        "auditor": people.staff(middle, Role.AUDITOR),
        "manager": people.staff(middle, Role.MANAGER),
        "agent": people.agent(middle),
        "subscriber": people.subscriber(middle, accounts["own"]),
        "stranger": people.staff(stranger),
    }
    for name in ("root", "leaf", "stranger", "middle"):
        people.subscriber(sellers[name], accounts[name])
    profiles.give(
        administrator, accounts["own"], manager=made["manager"].membership, agent=made["agent"].membership, now=START
    )
    return World(sellers, accounts, made)


def _below(parent: Operator) -> Operator:
    made = operator()
    _statement("UPDATE operators_operator SET parent_id = %s WHERE id = %s", parent.id, made.id)
    return operator_by_id(made.id)


def _fill(seller: Operator, account: int) -> None:
    """Rows of an account and its operator in every table behind the wall."""
    money.pay(account, 1_500, now=START, key="first")
    orders.subscribe(account, "line", now=START, unit="cam")
    money.promise(account, 100, 100, now=START)
    with transaction.atomic():
        ledger.lock(account)
        ledger.place_hold(account, 50, text="x", now=START)
        keep_answer(account, seller.id, "own", {}, {}, START)
    profiles.write_note(account, "note", author="x", now=START)
    _statement(
        "INSERT INTO access_apikey (operator_id, name, prefix, digest, rights, made_by, made_at)"
        " VALUES (%s, 'x', 'x', sha256(%s::text::bytea), '{}', 'x', now())",
        seller.id,
        str(account),
    )
    _statement(
        "INSERT INTO access_invitation (operator_id, email, kind, account_id, nonce, digest, made_at, expires_at)"
        " VALUES (%s, 'x', 'subscriber', %s, 'x', sha256(%s::text::bytea), now(), now())",
        seller.id,
        account,
        str(account),
    )
    _statement(
        "INSERT INTO webhooks_event (account_id, id, operator_id, type, source_id, at, payload)"
        " VALUES (%s, uuidv7(), %s, 'x', uuidv7(), now(), '{}')",
        account,
        seller.id,
    )
    _statement(
        "INSERT INTO webhooks_delivery (account_id, id, operator_id, event_id, endpoint_id, due_at)"
        " SELECT account_id, uuidv7(), operator_id, id, 1, now() FROM webhooks_event WHERE account_id = %s",
        account,
    )
    _statement(
        "INSERT INTO billing_figure (operator_id, currency, day, accounts, active, trial, suspended, short, paused,"
        " monthly, collected, charged, counted_at)"
        " VALUES (%s, 'EUR', '2026-01-01', 0, 0, 0, 0, 0, 0, 0, 0, 0, now()) ON CONFLICT DO NOTHING",
        seller.id,
    )
    _statement(
        "INSERT INTO billing_forecast (operator_id, tenant_id, days, asked_at, asked_by) VALUES (%s, 0, 1, now(), 'x')",
        seller.id,
    )
    for table, columns, values in (
        ("counter", "", ""),
        ("value", ", turn, value", ", 1, 'x'"),
        ("day", ", turn, day, used", ", 1, '2026-01-01', 0"),
        (
            "period",
            ", turn, starts_on, ends_on, carried, used, billed, included, over, paid, net, amount, closed_at",
            ", 1, '2026-01-01', '2026-02-01', 0, 0, 0, 0, 0, 0, 0, 0, now()",
        ),
        ("reservation", ", quantity, made_at, expires_at, closed_at, plan_id, times", ", 1, now(), now(), now(), 1, 1"),
        ("event", ", at, taken_at, quantity, turn, seats", ", '2026-01-05', '2026-01-05', 0, 1, FALSE"),
    ):
        _statement("SELECT abono_usage_month('2026-01-01')")
        _statement(
            f"INSERT INTO usage_{table} (account_id, id, operator_id, subscription_id, service_id{columns})"
            f" SELECT account_id, uuidv7(), operator_id, id, 1{values} FROM subscriptions_subscription"
            " WHERE account_id = %s",
            account,
        )
    _statement(
        "INSERT INTO usage_key (account_id, key, operator_id, at, content) VALUES (%s, 'x', %s, '2026-01-05', 0)",
        account,
        seller.id,
    )
    _statement(
        "INSERT INTO webhooks_endpoint (operator_id, url, types, secret, made_by, made_at)"
        " VALUES (%s, 'https://example.com/', '{}', 'x', 'x', now())",
        seller.id,
    )
    _statement(
        "INSERT INTO accounts_series (operator_id, last, digits) VALUES (%s, 1, 1) ON CONFLICT DO NOTHING", seller.id
    )
    _statement("INSERT INTO operators_selfservice (operator_id) VALUES (%s) ON CONFLICT DO NOTHING", seller.id)


def _statement(text: str, *values: Any) -> int:
    with connection.cursor() as cursor:
        cursor.execute(text, values or None)
        return int(cursor.rowcount)


def rows(text: str, *values: Any) -> list[dict[str, Any]]:
    with connection.cursor() as cursor:
        cursor.execute(text, values or None)
        names = [column.name for column in cursor.description or ()]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


SECRETS = {
    "access_apikey": {"digest"},
    "access_invitation": {"digest", "nonce"},
    "access_user": {"password"},
    "mfa_authenticator": {"data"},
    "webhooks_endpoint": {"secret", "old_secret"},
}
"""What no statement reads behind the wall, by table."""
WALLED = (
    "access_apikey",
    "access_invitation",
    "access_membership",
    "accounts_note",
    "accounts_number",
    "accounts_profile",
    "accounts_series",
    "accounts_word",
    "base_once",
    "base_trail",
    "billing_charge",
    "billing_figure",
    "billing_forecast",
    "billing_run",
    "billing_slice",
    "ledger_account",
    "ledger_entry",
    "ledger_grant",
    "ledger_hold",
    "notices_notice",
    "operators_selfservice",
    "subscriptions_subscription",
    "subscriptions_transition",
    "usage_counter",
    "usage_day",
    "usage_event",
    "usage_key",
    "usage_value",
    "usage_period",
    "usage_reservation",
    "webhooks_delivery",
    "webhooks_endpoint",
    "webhooks_event",
)


def test_every_table_is_behind_the_wall_or_says_why_not(world: World) -> None:
    assert world.accounts
    found = rows(
        "SELECT k.relname AS name, k.relrowsecurity AS walled,"
        " EXISTS (SELECT FROM pg_policy AS p WHERE p.polrelid = k.oid AND p.polname = 'abono_wall') AS policy,"
        " has_table_privilege(%s, k.oid, 'SELECT, INSERT, UPDATE, DELETE')"
        " OR has_any_column_privilege(%s, k.oid, 'SELECT, INSERT, UPDATE') AS may"
        # Partitions are shut altogether: what may be seen is seen by way of the whole.
        " FROM pg_class AS k WHERE k.relnamespace = 'public'::regnamespace AND k.relkind IN ('r', 'p')"
        " AND NOT k.relispartition",
        *(ROLE, ROLE),
    )
    assert {row["name"] for row in found if row["walled"] != row["policy"]} == set()
    assert {row["name"] for row in found if not row["may"]} == SHUT
    assert {row["name"] for row in found if row["may"] and not row["policy"]} == set(OPEN)
    assert {row["name"] for row in found if row["policy"]} == {*WALLED, *SHOWN, *PEOPLE}


def test_no_policy_has_a_subquery(world: World) -> None:
    """A distributed or a reference table of Citus takes none with one (architecture.md §4)."""
    assert world.accounts
    found = rows(
        "SELECT p.polrelid::regclass::text AS name, concat(p.polqual, p.polwithcheck) LIKE '%%{SUBLINK%%' AS asks"
        " FROM pg_policy AS p INNER JOIN pg_class AS k ON k.oid = p.polrelid"
        " WHERE k.relnamespace = 'public'::regnamespace"
    )
    assert len(found) > len(WALLED)
    assert [row["name"] for row in found if row["asks"]] == []


def test_partitions_are_shut(world: World) -> None:
    parts = rows("SELECT relname FROM pg_class WHERE relispartition AND relkind = 'r'")
    assert parts
    for part in parts:
        with pytest.raises(ProgrammingError) as refused, undone(world.people["administrator of the root"]):
            rows(f"SELECT * FROM {part['relname']}")
        assert isinstance(refused.value.__cause__, InsufficientPrivilege)


def test_the_role_of_requests_owns_nothing_and_passes_no_policy(world: World) -> None:
    assert world.accounts
    (role,) = rows("SELECT rolsuper, rolbypassrls, rolcanlogin FROM pg_roles WHERE rolname = %s", ROLE)
    assert role == {"rolsuper": False, "rolbypassrls": False, "rolcanlogin": False}
    assert rows("SELECT relname FROM pg_class WHERE relowner = %s::regrole AND relkind = 'r'", ROLE) == []


@contextmanager
def undone(person: Person) -> Iterator[None]:
    """Behind a person's wall, in a transaction that is rolled back."""
    with wall_of(person), transaction.atomic():
        yield
        transaction.set_rollback(True)


def _key(table: str) -> list[str]:
    return [
        row["attname"]
        for row in rows(
            "SELECT a.attname FROM pg_index AS i INNER JOIN pg_attribute AS a"
            " ON a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey)"
            " WHERE i.indrelid = %s::regclass AND i.indisprimary ORDER BY a.attnum",
            table,
        )
    ]


def _keys(names: list[str], found: list[dict[str, Any]]) -> set[tuple[str, ...]]:
    return {tuple(str(row[name]) for name in names) for row in found}


@pytest.mark.parametrize("table", WALLED)
@pytest.mark.parametrize("kind", KINDS)
def test_a_statement_that_forgets_whose_rows_it_is_for(world: World, table: str, kind: str) -> None:
    there = rows(f"SELECT * FROM {table}")
    key = _key(table)
    own = [row for row in there if world.sees(kind, table, row)]
    foreign = [row for row in there if not world.sees(kind, table, row)]
    assert foreign, "nothing is there to be hidden"
    person = world.people[kind]
    readable = ", ".join(name for name in there[0] if name not in SECRETS.get(table, ()))
    with undone(person):
        assert _keys(key, rows(f"SELECT {readable} FROM {table}")) == _keys(key, own)
        assert rows(f"SELECT count(*) AS n FROM {table}")[0]["n"] == len(own)
        written = _statement(f"UPDATE {table} SET operator_id = operator_id")
        assert written == len([row for row in own if row["operator_id"] is not None])
        where = " AND ".join(f"{name}::text = %s" for name in key)
        for row in foreign[:50]:
            assert _statement(f"DELETE FROM {table} WHERE {where}", *(str(row[name]) for name in key)) == 0
    assert rows(f"SELECT * FROM {table}") == there or _keys(key, rows(f"SELECT * FROM {table}")) == _keys(key, there)


@pytest.mark.parametrize("table", WALLED)
@pytest.mark.parametrize("kind", KINDS)
def test_a_row_for_somebody_else_is_not_taken(world: World, table: str, kind: str) -> None:
    person = world.people[kind]
    columns = [
        row["attname"]
        for row in rows(
            "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped"
            " AND attgenerated = ''",
            table,
        )
    ]
    names = ", ".join(columns)
    there = rows(f"SELECT to_jsonb(t)::text AS document, t.* FROM {table} AS t")
    foreign = [json.loads(row["document"]) for row in there if not world.sees(kind, table, row)]
    if table == "base_trail":  # what concerns no account may be noted by everybody of the operator, and read by few
        foreign = [row for row in foreign if row["account_id"] or row["operator_id"] not in person.operators]
    insert = f"INSERT INTO {table} ({names}) SELECT {names} FROM jsonb_populate_record(NULL::{table}, %s::jsonb)"
    for document in foreign[:5]:
        with pytest.raises(ProgrammingError) as refused, undone(person):
            _statement(insert, json.dumps(document))
        assert isinstance(refused.value.__cause__, InsufficientPrivilege)
    if not any(world.sees(kind, table, row) and row["operator_id"] is not None for row in there):
        return
    stranger = world.operators["root" if kind == "stranger" else "stranger"].id
    with pytest.raises(Error) as moved, undone(person):
        _statement(f"UPDATE {table} SET operator_id = %s", stranger)
    assert isinstance(moved.value.__cause__, InsufficientPrivilege)


def test_a_connection_that_nobody_stands_behind_sees_nothing(world: World) -> None:
    assert world.accounts
    with transaction.atomic():
        _statement(f"SET LOCAL ROLE {ROLE}")
        assert {table: rows(f"SELECT count(*) AS n FROM {table}")[0]["n"] for table in WALLED} == dict.fromkeys(
            WALLED, 0
        )
        transaction.set_rollback(True)


def test_secrets_are_the_only_columns_that_are_not_read(world: World) -> None:
    assert world.accounts
    hidden: dict[str, set[str]] = {}
    for row in rows(
        "SELECT k.relname AS name, a.attname AS column FROM pg_class AS k"
        " INNER JOIN pg_attribute AS a ON a.attrelid = k.oid"
        " WHERE k.relnamespace = 'public'::regnamespace AND k.relkind IN ('r', 'p') AND NOT k.relispartition"
        " AND a.attnum > 0 AND NOT a.attisdropped AND NOT has_column_privilege(%s, k.oid, a.attnum, 'SELECT')",
        ROLE,
    ):
        hidden.setdefault(row["name"], set()).add(row["column"])
    assert {table: columns for table, columns in hidden.items() if table not in SHUT} == SECRETS


def refused(person: Person, text: str, *values: Any) -> bool:
    """Whether the database itself refuses a statement behind a person's wall."""
    with pytest.raises(ProgrammingError) as told, undone(person):
        _statement(text, *values)
    return isinstance(told.value.__cause__, InsufficientPrivilege)


@pytest.mark.parametrize("kind", KINDS)
def test_nobody_reads_a_secret_or_sets_one_for_a_user(world: World, kind: str) -> None:
    person, user = world.people[kind], world.people["stranger"].user
    for table, columns in SECRETS.items():
        for column in columns:
            assert refused(person, f"SELECT {column} FROM {table}")
            assert refused(person, f"SELECT count(*) FROM {table} WHERE {column} IS NOT NULL")
        assert refused(person, f"SELECT * FROM {table}")
        assert refused(person, f"SELECT to_jsonb(t) FROM {table} AS t")
        assert refused(person, f"COPY {table} TO STDOUT")
    for mine in (user, person.user):
        assert refused(person, "UPDATE access_user SET password = '!' WHERE id = %s", mine)
        assert refused(person, "UPDATE access_user SET email = 'me@example.com' WHERE id = %s", mine)
        assert refused(person, "DELETE FROM access_user WHERE id = %s", mine)
        factor = "INSERT INTO mfa_authenticator (user_id, type, data, created_at) VALUES (%s, 'totp', '{}', now())"
        assert refused(person, factor, mine)
    assert refused(person, "INSERT INTO access_user (email, password, joined_at) VALUES ('x@example.com', '', now())")
    assert refused(person, "UPDATE mfa_authenticator SET data = '{}'")


@pytest.mark.parametrize("kind", KINDS)
def test_the_secret_of_an_endpoint_is_told_to_who_sees_all_of_its_operator(world: World, kind: str) -> None:
    person = world.people[kind]
    for name, seller in world.operators.items():
        secret = f"whsec_{name}"
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO webhooks_endpoint (operator_id, url, types, secret, made_by, made_at)"
                " VALUES (%s, 'https://example.com/', '{}', %s, 'x', now()) RETURNING id",
                [seller.id, secret],
            )
            (endpoint,) = cursor.fetchone() or (0,)
        asked = "SELECT abono_webhook_secret(%s::bigint) AS secret"
        may = seller.id in person.operators and kind not in {"manager", "agent", "subscriber"}
        with undone(person):
            assert rows(asked, endpoint) == [{"secret": secret if may else None}]
        assert rows(asked, endpoint) == [{"secret": secret}]
        _statement("DELETE FROM webhooks_endpoint WHERE id = %s", endpoint)


# ---- What is read by everybody, and written by few

LISTS = {
    "catalogue_offer": "operator_id", "catalogue_plan": "operator_id", "catalogue_service": "operator_id",
    "operators_logo": "operator_id", "operators_move": "operator_id", "operators_operator": "id",
}  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_sold_and_the_tree_are_changed_by_their_house_alone(world: World, kind: str) -> None:
    person = world.people[kind]
    house = kind not in {"manager", "agent", "subscriber"}
    for table, column in LISTS.items():
        there = rows(f"SELECT {column} AS operator FROM {table}")
        own = [row for row in there if row["operator"] in person.operators and (house or column == "id")]
        with undone(person):
            assert len(rows(f"SELECT {column} FROM {table}")) == len(there)
            if table != "operators_operator":
                assert _statement(f"DELETE FROM {table} WHERE {column} <> ALL (%s)", list(person.operators)) == 0
            assert _statement(f"UPDATE {table} SET {column} = {column}") == len(own)
    prices = rows(
        "SELECT p.id, l.operator_id FROM catalogue_planprice AS p INNER JOIN catalogue_plan AS l ON p.plan_id = l.id"
    )
    with undone(person):
        changed = _statement("UPDATE catalogue_planprice SET price = 0")
        assert changed == len([row for row in prices if house and row["operator_id"] in person.operators])
    assert refused(person, "DELETE FROM operators_operator")
    assert refused(person, "UPDATE catalogue_rate SET gross = 0")
    assert refused(person, "DELETE FROM catalogue_rate")


@pytest.mark.parametrize("kind", KINDS)
def test_nobody_does_anything_with_what_is_shut(world: World, kind: str) -> None:
    person = world.people[kind]
    for table in SHUT:
        for text in (f"SELECT count(*) FROM {table}", f"DELETE FROM {table}", f"INSERT INTO {table} DEFAULT VALUES"):
            assert refused(person, text), (table, text)
    with wall_of(person), transaction.atomic():  # a job may be asked for, and not be seen
        mail_invitation.defer(invitation=1)
        transaction.set_rollback(True)


# ---- People


@pytest.mark.parametrize("kind", KINDS)
def test_people_are_known_by_the_memberships_that_are_seen(world: World, kind: str) -> None:
    person = world.people[kind]
    with undone(person):
        known = {row["user_id"] for row in rows("SELECT user_id FROM access_membership")} | {person.user}
        assert {row["id"] for row in rows("SELECT id FROM access_user")} == known
        assert _statement("UPDATE access_user SET name = name WHERE id = %s", world.people["stranger"].user) == (
            1 if kind == "stranger" else 0
        )
    assert (world.people["stranger"].user in known) is (kind == "stranger")


@pytest.mark.parametrize("kind", KINDS)
def test_sessions_sign_ins_and_factors_are_ones_own_or_of_those_one_judges(world: World, kind: str) -> None:
    person = world.people[kind]
    house = kind not in {"manager", "agent", "subscriber"}
    with transaction.atomic():
        for each in world.people.values():
            _session(each)
        for each in world.people.values():
            judged = each.user == person.user or (house and set(each.operators) <= set(person.operators))
            with _behind(person):
                assert len(sessions_of(each.user or 0, now=NOW)) == judged
                assert len(rows("SELECT id FROM access_signin WHERE user_id = %s", each.user)) == judged
                end_sessions(each.user or 0)
            left = rows("SELECT session_key FROM usersessions_usersession WHERE user_id = %s", each.user)
            assert len(left) == (not judged), each.email
        transaction.set_rollback(True)


def _session(person: Person) -> None:
    key = f"session-{person.user}"
    _statement("INSERT INTO django_session VALUES (%s, '', %s) ON CONFLICT DO NOTHING", key, NOW + timedelta(days=1))
    _statement(
        "INSERT INTO usersessions_usersession (user_id, session_key, ip, user_agent, created_at, last_seen_at, data)"
        " VALUES (%s, %s, '127.0.0.1', '', now(), now(), '{}')",
        person.user,
        key,
    )
    _statement(
        "INSERT INTO access_signin (at, email, user_id, method, outcome) VALUES (now(), 'x', %s, 'password', 'done')",
        person.user,
    )


@contextmanager
def _behind(person: Person) -> Iterator[None]:
    """Behind a person's wall, inside a transaction that goes on."""
    settings = {
        "operators": f"{{{','.join(map(str, person.operators))}}}",
        "shown": f",{','.join(map(str, person.operators))},",
        "accounts": "" if person.accounts is None else f"{{{','.join(map(str, person.accounts))}}}",
        "membership": str(person.membership) if person.role is Role.MANAGER or person.kind is Kind.AGENT else "",
        "user": str(person.user),
    }
    for name, value in settings.items():
        rows("SELECT set_config(%s, %s, TRUE)", f"abono.{name}", value)
    _statement(f"SET LOCAL ROLE {ROLE}")
    try:
        yield
    finally:
        _statement("SET LOCAL ROLE NONE")
        for name in settings:
            rows("SELECT set_config(%s, '', TRUE)", f"abono.{name}")


# ---- Everything works behind the wall


def everything(account: int, seller: Operator, person: Person) -> None:
    """All that is done to an account at the counter, and all that is asked about it."""
    money.pay(account, 100_000, now=NOW, key="pay")
    money.adjust(account, -5, now=NOW)
    money.set_credit_limit(account, 700, now=NOW)
    ordered = orders.subscribe(account, "line", now=NOW, unit="cam 7")
    orders.change(account, ordered, quantity=Decimal(3), now=NOW, at_period_end=False)
    orders.change(account, ordered, quantity=Decimal(5), now=NOW)
    blocks.pause(account, ordered, now=NOW)
    blocks.resume(account, ordered, now=NOW)
    blocks.block(account, now=NOW)
    blocks.unblock(account, now=NOW)
    orders.cancel(account, ordered, now=NOW)
    orders.cancel(account, ordered, now=NOW, at_period_end=False, prorate_refund=True)
    money.refund(account, 10, now=NOW)
    money.promise(account, 5, 3, now=NOW)
    with pytest.raises(money.GrantActive):
        money.promise(account, 5, 3, now=NOW)
    before = accounts_now([account], NOW)
    seen = preview(account, NOW, lambda: orders.subscribe(account, "line", now=NOW))
    assert (seen.refusal, seen.at_once, accounts_now([account], NOW)) == (None, -1_000, before)
    assert next_charges(seller, [account], NOW)
    assert unlocks(seller, [account], NOW) == {}
    assert outlook(seller, [account], NOW)[account].short_by == 0
    assert find_account(person, account, now=NOW).available == before[account]["available"]
    assert statement(account).items[0].balance == before[account]["balance"]
    assert timeline(account).items
    assert {row.account_id for row in list_subscriptions(person, search="cam").items} >= {account}
    assert account in {row.account_id for row in list_accounts(person, now=NOW).items}


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in {"stranger", "operator below"}])
def test_all_of_the_counter_works_behind_the_wall(world: World, kind: str) -> None:
    account, seller = world.accounts["own"], world.operators["middle"]
    with undone(world.people[kind]):
        everything(account, seller, world.people[kind])


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_of_the_counter_reaches_a_foreign_account(world: World, kind: str) -> None:
    own = {"manager", "agent", "subscriber"}
    foreign = world.accounts["middle" if kind in own else "root" if kind != "administrator of the root" else "stranger"]
    (subscription, *_more) = subscriptions_of_account(foreign)
    deeds = (
        lambda: money.pay(foreign, 5, now=NOW),
        lambda: money.adjust(foreign, -5, now=NOW),
        lambda: orders.subscribe(foreign, "line", now=NOW),
        lambda: orders.change(foreign, subscription.id, quantity=Decimal(2), now=NOW),
        lambda: orders.cancel(foreign, subscription.id, now=NOW),
        lambda: blocks.pause(foreign, subscription.id, now=NOW),
        lambda: blocks.block(foreign, now=NOW),
        lambda: money.set_credit_limit(foreign, 5, now=NOW),
        lambda: preview(foreign, NOW, lambda: None),
        lambda: profiles.edit_profile(foreign, name="x", locale="en", now=NOW),
    )
    before = accounts_now([foreign], NOW)
    for deed in deeds:
        with undone(world.people[kind]), pytest.raises(Exception) as refused:  # noqa: PT011 -- by its code
            deed()
        assert getattr(refused.value, "code", "") in {"unknown_account", "unknown_subscription", "not_found"}
        assert accounts_now([foreign], NOW) == before


def test_copies_for_a_forecast_serve_both_sides_of_the_wall(world: World) -> None:
    account, seller = world.accounts["own"], world.operators["middle"]
    for first_inside in (True, False):
        connection.close()
        for inside in (first_inside, not first_inside, first_inside):
            if inside:
                with wall_of(world.people["subscriber"]):
                    found = next_charges(seller, [account], NOW)
            else:
                found = next_charges(seller, [account], NOW)
            assert len(found) == len(next_charges(seller, [account], NOW))

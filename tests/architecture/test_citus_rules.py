"""Every table and every named statement keeps the rules of Citus (architecture.md §4), and the rules can fail."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from abono.base.distribution import ACCOUNT, TABLES, Distribution, Home
from abono.base.sql import read

from .statements import Schema, statement_violations, tables_made
from .tables import Described, Reference, table_violations

SOURCE = Path(__file__).parents[2] / "src"
MAKES = {
    "abono/base/migrations/0001_cache.sql": "makes a table of one machine",
    "abono/features/usage/migrations/0001_event.sql": "makes a table that is distributed afterwards",
    "abono/features/access/migrations/0002_library_tables.sql": "is about tables of others, which stay local",
}
"""Files that no rule for statements is about, with the reason."""
FILES = {
    name: read(path.parent, path.stem)
    for folder in ("sql", "migrations")
    for path in SOURCE.rglob(f"{folder}/*.sql")
    if (name := str(path.relative_to(SOURCE))) not in MAKES
}
MADE = {file: tables_made(texts.values()) for file, texts in FILES.items()}

COPIES = {
    "abono/features/billing/sql/shadow.sql": "makes the temporary copies of a forecast and reads them",
    "abono/features/billing/sql/quotes.sql": "asks its questions of those copies only",
}
"""Files whose unqualified names are temporary tables of one session (billing/shadow.py), with the reason.

What they name ``public.…`` is the real table and judged like everything else.
"""


# ---- Tables


def test_every_table_of_ours_keeps_the_rules(tables: list[Described]) -> None:
    assert {table.name: table_violations(table, TABLES) for table in tables} == {table.name: [] for table in tables}


def test_every_listed_table_exists(tables: list[Described]) -> None:
    listed = {name for home in Home for name in TABLES.names(home) if not name.endswith("*")}
    assert listed == {table.name for table in tables}


def test_tables_are_listed_after_those_they_refer_to(tables: list[Described]) -> None:
    order = [*TABLES.reference, *TABLES.distributed]
    backward = [
        (table.name, each.table)
        for table in tables
        for each in table.references
        if table.name in order and each.table in order and order.index(each.table) > order.index(table.name)
    ]
    assert backward == []


def test_no_migration_makes_a_trigger() -> None:
    migrations = [path for path in SOURCE.rglob("migrations/*.*") if path.suffix in {".py", ".sql"}]
    assert migrations
    assert [path for path in migrations if "trigger" in path.read_text(encoding="utf-8").lower()] == []


GOOD = Described(
    name="ledger_entry",
    types={ACCOUNT: "bigint", "id": "uuid", "operator_id": "bigint", "number": "integer"},
    key=(ACCOUNT, "id"),
    unique=((ACCOUNT, "number"),),
    references=(Reference((ACCOUNT,), "ledger_account", (ACCOUNT,)),),
)


def referring(columns: str, table: str, to_columns: str) -> tuple[Reference, ...]:
    return (Reference(tuple(columns.split()), table, tuple(to_columns.split())),)


@pytest.mark.parametrize(
    ("table", "says"),
    [
        (replace(GOOD, name="ledger_new"), "listed nowhere"),
        (replace(GOOD, key=("id",)), "primary key"),
        (replace(GOOD, key=("id", ACCOUNT)), "primary key"),
        (replace(GOOD, key=(ACCOUNT, "number")), "primary key"),
        (replace(GOOD, types={**GOOD.types, ACCOUNT: "integer"}), "account_id is integer"),
        (replace(GOOD, types={ACCOUNT: "bigint", "id": "uuid"}), "no operator_id"),
        (replace(GOOD, unique=(("operator_id", "number"),)), "lacks account_id"),
        (replace(GOOD, references=referring("id", "ledger_hold", "id")), "leaves the account"),
        (replace(GOOD, references=referring("id account_id", "ledger_hold", "account_id id")), "leaves the account"),
        (replace(GOOD, references=referring("number", "billing_run", "id")), "to the local table"),
        (replace(GOOD, unknown=("Trigger t",)), "do not know"),
        (Described("catalogue_plan", {}, (), references=referring("a", "ledger_account", ACCOUNT)), "from a reference"),
        (Described("billing_run", {}, (), references=referring("a", "ledger_account", ACCOUNT)), "from a local"),
    ],
)
def test_a_bad_table_is_found(table: Described, says: str) -> None:
    (found,) = table_violations(table, TABLES)
    assert says in found


def test_a_good_table_is_left_alone() -> None:
    assert table_violations(GOOD, TABLES) == []


def test_a_table_in_two_lists_is_found() -> None:
    twice = Distribution(("ledger_entry", "ledger_account"), (), ("ledger_*",))
    assert table_violations(GOOD, twice) == ["listed distributed and local in abono.base.distribution"]
    with pytest.raises(LookupError, match="listed distributed and local"):
        twice.home("ledger_entry")


# ---- Statements


@pytest.mark.parametrize(
    ("file", "name"), [pytest.param(file, name, id=f"{file}:{name}") for file, texts in FILES.items() for name in texts]
)
def test_every_statement_keeps_the_rules(schema: Schema, file: str, name: str) -> None:
    known = replace(schema, made=MADE[file], copies=file in COPIES)
    assert statement_violations(FILES[file][name], known) == []


def test_every_exempt_file_exists() -> None:
    assert set(COPIES) <= set(FILES)
    assert [name for name in MAKES if not (SOURCE / name).exists()] == []


ENTRY = "ledger_entry AS e"
OWN = "account_id = %(account)s"


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        # SELECT … FOR UPDATE
        ("lock", "SELECT 1 FROM ledger_account FOR UPDATE"),
        ("lock", "SELECT 1 FROM ledger_account WHERE account_id BETWEEN %(a)s AND %(b)s FOR UPDATE"),
        ("lock", "SELECT 1 FROM ledger_account WHERE account_id = ANY(%(a)s::bigint[]) FOR UPDATE"),
        ("lock", f"SELECT 1 FROM ledger_account WHERE {OWN} OR balance = 0 FOR SHARE"),
        ("lock", "SELECT 1 FROM ledger_account WHERE account_id = %(a)s + held FOR NO KEY UPDATE"),
        ("lock", "SELECT 1 FROM ledger_account WHERE account_id = NULL FOR UPDATE"),
        ("lock", "SELECT 1 FROM (SELECT * FROM ledger_account) AS a FOR UPDATE"),
        ("lock", "SELECT 1 FROM catalogue_plan AS p, ledger_account AS a WHERE p.id = %(p)s FOR UPDATE"),
        (
            "lock",
            (
                "SELECT 1 FROM ledger_account AS a LEFT JOIN ledger_entry AS e"
                " ON a.account_id = e.account_id AND a.account_id = %(account)s FOR UPDATE OF a"
            ),
        ),
        ("lock", "WITH a AS (SELECT 1 FROM ledger_account FOR UPDATE) SELECT 1 FROM a"),
        # Joins
        ("join", f"SELECT 1 FROM ledger_account AS a INNER JOIN {ENTRY} ON a.operator_id = e.operator_id"),
        ("join", f"SELECT 1 FROM ledger_account AS a, {ENTRY}"),
        ("join", f"SELECT 1 FROM ledger_account AS a INNER JOIN {ENTRY} ON a.account_id <= e.account_id"),
        (
            "join",
            f"SELECT 1 FROM ledger_account AS a INNER JOIN {ENTRY} ON a.account_id = e.account_id OR e.amount = 1",
        ),
        ("join", f"SELECT 1 FROM ledger_account AS a INNER JOIN {ENTRY} ON a.account_id = e.account_id + 1"),
        ("join", f"SELECT 1 FROM ledger_account AS a, {ENTRY} WHERE a.account_id = %(a)s AND e.account_id = %(b)s"),
        (
            "join",
            "SELECT 1 FROM subscriptions_subscription AS s INNER JOIN billing_charge AS c ON s.id = c.subscription_id",
        ),
        (
            "join",
            "WITH t AS (SELECT id FROM ledger_entry) SELECT 1 FROM t INNER JOIN ledger_hold AS h ON h.id = t.id",
        ),
        (
            "join",
            (
                "WITH t AS (SELECT max(account_id) AS account_id FROM ledger_entry)"
                " SELECT 1 FROM t INNER JOIN ledger_hold AS h ON h.account_id = t.account_id"
            ),
        ),
        (
            "join",
            (
                "WITH t AS (SELECT account_id FROM ledger_entry UNION ALL SELECT operator_id FROM ledger_entry)"
                " SELECT 1 FROM t INNER JOIN ledger_hold AS h ON h.account_id = t.account_id"
            ),
        ),
        (
            "join",
            (
                "WITH t AS (UPDATE ledger_hold SET text = '' RETURNING id AS account_id)"
                " INSERT INTO ledger_entry (account_id) SELECT h.account_id FROM t, ledger_hold AS h"
                " WHERE h.account_id = t.account_id"
            ),
        ),
        ("join", "UPDATE ledger_account AS a SET held = 0 FROM ledger_hold AS h WHERE h.operator_id = a.operator_id"),
        ("join", "DELETE FROM ledger_account AS a USING ledger_hold AS h WHERE h.operator_id = a.operator_id"),
        (
            "join",
            (
                "MERGE INTO ledger_account AS a USING ledger_hold AS h ON a.operator_id = h.operator_id"
                " WHEN MATCHED THEN DO NOTHING"
            ),
        ),
        (
            "join",
            "SELECT 1 FROM ledger_account AS a, LATERAL (SELECT 1 FROM ledger_hold AS h WHERE h.amount > a.held) AS h",
        ),
        ("join", "SELECT 1 FROM ledger_account AS a WHERE EXISTS (SELECT 1 FROM ledger_hold AS h)"),
        (
            "join",
            "SELECT 1 FROM ledger_account AS a WHERE NOT EXISTS (SELECT 1 FROM ledger_hold AS h WHERE h.id IS NULL)",
        ),
        ("join", "SELECT 1 FROM ledger_account AS a WHERE a.held < (SELECT sum(h.amount) FROM ledger_hold AS h)"),
        (
            "join",
            "SELECT 1 FROM ledger_account AS a WHERE a.operator_id IN (SELECT h.operator_id FROM ledger_hold AS h)",
        ),
        ("join", "UPDATE ledger_account SET held = 0 WHERE EXISTS (SELECT 1 FROM ledger_hold AS h WHERE h.amount > 1)"),
        # Subqueries in the target list
        (
            "target",
            (
                "SELECT (SELECT sum(g.remaining) FROM ledger_grant AS g WHERE g.account_id = a.account_id)"
                " FROM ledger_account AS a"
            ),
        ),
        (
            "target",
            (
                "SELECT (SELECT sum(g.remaining) FROM ledger_grant AS g WHERE g.account_id = a.account_id)"
                f" FROM ledger_account AS a WHERE a.{OWN}"
            ),
        ),
        ("target", "SELECT coalesce((SELECT 1 FROM ledger_grant AS g LIMIT 1), 0) FROM catalogue_plan"),
        ("target", "SELECT EXISTS (SELECT 1 FROM ledger_grant AS g WHERE g.id = h.id) FROM ledger_hold AS h"),
        (
            "target",
            "UPDATE ledger_account AS a SET held = (SELECT 1 FROM ledger_hold AS h WHERE h.account_id = a.account_id)",
        ),
        ("target", "UPDATE ledger_account SET held = 0 RETURNING (SELECT count(*) FROM ledger_hold)"),
        ("target", "INSERT INTO billing_run (operator_id) VALUES ((SELECT max(operator_id) FROM ledger_account))"),
        ("target", "SELECT 1 FROM ledger_account AS a ORDER BY (SELECT count(*) FROM ledger_hold)"),
        (
            "target",
            "WITH t AS (SELECT account_id FROM ledger_hold) SELECT (SELECT count(*) FROM t) FROM ledger_account AS a",
        ),
        # Window functions
        ("window", "SELECT sum(amount) OVER (ORDER BY id) FROM ledger_entry"),
        ("window", "SELECT sum(amount) OVER (PARTITION BY operator_id) FROM ledger_entry"),
        ("window", "SELECT sum(amount) OVER w FROM ledger_entry WINDOW w AS (PARTITION BY operator_id)"),
        ("window", "SELECT sum(amount) OVER (PARTITION BY account_id + 1) FROM ledger_entry"),
        ("window", f"SELECT * FROM (SELECT *, row_number() OVER (ORDER BY id) FROM ledger_entry) AS e WHERE {OWN}"),
        ("window", "WITH t AS (SELECT id FROM ledger_entry) SELECT lag(id) OVER () FROM t"),
        ("window", "SELECT 1 FROM ledger_entry ORDER BY rank() OVER (ORDER BY amount)"),
        ("window", "INSERT INTO billing_run (id) SELECT sum(amount) OVER (ORDER BY id) FROM ledger_entry"),
        # Triggers, and what the rules do not know
        ("trigger", "CREATE TRIGGER t BEFORE INSERT ON ledger_entry EXECUTE FUNCTION f()"),
        ("table", "SELECT 1 FROM ledger_nothing"),
        ("kind", "LOCK TABLE ledger_entry"),
        ("kind", "SELECT 1 FROM ledger_entry INNER JOIN ledger_hold USING (account_id)"),
    ],
)
def test_a_bad_statement_is_found(schema: Schema, rule: str, text: str) -> None:
    assert rule in {each.rule for each in statement_violations(text, schema)}


@pytest.mark.parametrize(
    "text",
    [
        f"SELECT 1 FROM ledger_account WHERE {OWN} FOR UPDATE",
        f"SELECT 1 FROM ledger_account AS a INNER JOIN {ENTRY} ON a.account_id = e.account_id WHERE e.{OWN} FOR UPDATE",
        "SELECT 1 FROM catalogue_plan WHERE id > 1 FOR UPDATE",
        "SELECT id FROM billing_slice FOR UPDATE SKIP LOCKED",
        f"SELECT 1 FROM ledger_account AS a, {ENTRY} WHERE a.{OWN} AND e.{OWN}",
        f"SELECT 1 FROM ledger_account AS a LEFT JOIN {ENTRY} ON a.account_id = e.account_id",
        "SELECT 1 FROM ledger_entry AS e, ledger_hold AS h WHERE (e.account_id, e.id) = (h.account_id, h.entry_id)",
        "SELECT 1 FROM ledger_account AS a WHERE a.account_id IN (SELECT h.account_id FROM ledger_hold AS h)",
        "SELECT 1 FROM ledger_account AS a WHERE (a.account_id IN (SELECT h.account_id FROM ledger_hold AS h)) IS TRUE",
        f"SELECT 1 FROM ledger_account AS a WHERE EXISTS (SELECT 1 FROM {ENTRY} WHERE e.account_id = a.account_id)",
        f"SELECT 1 FROM ledger_account AS a, LATERAL (SELECT 1 FROM {ENTRY} WHERE e.account_id = a.account_id) AS b",
        "WITH t AS (SELECT * FROM ledger_entry) SELECT 1 FROM t, ledger_hold AS h WHERE h.account_id = t.account_id",
        "SELECT 1 FROM ledger_account AS a, operators_operator AS o, catalogue_plan AS p WHERE o.id = a.operator_id",
        f"SELECT (SELECT sum(g.remaining) FROM ledger_grant AS g WHERE g.{OWN}) FROM ledger_account AS a WHERE a.{OWN}",
        "SELECT (SELECT max(p.id) FROM catalogue_plan AS p WHERE p.code = h.text) FROM ledger_hold AS h",
        "SELECT EXISTS (SELECT 1 FROM ledger_account) AS any",
        "SELECT sum(amount) OVER (PARTITION BY account_id ORDER BY id) FROM ledger_entry",
        "SELECT sum(amount) OVER w FROM ledger_entry WINDOW w AS (PARTITION BY operator_id, account_id)",
        f"SELECT sum(amount) OVER (ORDER BY id) FROM ledger_entry WHERE {OWN}",
        "INSERT INTO billing_slice (first) SELECT row_number() OVER (ORDER BY account_id) FROM ledger_account",
        "INSERT INTO ledger_entry (account_id) SELECT account_id FROM ledger_hold ON CONFLICT DO NOTHING",
    ],
)
def test_a_good_statement_is_left_alone(schema: Schema, text: str) -> None:
    assert statement_violations(text, schema) == []


def test_what_works_on_copies_is_judged_by_the_name(schema: Schema) -> None:
    copies = replace(schema, copies=True)
    assert statement_violations("SELECT 1 FROM ledger_account FOR UPDATE", copies) == []
    assert statement_violations("SELECT 1 FROM pg_temp.ledger_account FOR UPDATE", copies) == []
    (found,) = statement_violations("SELECT 1 FROM public.ledger_account FOR UPDATE", copies)
    assert found.rule == "lock"

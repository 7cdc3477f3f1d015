"""Every table of ours says which rows and columns requests have, in a form that the database and Citus take."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from django.db.migrations.loader import MigrationLoader
from pglast import parse_sql

from abono.base.row_security import Privileges, RowPolicy

from .equality import sublinks
from .tables import Described

SOURCE = Path(__file__).parents[2] / "src"
EVERYBODY = {
    "base_clock": "pages say why nothing is charged; the engine alone writes it",
    "catalogue_rate": "what prices come to: worked out by every order, for any plan, and never changed but for its end",
}
"""Tables whose rows all requests have, and why."""
FUNCTIONS = {
    name
    for path in SOURCE.rglob("migrations/*.sql")
    for name in re.findall(r"CREATE (?:OR REPLACE )?FUNCTION (\w+)", path.read_text(encoding="utf-8"))
}


def security_violations(table: Described) -> list[str]:
    """What is wrong with what a table says of requests, one sentence each."""
    policies = [rule for rule in table.rules if isinstance(rule, RowPolicy)]
    closed = any(isinstance(rule, Privileges) and "GRANT" not in rule.created() for rule in table.rules)
    found = []
    if not policies and not closed and table.name not in EVERYBODY:
        found.append("has no policy, is not closed to requests, and nothing says why")
    for policy in policies:
        names = set(re.findall(r"\b(abono_\w+)\(", policy.rule))
        found += [f"asks {name}, which no migration makes" for name in sorted(names - FUNCTIONS)]
        asked: Any = parse_sql(f"SELECT 1 WHERE {policy.rule}")[0].stmt
        if any(True for _subquery in sublinks(asked.whereClause)):
            found.append(f"has a subquery in {policy.policy}")
    for rule in table.rules:
        if isinstance(rule, Privileges):
            named = {*(() if isinstance(rule.select, bool) else rule.select)}
            named |= {*(() if isinstance(rule.update, bool) else rule.update)}
            found += [f"grants {column}, which it has not" for column in sorted(named - {*table.columns})]
    return found


def test_every_table_of_ours_has_a_policy_or_says_why_not(tables: list[Described]) -> None:
    assert {table.name: security_violations(table) for table in tables} == {table.name: [] for table in tables}
    assert EVERYBODY.keys() <= {table.name for table in tables if any(table.rules)}


@pytest.mark.parametrize(
    ("rules", "says"),
    [
        ((), "has no policy"),
        ((Privileges(select=True),), "has no policy"),
        ((Privileges(select=("id", "gone")), RowPolicy(rule="TRUE")), "grants gone"),
        ((RowPolicy(rule="abono_wall_nothing(id)"),), "asks abono_wall_nothing"),
        ((RowPolicy(rule="EXISTS (SELECT 1)"),), "has a subquery"),
        ((RowPolicy(rule="id = ANY ((SELECT abono_wall_accounts())::bigint[])"),), "has a subquery"),
    ],
)
def test_a_table_that_forgets_requests_is_found(rules: tuple[RowPolicy | Privileges, ...], says: str) -> None:
    (found,) = security_violations(Described("ledger_new", {"id": "bigint"}, ("id",), rules=rules))
    assert found.startswith(says)


def test_a_table_that_says_so_is_left_alone() -> None:
    table = Described("ledger_new", {"id": "bigint"}, ("id",), rules=(RowPolicy(rule="abono_wall_shows(id)"),))
    assert security_violations(table) == []
    assert security_violations(replace(table, rules=(Privileges(),))) == []


def test_a_changed_rule_is_a_change_of_the_model() -> None:
    """What Django compares when it looks for changes, and writes into a migration."""
    policy, privileges = RowPolicy(rule="TRUE", name="a"), Privileges(select=("id",), name="a")
    assert policy == policy.clone()
    assert policy != RowPolicy(rule="FALSE", name="a")
    assert policy != RowPolicy(rule="TRUE", name="a", command="SELECT")
    assert privileges == privileges.clone()
    assert privileges != Privileges(select=("id", "name"), name="a")
    assert privileges != policy


def test_policies_are_made_after_the_functions_they_ask(tables: list[Described]) -> None:
    assert tables  # Django is there
    graph = MigrationLoader(None).graph
    ours = {app for app, _name in graph.nodes if any(table.name.startswith(f"{app}_") for table in tables)}
    for app in ours:
        for leaf in graph.leaf_nodes(app):
            assert ("base", "0001_initial") in graph.forwards_plan(leaf)

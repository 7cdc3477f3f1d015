"""What a migration does when a policy or a privilege that a model declares comes, changes or goes."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.db import connection, transaction
from django.db.utils import ProgrammingError

from abono.base.models import Clock
from abono.base.row_security import ROLE, Privileges, RowPolicy

pytestmark = pytest.mark.django_db
READ = Privileges(select=True, name="base_clock_privileges")


def asked(text: str) -> int:
    """How many rows a statement of a request touches."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL ROLE {ROLE}")
        cursor.execute(text)
        count = int(cursor.rowcount)
        cursor.execute("SET LOCAL ROLE NONE")
        return count


def may(text: str) -> bool:
    try:
        asked(text)
    except ProgrammingError as error:
        assert "permission denied" in str(error)  # noqa: PT017 -- nothing else may be refused
        return False
    return True


def add(rule: RowPolicy | Privileges) -> None:
    with connection.schema_editor() as editor:
        editor.add_constraint(Clock, rule)


def remove(rule: RowPolicy | Privileges) -> None:
    with connection.schema_editor() as editor:
        editor.remove_constraint(Clock, rule)


def test_privileges_are_all_there_is_until_they_are_taken_away() -> None:
    Clock.objects.create(boot="a", seen_at=datetime(2026, 1, 1, tzinfo=UTC))
    assert may("SELECT * FROM base_clock")
    assert not may("UPDATE base_clock SET held = ''")
    remove(READ)
    assert may("UPDATE base_clock SET held = ''")
    assert may("DELETE FROM base_clock")
    columns = Privileges(select=("boot",), update=("held",), name=READ.name)
    add(columns)
    assert may("SELECT boot FROM base_clock")
    assert may("UPDATE base_clock SET held = ''")
    for text in ("SELECT * FROM base_clock", "UPDATE base_clock SET boot = ''", "DELETE FROM base_clock"):
        assert not may(text)
    remove(columns)
    add(Privileges(name=READ.name))
    assert not may("SELECT boot FROM base_clock")


def test_policies_add_up_and_a_table_that_lost_them_shows_nothing() -> None:
    for boot in ("a", "b", "c"):
        Clock.objects.create(boot=boot, seen_at=datetime(2026, 1, 1, tzinfo=UTC))
    first = RowPolicy(rule="boot = 'a'", name="one")
    second = RowPolicy(rule="boot = 'b'", command="SELECT", policy="abono_wall_shown", name="two")
    add(first)
    assert asked("SELECT * FROM base_clock") == 1
    add(second)
    assert asked("SELECT * FROM base_clock") == 2
    remove(first)
    assert asked("SELECT * FROM base_clock") == 1
    remove(second)
    assert asked("SELECT * FROM base_clock") == 0
    assert Clock.objects.count() == 3

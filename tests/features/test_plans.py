"""Statements are planned once a connection, also when something is rolled back in between."""

from __future__ import annotations

import pytest
from django.db import connection, transaction

from abono.base.plans import LastingPlans
from abono.features.billing import money
from abono.features.billing.previews import preview

from .worlds import START, account, operator

pytestmark = pytest.mark.django_db(transaction=True)
ASKED = "SELECT 'lasting' || %s"


def ask() -> None:
    with connection.cursor() as cursor:
        cursor.execute(ASKED, ["x"])
        assert cursor.fetchone() == ("lastingx",)


def planned() -> int:
    """How often the server was asked since it planned the statement; 0 if it has no plan."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT coalesce(sum(generic_plans + custom_plans), 0)::int FROM pg_prepared_statements"
            " WHERE statement LIKE 'SELECT ''lasting''%%' AND name LIKE %s",
            ["%pg3%"],
        )
        return int(cursor.fetchone()[0])


def test_plans_outlive_rollbacks_and_previews() -> None:
    connection.close()
    connection.ensure_connection()
    assert isinstance(connection.connection._prepared, LastingPlans)  # noqa: SLF001
    made = account(operator())
    for _each in range(3):
        ask()
    before = planned()
    assert before >= 1
    with transaction.atomic():
        ask()
        transaction.set_rollback(True)
    with transaction.atomic(), transaction.atomic():
        ask()
        transaction.set_rollback(True)
    preview(made, START, lambda: money.pay(made, 5, now=START))
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        raise ZeroDivisionError
    ask()
    assert planned() == before + 3


def test_plans_are_forgotten_with_a_table() -> None:
    connection.close()
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMPORARY TABLE lasting (a integer)")
        for _each in range(3):
            ask()
        assert planned()
        cursor.execute("DROP TABLE lasting")
    ask()
    assert planned() == 0

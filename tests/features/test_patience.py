"""How long the web and the API may keep others waiting: what takes too long is given up, and says to come again."""

from __future__ import annotations

import time
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from django.db.backends.postgresql.base import DatabaseWrapper

from abono.base.database import django_database, is_away


@pytest.mark.django_db
def test_a_transaction_ends_however_short_its_statements_are() -> None:
    """Twice as long as a statement may take: nobody waits for a call that goes on and on."""
    own = connection.settings_dict
    patience = django_database("dbname=x", statement_seconds=1)["OPTIONS"]
    settings: dict[str, Any] = {**own, "ATOMIC_REQUESTS": False, "OPTIONS": {**own["OPTIONS"], **patience}}
    impatient = DatabaseWrapper(settings, alias=connection.alias)
    began, caught = time.monotonic(), list[BaseException]()
    try:
        with impatient.cursor() as cursor:
            cursor.execute("BEGIN")
            for _ in range(8):
                cursor.execute("SELECT pg_sleep(0.5)")
    except DatabaseError as error:
        caught.append(error)
    finally:
        impatient.close()
    assert [is_away(error) for error in caught] == [True]
    assert 1.5 < time.monotonic() - began < 4
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SHOW transaction_timeout")
        assert cursor.fetchone() == ("0",)  # whoever works for all has all the time

"""Accounts copied row by row: twins that differ in nothing but their number, and worlds that are large at once.

Rows of an account have ids that are unique within it, so that a copy keeps them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import connection

if TYPE_CHECKING:
    from collections.abc import Sequence

# In the order of the references between them.
TABLES = (
    "ledger_account",
    "ledger_entry",
    "ledger_grant",
    "ledger_hold",
    "subscriptions_subscription",
    "subscriptions_transition",
    "billing_charge",
    "notices_notice",
    "accounts_profile",
    "accounts_word",
    "accounts_number",
    "base_once",
    "base_trail",
)


def copies(accounts: Sequence[int], times: int) -> list[list[int]]:
    """So many copies of each account, with all its rows; answers their ids, a list for each account."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT nextval(pg_get_serial_sequence('ledger_account', 'account_id')) FROM generate_series(1, %s)",
            [len(accounts) * times],
        )
        fresh = [int(row[0]) for row in cursor.fetchall()]
        for table in TABLES:
            cursor.execute(
                "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped"
                " AND attgenerated = ''",
                [table],
            )
            columns = [row[0] for row in cursor.fetchall() if row[0] != "account_id"]
            values = ["t.number || '-' || c.copy" if name == "number" else f"t.{name}" for name in columns]
            cursor.execute(
                f"INSERT INTO {table} (account_id, {', '.join(columns)}) SELECT c.copy, {', '.join(values)}"
                f" FROM unnest(%s::bigint[], %s::bigint[]) AS c (original, copy)"
                f" INNER JOIN {table} AS t ON t.account_id = c.original",
                [list(accounts) * times, fresh],
            )
    return [fresh[place :: len(accounts)] for place in range(len(accounts))]

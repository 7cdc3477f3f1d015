"""What belongs to accounts, behind the second wall (abono.base.wall), as far as lower features and the base own it."""

from typing import ClassVar

from django.db import migrations

from abono.base.wall import policy

TABLES = (
    "accounts_profile",
    "ledger_account",
    "ledger_entry",
    "ledger_grant",
    "ledger_hold",
    "notices_notice",
    "base_once",
    "base_trail",
)


class Migration(migrations.Migration):
    """Row-level security by operator, account, manager and agent."""

    dependencies: ClassVar = [
        ("accounts", "0002_given_to"),
        ("base", "0003_wall"),
        ("ledger", "0002_storage"),
        ("notices", "0001_initial"),
    ]
    operations: ClassVar = [migrations.RunSQL(policy(table), migrations.RunSQL.noop) for table in TABLES]

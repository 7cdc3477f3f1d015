"""What belongs to accounts, behind the second wall (abono.base.wall)."""

from typing import ClassVar

from django.db import migrations

from abono.base.wall import policy

TABLES = ("billing_charge",)


class Migration(migrations.Migration):
    """Row-level security by operator, account, manager and agent."""

    dependencies: ClassVar = [("billing", "0001_initial"), ("accounts", "0003_wall")]
    operations: ClassVar = [migrations.RunSQL(policy(table), migrations.RunSQL.noop) for table in TABLES]

"""What belongs to accounts, behind the second wall (abono.base.wall)."""

from typing import ClassVar

from django.db import migrations

from abono.base.wall import policy

TABLES = ("subscriptions_subscription", "subscriptions_transition")


class Migration(migrations.Migration):
    """Row-level security by operator, account, manager and agent."""

    dependencies: ClassVar = [("subscriptions", "0002_storage"), ("accounts", "0003_wall")]
    operations: ClassVar = [migrations.RunSQL(policy(table), migrations.RunSQL.noop) for table in TABLES]

"""What belongs to accounts, behind the second wall (abono.base.wall).

The endpoints stay outside: whoever works below an operator tells that operator's programs of it.
"""

from typing import ClassVar

from django.db import migrations

from abono.base.wall import policy

TABLES = ("webhooks_event", "webhooks_delivery")


class Migration(migrations.Migration):
    """Row-level security by operator, account, manager and agent."""

    dependencies: ClassVar = [("webhooks", "0001_initial"), ("accounts", "0003_wall")]
    operations: ClassVar = [migrations.RunSQL(policy(table), migrations.RunSQL.noop) for table in TABLES]

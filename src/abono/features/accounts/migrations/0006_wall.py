"""Behind the second wall: words, numbers, and why people are let in; keys are the house's own."""

from typing import ClassVar

from django.db import migrations

from abono.base.wall import house_policy, policy

TABLES = ("accounts_word", "accounts_number", "access_membership")


class Migration(migrations.Migration):
    """Row-level security by operator, account, manager and agent."""

    dependencies: ClassVar = [("accounts", "0005_lists"), ("access", "0001_initial")]
    operations: ClassVar = [
        *(migrations.RunSQL(policy(table), migrations.RunSQL.noop) for table in TABLES),
        migrations.RunSQL(house_policy("access_apikey"), migrations.RunSQL.noop),
    ]

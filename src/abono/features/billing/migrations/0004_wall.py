"""Runs behind the second wall: those of one's operators, and those of all, whose totals no page shows."""

from typing import ClassVar

from django.db import migrations

from abono.base.wall import house_policy


class Migration(migrations.Migration):
    """Row-level security for the house's own people."""

    dependencies: ClassVar = [("billing", "0003_lists")]
    operations: ClassVar = [
        migrations.RunSQL(house_policy("billing_slice"), migrations.RunSQL.noop),
        migrations.RunSQL(house_policy("billing_run", shared=True), migrations.RunSQL.noop),
    ]

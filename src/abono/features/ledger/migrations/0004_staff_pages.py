"""Payments and corrections are listed by day; what moved of late is read by blocks."""

import django.contrib.postgres.indexes
from django.db import migrations, models


class Migration(migrations.Migration):
    """Indexes for the pages of staff."""

    dependencies = [
        ("ledger", "0003_lists"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="entry",
            index=models.Index(
                condition=models.Q(("counter__in", ["cash", "adjustments", "opening"])),
                fields=["booked_on", "id"],
                name="ledger_entry_by_hand",
            ),
        ),
        migrations.AddIndex(
            model_name="entry",
            index=models.Index(
                condition=models.Q(("counter__in", ["cash", "adjustments", "opening"])),
                fields=["operator_id", "booked_on", "id"],
                name="ledger_entry_by_seller",
            ),
        ),
        migrations.AddIndex(
            model_name="entry",
            index=django.contrib.postgres.indexes.BrinIndex(fields=["booked_at"], name="ledger_entry_booked"),
        ),
    ]

"""Events are found by their time, counters in the order of reports."""

from typing import ClassVar

from django.db import migrations, models

# The same columns in another order: an account's events of a subscription lie side by side by their time.
BY_TIME = """
ALTER TABLE usage_event DROP CONSTRAINT usage_event_pkey;
ALTER TABLE usage_event ADD PRIMARY KEY (account_id, subscription_id, at, id);
"""
BY_ARRIVAL = """
ALTER TABLE usage_event DROP CONSTRAINT usage_event_pkey;
ALTER TABLE usage_event ADD PRIMARY KEY (account_id, subscription_id, id, at);
"""


class Migration(migrations.Migration):
    """The key of events, and an index of counters."""

    dependencies: ClassVar = [("usage", "0006_columns")]
    operations: ClassVar = [
        migrations.RunSQL(BY_TIME, BY_ARRIVAL),
        migrations.AddIndex(
            "counter",
            models.Index(
                fields=["operator_id", "account_id", "subscription_id", "service_id"], name="usage_counter_report"
            ),
        ),
    ]

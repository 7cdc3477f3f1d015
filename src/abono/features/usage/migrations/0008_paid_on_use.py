"""What was paid on use for the quota period to come, and for each day of a quota by the day."""

from typing import ClassVar

from django.db import migrations, models

# What was charged on use before was charged for all that was used.
PAID_DAYS = """
UPDATE usage_day AS d SET paid_used = greatest(d.used, 0)
FROM usage_counter AS c
WHERE
    d.account_id = c.account_id AND d.subscription_id = c.subscription_id AND d.service_id = c.service_id
    AND d.turn = c.turn AND c.paid > 0;
"""


class Migration(migrations.Migration):
    """Two columns."""

    dependencies: ClassVar = [("usage", "0007_reports")]
    operations: ClassVar = [
        migrations.AddField("counter", "paid_ahead", models.BigIntegerField(db_default=0)),
        migrations.AddField("day", "paid_used", models.DecimalField(max_digits=40, decimal_places=12, db_default=0)),
        migrations.RunSQL(PAID_DAYS, migrations.RunSQL.noop),
    ]

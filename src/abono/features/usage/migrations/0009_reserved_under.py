"""Under which plan and quantity something was reserved: it ends with them."""

from typing import ClassVar

from django.db import migrations, models

UNDER = """
UPDATE usage_reservation AS r SET plan_id = s.plan_id, times = s.quantity
FROM subscriptions_subscription AS s
WHERE r.account_id = s.account_id AND r.subscription_id = s.id;
"""


class Migration(migrations.Migration):
    """Two columns and an index."""

    dependencies: ClassVar = [("usage", "0008_paid_on_use"), ("subscriptions", "0005_blocked")]
    operations: ClassVar = [
        migrations.AddField("reservation", "plan_id", models.BigIntegerField(default=0), preserve_default=False),
        migrations.AddField(
            "reservation",
            "times",
            models.DecimalField(max_digits=40, decimal_places=12, default=1),
            preserve_default=False,
        ),
        migrations.RunSQL(UNDER, migrations.RunSQL.noop),
        migrations.AddIndex(
            "reservation",
            models.Index(
                fields=["account_id"],
                name="usage_reservation_account",
                condition=models.Q(closed_at__isnull=True),
            ),
        ),
    ]

"""The day whose slice a change left standing, and the first charge that no change has given back."""

from typing import ClassVar

from django.db import migrations, models

# What was changed before cannot be told any more: the latest charge counts, as it did.


class Migration(migrations.Migration):
    """Two columns that are empty until the next change."""

    dependencies: ClassVar = [("subscriptions", "0005_blocked")]
    operations: ClassVar = [
        migrations.AddField("subscription", "kept_until", models.DateField(null=True)),
        migrations.AddField("subscription", "paid_from", models.UUIDField(null=True)),
    ]

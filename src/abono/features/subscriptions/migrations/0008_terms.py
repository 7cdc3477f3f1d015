"""When what was agreed changed last, so that it is told also where no state changes."""

from typing import ClassVar

from django.db import migrations, models


class Migration(migrations.Migration):
    """Which change of plan, quantity or what waits came last."""

    dependencies: ClassVar = [("subscriptions", "0007_looked_for")]
    operations: ClassVar = [
        migrations.AddField("subscription", "terms_id", models.UUIDField(null=True)),
        migrations.AddField("subscription", "terms_cause", models.CharField(db_default="", max_length=20)),
    ]

"""A running number for the events of each subscription."""

from typing import ClassVar

from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    """Which event of its subscription an event is; those told so far have no number."""

    dependencies: ClassVar = [("webhooks", "0005_makers")]
    operations: ClassVar = [
        migrations.AddField("event", "subscription_id", models.UUIDField(null=True)),
        migrations.AddField("event", "sequence", models.BigIntegerField(null=True)),
        migrations.AddConstraint(
            "event",
            models.UniqueConstraint(
                fields=["account_id", "subscription_id", "sequence"],
                condition=Q(subscription_id__isnull=False),
                name="webhooks_event_sequence",
            ),
        ),
    ]

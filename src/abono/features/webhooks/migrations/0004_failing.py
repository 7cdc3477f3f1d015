"""An endpoint that fails waits as a whole; what is due is looked up by endpoint."""

from typing import ClassVar

from django.db import migrations, models
from django.db.models import Q

from abono.base.wall import hide


class Migration(migrations.Migration):
    """How often in a row an endpoint failed, since when, and until when it is left alone."""

    dependencies: ClassVar = [("webhooks", "0003_secrets")]
    operations: ClassVar = [
        migrations.AddField("endpoint", "failures", models.IntegerField(db_default=0)),
        migrations.AddField("endpoint", "failing_since", models.DateTimeField(null=True)),
        migrations.AddField("endpoint", "retry_at", models.DateTimeField(null=True)),
        migrations.RemoveIndex("delivery", "webhooks_delivery_due_at"),
        migrations.AddIndex(
            "delivery",
            models.Index(fields=["endpoint_id", "due_at"], name="webhooks_delivery_due", condition=Q(state="waiting")),
        ),
        # The new columns may be read behind the wall.
        migrations.RunSQL(hide("webhooks_endpoint", "secret", "old_secret"), migrations.RunSQL.noop),
    ]

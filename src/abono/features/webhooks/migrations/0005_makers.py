"""Who made an endpoint: it ends with their place above the operator."""

from typing import ClassVar

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from abono.base.wall import hide


class Migration(migrations.Migration):
    """The user or the key that made it; the new columns may be read behind the wall."""

    dependencies: ClassVar = [("webhooks", "0004_failing"), ("access", "0006_makers")]
    operations: ClassVar = [
        migrations.AddField(
            model_name="endpoint",
            name="made_by_user",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="endpoint",
            name="made_by_key",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="access.apikey",
            ),
        ),
        migrations.RunSQL(hide("webhooks_endpoint", "secret", "old_secret"), migrations.RunSQL.noop),
    ]

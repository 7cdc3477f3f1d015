"""When the clock of a machine was right last."""

from typing import ClassVar

from django.db import migrations, models

from abono.base.wall import ROLE


class Migration(migrations.Migration):
    """Kept by the engine; the web only reads why nothing is charged."""

    dependencies: ClassVar = [("base", "0006_look")]
    operations: ClassVar = [
        migrations.CreateModel(
            name="Clock",
            fields=[
                ("boot", models.CharField(max_length=40, primary_key=True, serialize=False)),
                ("seen_at", models.DateTimeField(null=True)),
                ("passed", models.DurationField(null=True)),
                ("held", models.CharField(db_default="", max_length=200)),
                ("held_at", models.DateTimeField(null=True)),
            ],
        ),
        migrations.RunSQL(f"REVOKE INSERT, UPDATE, DELETE ON base_clock FROM {ROLE}", migrations.RunSQL.noop),
    ]

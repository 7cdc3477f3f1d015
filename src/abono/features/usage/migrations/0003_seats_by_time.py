"""Seats billed by time: how closed quota periods were measured, and whether all of their events are kept."""

from typing import ClassVar

from django.db import migrations, models

from abono.base.sql import makes_functions, statements


class Migration(migrations.Migration):
    """Functions of sql/functions.sql, and two columns of closed periods."""

    dependencies: ClassVar = [("usage", "0002_functions")]
    operations: ClassVar = [
        migrations.RunPython(
            makes_functions(statements("abono.features.usage", "functions").texts), migrations.RunPython.noop
        ),
        migrations.AddField("period", "measured_by", models.CharField(max_length=4, null=True)),
        migrations.AddField("period", "partial", models.BooleanField(db_default=False)),
    ]

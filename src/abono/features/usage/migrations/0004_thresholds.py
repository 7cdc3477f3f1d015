"""Thresholds of warnings that a plan names itself."""

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import migrations, models

from abono.base.sql import makes_functions, statements


class Migration(migrations.Migration):
    """Functions of sql/functions.sql, and the thresholds by which the last use was judged."""

    dependencies: ClassVar = [("usage", "0003_seats_by_time")]
    operations: ClassVar = [
        migrations.RunPython(
            makes_functions(statements("abono.features.usage", "functions").texts), migrations.RunPython.noop
        ),
        migrations.AddField("counter", "thresholds", ArrayField(models.SmallIntegerField(), null=True)),
        migrations.AddField("day", "thresholds", ArrayField(models.SmallIntegerField(), null=True)),
    ]

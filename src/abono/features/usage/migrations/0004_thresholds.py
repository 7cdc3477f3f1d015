"""Thresholds of warnings that a plan names itself."""

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import migrations, models

from abono.base.sql import statements


def make_functions(_apps: object, schema_editor: object) -> None:
    """Create or replace every function of sql/functions.sql, in order."""
    for text in statements("abono.features.usage", "functions").texts.values():
        schema_editor.execute(text, params=None)  # type: ignore[attr-defined]


class Migration(migrations.Migration):
    """Functions of sql/functions.sql, and the thresholds by which the last use was judged."""

    dependencies: ClassVar = [("usage", "0003_seats_by_time")]
    operations: ClassVar = [
        migrations.RunPython(make_functions, migrations.RunPython.noop),
        migrations.AddField("counter", "thresholds", ArrayField(models.SmallIntegerField(), null=True)),
        migrations.AddField("day", "thresholds", ArrayField(models.SmallIntegerField(), null=True)),
    ]

"""Seats billed by time: how closed quota periods were measured, and whether all of their events are kept."""

from typing import ClassVar

from django.db import migrations, models

from abono.base.sql import statements


def make_functions(_apps: object, schema_editor: object) -> None:
    """Create or replace every function of sql/functions.sql, in order."""
    for text in statements("abono.features.usage", "functions").texts.values():
        schema_editor.execute(text, params=None)  # type: ignore[attr-defined]


class Migration(migrations.Migration):
    """Functions of sql/functions.sql, and two columns of closed periods."""

    dependencies: ClassVar = [("usage", "0002_functions")]
    operations: ClassVar = [
        migrations.RunPython(make_functions, migrations.RunPython.noop),
        migrations.AddField("period", "measured_by", models.CharField(max_length=4, null=True)),
        migrations.AddField("period", "partial", models.BooleanField(db_default=False)),
    ]

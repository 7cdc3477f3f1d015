"""A batch of events is read from columns of text: functions of sql/functions.sql."""

from typing import ClassVar

from django.db import migrations

from abono.base.sql import statements


def make_functions(_apps: object, schema_editor: object) -> None:
    """Create or replace every function of sql/functions.sql, in order."""
    for text in statements("abono.features.usage", "functions").texts.values():
        schema_editor.execute(text, params=None)  # type: ignore[attr-defined]


class Migration(migrations.Migration):
    """Functions of sql/functions.sql."""

    dependencies: ClassVar = [("usage", "0005_properties")]
    operations: ClassVar = [migrations.RunPython(make_functions, migrations.RunPython.noop)]

"""A batch of events is read from columns of text: functions of sql/functions.sql."""

from typing import ClassVar

from django.db import migrations

from abono.base.sql import makes_functions, statements


class Migration(migrations.Migration):
    """Functions of sql/functions.sql."""

    dependencies: ClassVar = [("usage", "0005_properties")]
    operations: ClassVar = [
        migrations.RunPython(
            makes_functions(statements("abono.features.usage", "functions").texts), migrations.RunPython.noop
        )
    ]

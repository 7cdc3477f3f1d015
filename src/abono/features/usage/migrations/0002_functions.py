"""The functions as they are now: two that make the partition of a month at once do not meet."""

from typing import ClassVar

from django.db import migrations

from abono.base.sql import makes_functions, statements


class Migration(migrations.Migration):
    """Functions of sql/functions.sql."""

    dependencies: ClassVar = [("usage", "0001_initial")]
    operations: ClassVar = [
        migrations.RunPython(
            makes_functions(statements("abono.features.usage", "functions").texts), migrations.RunPython.noop
        )
    ]

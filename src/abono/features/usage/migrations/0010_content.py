"""What makes an event the same as another with its key."""

from typing import ClassVar

from django.db import migrations

from abono.base.sql import makes_functions, statements


class Migration(migrations.Migration):
    """Functions of sql/functions.sql."""

    dependencies: ClassVar = [("usage", "0009_reserved_under")]
    operations: ClassVar = [
        migrations.RunPython(
            makes_functions(statements("abono.features.usage", "functions").texts), migrations.RunPython.noop
        ),
    ]

"""The arithmetic that statements need inside the database."""

from typing import ClassVar

from django.db import migrations

from abono.base.sql import makes_functions, statements


class Migration(migrations.Migration):
    """Functions of sql/functions.sql."""

    dependencies: ClassVar = [("base", "0001_initial")]
    operations: ClassVar = [
        migrations.RunPython(makes_functions(statements("abono.base", "functions").texts), migrations.RunPython.noop)
    ]

"""The functions as they are now: a look-ahead is never before what it is for began."""

from typing import ClassVar

from django.db import migrations

from abono.base.sql import makes_functions, statements


class Migration(migrations.Migration):
    """Functions of sql/functions.sql."""

    dependencies: ClassVar = [("base", "0005_lists")]
    operations: ClassVar = [
        migrations.RunPython(makes_functions(statements("abono.base", "functions").texts), migrations.RunPython.noop)
    ]

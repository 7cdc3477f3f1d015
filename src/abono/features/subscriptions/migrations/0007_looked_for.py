"""Which boundary was looked ahead to last, so that nobody is told of it twice."""

from typing import ClassVar

from django.db import migrations, models


class Migration(migrations.Migration):
    """The boundary of the last look-ahead."""

    dependencies: ClassVar = [("subscriptions", "0006_kept_slices")]
    operations: ClassVar = [migrations.AddField("subscription", "looked_for", models.DateField(null=True))]

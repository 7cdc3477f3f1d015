"""Room on the pages, so that a subscription rolls over in place."""

from typing import ClassVar

from django.db import migrations


class Migration(migrations.Migration):
    """A whole page of subscriptions may be written in one roll-over."""

    dependencies: ClassVar = [("subscriptions", "0001_initial")]
    operations: ClassVar = [
        migrations.RunSQL("ALTER TABLE subscriptions_subscription SET (fillfactor = 50)", migrations.RunSQL.noop),
    ]

"""Which days were suspended at their start, not only how many."""

from typing import ClassVar

from django.db import migrations

from abono.base.ranges import DateMultirangeField

# How many there were is kept; which, nobody knows any more.
_CARRY_OVER = """
UPDATE subscriptions_subscription
SET blocked = datemultirange(daterange(period_starts_on, period_starts_on + blocked_days))
WHERE blocked_days > 0
"""


class Migration(migrations.Migration):
    """A set of days instead of a count."""

    dependencies: ClassVar = [("subscriptions", "0004_lists")]
    operations: ClassVar = [
        migrations.AddField("subscription", "blocked", DateMultirangeField(null=True)),
        migrations.RunSQL(_CARRY_OVER, migrations.RunSQL.noop),
        migrations.RemoveField("subscription", "blocked_days"),
    ]

"""Room on the pages, so that an account's balance changes in place."""

from typing import ClassVar

from django.db import migrations


class Migration(migrations.Migration):
    """Three versions of a row are written in one roll-over: claim, balance, next work."""

    dependencies: ClassVar = [("ledger", "0001_initial")]
    operations: ClassVar = [
        migrations.RunSQL("ALTER TABLE ledger_account SET (fillfactor = 50)", migrations.RunSQL.noop),
    ]

"""What processes share for a while, such as counters of rate limits; it may be lost with a crash."""

from typing import ClassVar

from django.db import migrations


class Migration(migrations.Migration):
    """The table of Django's database cache, as ``createcachetable`` makes it, but not logged."""

    dependencies: ClassVar = [("base", "0003_wall")]
    operations: ClassVar = [
        migrations.RunSQL(
            """
            CREATE UNLOGGED TABLE base_cache (
                cache_key varchar(255) PRIMARY KEY,
                value text NOT NULL,
                expires timestamp with time zone NOT NULL
            );
            CREATE INDEX base_cache_expires ON base_cache (expires);
            """,
            "DROP TABLE base_cache",
        ),
    ]

"""First answers are a key's own; how much a key has asked is judged before the wall goes up."""

from typing import ClassVar

from django.db import migrations

from abono.base.wall import FUNCTIONS, ROLE, shut

OWN = f"""
    {FUNCTIONS}
    ALTER TABLE api_reply ENABLE ROW LEVEL SECURITY;
    DROP POLICY IF EXISTS abono_wall ON api_reply;
    CREATE POLICY abono_wall ON api_reply TO {ROLE}
    USING (owner = abono_wall_key()) WITH CHECK (owner = abono_wall_key());
"""


class Migration(migrations.Migration):
    """Row-level security by key."""

    dependencies: ClassVar = [("api", "0001_initial"), ("base", "0003_wall")]
    operations: ClassVar = [
        migrations.RunSQL(OWN, migrations.RunSQL.noop),
        migrations.RunSQL(shut("api_bucket"), migrations.RunSQL.noop),
    ]

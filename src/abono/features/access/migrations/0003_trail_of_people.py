"""What concerns no account may be written down by everybody, for the own operators (abono.base.wall).

A manager, an agent or a subscriber who changes an own password or language leaves a line that belongs to no account.
"""

from typing import ClassVar

from django.db import migrations


class Migration(migrations.Migration):
    """A second policy for new lines of the audit trail; what may be read stays as it is."""

    dependencies: ClassVar = [("access", "0002_invitations_and_signins"), ("base", "0003_wall")]
    operations: ClassVar = [
        migrations.RunSQL(
            """
            DROP POLICY IF EXISTS abono_wall_people ON base_trail;
            CREATE POLICY abono_wall_people ON base_trail FOR INSERT TO abono_web
            WITH CHECK (account_id = 0 AND operator_id = ANY ((SELECT abono_wall_operators())::bigint[]));
            """,
            "DROP POLICY abono_wall_people ON base_trail",
        ),
    ]

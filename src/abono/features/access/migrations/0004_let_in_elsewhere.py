"""Whether somebody else lets a person in too: behind the wall nobody can see that, and yet it must be judged.

The function answers yes or no and nothing else. It runs as the owner of the tables, whom the wall does not hold up.
"""

from typing import ClassVar

from django.db import migrations


class Migration(migrations.Migration):
    """One question that looks over the wall."""

    dependencies: ClassVar = [("access", "0003_trail_of_people"), ("base", "0003_wall")]
    operations: ClassVar = [
        migrations.RunSQL(
            """
            CREATE OR REPLACE FUNCTION abono_let_in_elsewhere(somebody bigint, within bigint[]) RETURNS boolean
            LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public
            RETURN EXISTS (
                SELECT 1 FROM public.access_membership AS m
                WHERE m.user_id = somebody AND m.ended_at IS NULL AND NOT m.operator_id = ANY (within)
            );
            """,
            "DROP FUNCTION abono_let_in_elsewhere(bigint, bigint[])",
        ),
    ]

"""The tree is read by everybody behind the wall and changed by those who stand in it; no request removes an operator.

It is read without limits, because who stands above decides about a brand, a block and what is sold; whether a move
closes a circle depends on moves of other branches too.
"""

from typing import ClassVar

from django.db import migrations

from abono.base.wall import FUNCTIONS, ROLE, shown_policy

TREE = f"""
    {FUNCTIONS}
    ALTER TABLE operators_operator ENABLE ROW LEVEL SECURITY;
    REVOKE DELETE ON operators_operator FROM {ROLE};
    CREATE POLICY abono_wall_shown ON operators_operator FOR SELECT TO {ROLE} USING (TRUE);
    CREATE POLICY abono_wall ON operators_operator FOR UPDATE TO {ROLE}
    USING (abono_wall_shows(id)) WITH CHECK (abono_wall_shows(id));
    CREATE POLICY abono_wall_made ON operators_operator FOR INSERT TO {ROLE}
    WITH CHECK (abono_wall_house() AND abono_wall_shows(parent_id));
"""
OWN = "abono_wall_house() AND abono_wall_shows(operator_id)"


class Migration(migrations.Migration):
    """Row-level security of what is written, by operator."""

    dependencies: ClassVar = [("operators", "0006_domain_proved"), ("base", "0003_wall")]
    operations: ClassVar = [
        migrations.RunSQL(text, migrations.RunSQL.noop)
        for text in (TREE, shown_policy("operators_move", OWN), shown_policy("operators_logo", OWN))
    ]

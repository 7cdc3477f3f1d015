"""The catalogue is read by everybody and written by the house that sells it.

It is read without limits, because subscriptions name plans of operators above, also of those that were above before a
move. What was settled for a quantity is written by whoever orders it, and changed by nobody: only its last day.
"""

from typing import ClassVar

from django.db import migrations

from abono.base.wall import ROLE, shown_policy

SELLS = f"""
    CREATE OR REPLACE FUNCTION abono_wall_sells(plan bigint) RETURNS boolean LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
    BEGIN
        RETURN abono_wall_house() AND EXISTS (
            SELECT FROM catalogue_plan AS p WHERE p.id = plan AND abono_wall_shows(p.operator_id)
        );
    END
    $$;
    REVOKE ALL ON FUNCTION abono_wall_sells(bigint) FROM PUBLIC;
    GRANT EXECUTE ON FUNCTION abono_wall_sells(bigint) TO {ROLE};
"""  # noqa: S608 -- the role's name
RATES = f"""
    REVOKE UPDATE, DELETE ON catalogue_rate FROM {ROLE};
    GRANT UPDATE (valid_to) ON catalogue_rate TO {ROLE};
"""
OF_HOUSES = ("catalogue_service", "catalogue_plan", "catalogue_offer")
OF_PLANS = ("catalogue_planservice", "catalogue_planprice")


class Migration(migrations.Migration):
    """Row-level security of what is written, by operator."""

    dependencies: ClassVar = [("catalogue", "0004_aggregation"), ("base", "0003_wall")]
    operations: ClassVar = [
        migrations.RunSQL(text, migrations.RunSQL.noop)
        for text in (
            *(shown_policy(table, "abono_wall_shows(operator_id) AND abono_wall_house()") for table in OF_HOUSES),
            SELLS,
            *(shown_policy(table, "abono_wall_sells(plan_id)") for table in OF_PLANS),
            RATES,
        )
    ]

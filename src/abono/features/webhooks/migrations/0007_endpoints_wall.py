"""Endpoints are behind the wall: an operator's own see and change them, and everybody's work is told to all who hear.

What is told to whom is asked of a function, which says of the endpoints of other operators no more than that they hear,
and what of.
"""

from typing import ClassVar

from django.db import migrations

from abono.base.wall import ROLE, house_policy

HEARING = f"""
    CREATE OR REPLACE FUNCTION abono_ears(seller bigint) RETURNS bigint[]
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    WITH RECURSIVE above AS (
        SELECT o.id, o.parent_id FROM public.operators_operator AS o WHERE o.id = seller
        UNION
        SELECT o.id, o.parent_id FROM public.operators_operator AS o
        INNER JOIN above AS a ON o.id = a.parent_id
    )

    SELECT coalesce(array_agg(e.id), '{{}}') FROM above AS a
    INNER JOIN public.webhooks_endpoint AS e ON a.id = e.operator_id AND e.disabled_at IS NULL
    $$;
    CREATE OR REPLACE FUNCTION abono_hearing(endpoints bigint[]) RETURNS TABLE (id bigint, types character varying[])
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    SELECT e.id, e.types FROM public.webhooks_endpoint AS e WHERE e.id = ANY (endpoints)
    $$;
    REVOKE EXECUTE ON FUNCTION abono_ears(bigint), abono_hearing(bigint[]) FROM PUBLIC;
    GRANT EXECUTE ON FUNCTION abono_ears(bigint), abono_hearing(bigint[]) TO {ROLE};
"""  # noqa: S608 -- the role's name


class Migration(migrations.Migration):
    """The house's policy, and the one way past it."""

    dependencies: ClassVar = [("webhooks", "0006_sequence"), ("base", "0003_wall")]
    operations: ClassVar = [
        migrations.RunSQL(HEARING, "DROP FUNCTION abono_ears(bigint), abono_hearing(bigint[])"),
        migrations.RunSQL(house_policy("webhooks_endpoint"), migrations.RunSQL.noop),
    ]

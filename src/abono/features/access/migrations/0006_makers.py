"""Who made a key or sent an invitation, so that it is judged by what they may do when it is used.

The functions run as the owner of the tables, whom the second wall does not hold up: a maker may stand above it. They
tell roles at an operator that the caller names, and nothing else.
"""

from typing import ClassVar

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from abono.base.wall import ROLE, hide

FUNCTIONS = f"""
CREATE FUNCTION abono_line_of(seller bigint) RETURNS bigint[]
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
AS $$
    WITH RECURSIVE line AS (
        SELECT id, parent_id FROM operators_operator WHERE id = seller
        UNION
        SELECT o.id, o.parent_id FROM operators_operator AS o INNER JOIN line AS l ON o.id = l.parent_id
    )
    SELECT coalesce(array_agg(id), '{{}}') FROM line
$$;
CREATE FUNCTION abono_roles_at(somebody bigint, seller bigint) RETURNS text[]
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
AS $$
    SELECT coalesce(array_agg(DISTINCT m.role::text), '{{}}') FROM access_membership AS m
    INNER JOIN access_user AS u ON m.user_id = u.id
    WHERE
        m.user_id = somebody AND m.kind = 'staff' AND m.ended_at IS NULL AND u.is_active
        AND m.operator_id = ANY (abono_line_of(seller))
$$;
CREATE FUNCTION abono_is_foreign(somebody bigint, program bigint, seller bigint) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
AS $$
    SELECT CASE
        WHEN program IS NOT NULL
            THEN NOT EXISTS (
                SELECT 1 FROM access_apikey AS k WHERE k.id = program AND k.operator_id = ANY (abono_line_of(seller))
            )
        WHEN somebody IS NOT NULL THEN cardinality(abono_roles_at(somebody, seller)) = 0
        ELSE FALSE
    END
$$;
REVOKE EXECUTE ON FUNCTION abono_line_of(bigint), abono_roles_at(bigint, bigint) FROM PUBLIC;
REVOKE EXECUTE ON FUNCTION abono_is_foreign(bigint, bigint, bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION abono_line_of(bigint), abono_roles_at(bigint, bigint) TO {ROLE};
GRANT EXECUTE ON FUNCTION abono_is_foreign(bigint, bigint, bigint) TO {ROLE};
UPDATE access_apikey AS k SET made_by_user_id = u.id FROM access_user AS u WHERE k.made_by = u.email;
"""  # noqa: S608 -- the role's name


class Migration(migrations.Migration):
    """Makers, and two questions about them."""

    dependencies: ClassVar = [("access", "0005_secrets"), ("operators", "0005_moves_seen")]
    operations: ClassVar = [
        migrations.AddField(
            model_name="apikey",
            name="made_by_user",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="apikey",
            name="made_by_key",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="access.apikey",
            ),
        ),
        migrations.AddField(
            model_name="invitation",
            name="made_by_key",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="access.apikey",
            ),
        ),
        migrations.RunSQL(FUNCTIONS, migrations.RunSQL.noop),
        *(
            migrations.RunSQL(text, migrations.RunSQL.noop)
            for text in (hide("access_apikey", "digest"), hide("access_invitation", "nonce", "digest"))
        ),
    ]

"""The secrets of endpoints: behind the wall no statement reads them, and a function tells whoever may see it one."""

from typing import ClassVar

from django.db import migrations

from abono.base.wall import ROLE, hide

# It runs as the owner of the tables and asks the wall's own questions; whoever stands behind no wall may ask for any.
FUNCTION = f"""
    CREATE OR REPLACE FUNCTION abono_webhook_secret(endpoint bigint) RETURNS text
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public
    RETURN (
        SELECT e.secret FROM public.webhooks_endpoint AS e
        WHERE
            e.id = endpoint
            AND (
                current_setting('role') = 'none'
                OR (
                    e.operator_id = ANY (public.abono_wall_operators())
                    AND public.abono_wall_accounts() IS NULL AND public.abono_wall_membership() IS NULL
                )
            )
    );
    REVOKE EXECUTE ON FUNCTION abono_webhook_secret(bigint) FROM PUBLIC;
    GRANT EXECUTE ON FUNCTION abono_webhook_secret(bigint) TO {ROLE};
"""  # noqa: S608 -- the role's name


class Migration(migrations.Migration):
    """Rights by column, and the one way past them."""

    dependencies: ClassVar = [("webhooks", "0002_wall"), ("base", "0003_wall")]
    operations: ClassVar = [
        migrations.RunSQL(hide("webhooks_endpoint", "secret", "old_secret"), migrations.RunSQL.noop),
        migrations.RunSQL(FUNCTION, "DROP FUNCTION abono_webhook_secret(bigint)"),
    ]

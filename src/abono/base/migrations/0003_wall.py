"""The role of the web and the API, and the settings by which row-level security knows whose rows are asked for."""

from typing import ClassVar

from django.db import migrations

# Databases of one server share the role; two that are made at the same moment may both try to make it.
ROLE = """
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'abono_web') THEN
        BEGIN
            CREATE ROLE abono_web NOLOGIN;
        EXCEPTION
            WHEN duplicate_object OR unique_violation THEN NULL;
            WHEN insufficient_privilege THEN
                RAISE EXCEPTION 'The role abono_web is missing and % may not make it. Let an administrator run: '
                    'CREATE ROLE abono_web NOLOGIN; GRANT abono_web TO % WITH INHERIT TRUE, SET TRUE;',
                    current_user, current_user;
        END;
    END IF;
    IF NOT pg_has_role(current_user, 'abono_web', 'SET') THEN
        EXECUTE format('GRANT abono_web TO %I WITH INHERIT TRUE, SET TRUE', current_user);
    END IF;
END
$$;
GRANT USAGE ON SCHEMA public TO abono_web;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO abono_web;
GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO abono_web;
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO abono_web;
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT USAGE, SELECT ON SEQUENCES TO abono_web;
"""

SETTINGS = """
CREATE OR REPLACE FUNCTION abono_wall_operators() RETURNS bigint[] LANGUAGE sql STABLE PARALLEL SAFE
RETURN coalesce(nullif(current_setting('abono.operators', TRUE), ''), '{}')::bigint[];
CREATE OR REPLACE FUNCTION abono_wall_accounts() RETURNS bigint[] LANGUAGE sql STABLE PARALLEL SAFE
RETURN nullif(current_setting('abono.accounts', TRUE), '')::bigint[];
CREATE OR REPLACE FUNCTION abono_wall_membership() RETURNS bigint LANGUAGE sql STABLE PARALLEL SAFE
RETURN nullif(current_setting('abono.membership', TRUE), '')::bigint;
"""


class Migration(migrations.Migration):
    """The role and the settings of the wall; each feature puts its own tables behind it."""

    dependencies: ClassVar = [("base", "0002_functions")]
    operations: ClassVar = [
        migrations.RunSQL(ROLE, migrations.RunSQL.noop),
        migrations.RunSQL(SETTINGS, migrations.RunSQL.noop),
    ]

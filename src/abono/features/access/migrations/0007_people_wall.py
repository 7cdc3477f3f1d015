"""People, their sessions and the framework's own tables are behind the wall, and so are jobs.

Behind it somebody sees whom the own memberships name. Sessions, sign-ins and second factors are one's own, or those of
people whom no other operator lets in; sessions are reached by functions alone, so that nobody reads their keys. Nobody
reads or changes a job; whoever works may ask for one.
"""

from typing import ClassVar

from django.db import migrations

from abono.base.wall import FUNCTIONS, ROLE, shut

WHO = f"""
    {FUNCTIONS}
    CREATE OR REPLACE FUNCTION abono_wall_knows(somebody bigint) RETURNS boolean LANGUAGE plpgsql STABLE PARALLEL SAFE
    AS $$
    BEGIN
        RETURN somebody = abono_wall_user()
            OR EXISTS (SELECT FROM access_membership AS m WHERE m.user_id = somebody);
    END
    $$;
    CREATE OR REPLACE FUNCTION abono_wall_judges(somebody bigint) RETURNS boolean
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    BEGIN
        RETURN current_setting('role') = 'none' OR somebody = public.abono_wall_user() OR (
            public.abono_wall_house()
            AND EXISTS (
                SELECT FROM public.access_membership AS m
                WHERE m.user_id = somebody AND public.abono_wall_shows(m.operator_id)
            )
            AND NOT public.abono_let_in_elsewhere(somebody, public.abono_wall_operators())
        );
    END
    $$;
    CREATE OR REPLACE FUNCTION abono_sessions(somebody bigint, own text, at timestamp with time zone)
    RETURNS TABLE (
        id bigint, address inet, agent text, created_at timestamp with time zone, last_seen_at timestamp with time zone,
        here boolean
    )
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    SELECT u.id, u.ip, u.user_agent, u.created_at, u.last_seen_at, u.session_key = own
    FROM public.usersessions_usersession AS u
    INNER JOIN public.django_session AS s ON u.session_key = s.session_key AND s.expire_date > at
    WHERE u.user_id = somebody AND public.abono_wall_judges(somebody)
    ORDER BY u.last_seen_at DESC
    $$;
    CREATE OR REPLACE FUNCTION abono_end_sessions(somebody bigint, session bigint, but text) RETURNS void
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    WITH ended AS (
        DELETE FROM public.usersessions_usersession AS u
        WHERE
            u.user_id = somebody AND u.session_key <> but AND (session IS NULL OR u.id = session)
            AND public.abono_wall_judges(somebody)
        RETURNING u.session_key
    )

    DELETE FROM public.django_session AS s USING ended WHERE s.session_key = ended.session_key
    $$;
"""  # noqa: S608 -- the role's name
_NAMES = (
    "abono_wall_knows(bigint)",
    "abono_wall_judges(bigint)",
    "abono_sessions(bigint, text, timestamp with time zone)",
    "abono_end_sessions(bigint, bigint, text)",
)
ONLY = "".join(
    f"REVOKE ALL ON FUNCTION {name} FROM PUBLIC; GRANT EXECUTE ON FUNCTION {name} TO {ROLE};" for name in _NAMES
)
PEOPLE = f"""
    ALTER TABLE access_user ENABLE ROW LEVEL SECURITY;
    CREATE POLICY abono_wall_shown ON access_user FOR SELECT TO {ROLE} USING (abono_wall_knows(id));
    CREATE POLICY abono_wall ON access_user FOR UPDATE TO {ROLE}
    USING (abono_wall_judges(id)) WITH CHECK (abono_wall_judges(id));
    ALTER TABLE mfa_authenticator ENABLE ROW LEVEL SECURITY;
    CREATE POLICY abono_wall_shown ON mfa_authenticator FOR SELECT TO {ROLE} USING (abono_wall_knows(user_id));
    CREATE POLICY abono_wall ON mfa_authenticator FOR DELETE TO {ROLE} USING (abono_wall_judges(user_id));
    ALTER TABLE access_signin ENABLE ROW LEVEL SECURITY;
    REVOKE INSERT, UPDATE, DELETE ON access_signin FROM {ROLE};
    CREATE POLICY abono_wall ON access_signin FOR SELECT TO {ROLE} USING (abono_wall_judges(user_id));
"""  # noqa: S608 -- the role's name
SHUT = shut(
    "django_session", "usersessions_usersession", "account_emailaddress", "account_emailconfirmation",
    "auth_group", "auth_group_permissions", "auth_permission", "django_content_type", "django_migrations",
    "procrastinate_events", "procrastinate_jobs", "procrastinate_periodic_defers", "procrastinate_workers",
)  # fmt: skip
JOBS = """
    ALTER FUNCTION procrastinate_defer_jobs_v1(procrastinate_job_to_defer_v1[])
    SECURITY DEFINER SET search_path = public, pg_temp;
"""


class Migration(migrations.Migration):
    """Row-level security by user, and rights that are taken away."""

    dependencies: ClassVar = [
        ("access", "0006_makers"),
        ("base", "0003_wall"),
        ("account", "0009_emailaddress_unique_primary_email"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("procrastinate", "0041_post_retry_failed_job"),
        ("sessions", "0001_initial"),
        ("usersessions", "0001_initial"),
    ]
    operations: ClassVar = [migrations.RunSQL(text, migrations.RunSQL.noop) for text in (WHO, ONLY, PEOPLE, SHUT, JOBS)]

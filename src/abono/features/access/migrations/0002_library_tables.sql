-- What requests may do with the tables of the framework and of other libraries, which no model of ours declares.
--
-- Sessions and second factors are one's own, or those of people whom no other operator lets in; sessions are reached by
-- functions alone, so that nobody reads their keys. Nobody reads or changes a job; whoever works may ask for one.

-- name: sessions
-- A person's sessions, the latest first; ``own`` is the key of the session that asks.
CREATE FUNCTION abono_sessions(somebody bigint, own text, at timestamp with time zone)
RETURNS TABLE (
    id bigint,
    address inet,
    agent text,
    created_at timestamp with time zone,
    last_seen_at timestamp with time zone,
    here boolean
)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
SELECT u.id, u.ip, u.user_agent, u.created_at, u.last_seen_at, u.session_key = own
FROM public.usersessions_usersession AS u
INNER JOIN public.django_session AS s ON u.session_key = s.session_key AND s.expire_date > at
WHERE u.user_id = somebody AND public.abono_wall_judges(somebody)
ORDER BY u.last_seen_at DESC
$$;
REVOKE ALL ON FUNCTION abono_sessions(bigint, text, timestamp with time zone) FROM public;
GRANT EXECUTE ON FUNCTION abono_sessions(bigint, text, timestamp with time zone) TO abono_web;

-- name: end_sessions
-- Ends a person's sessions, or one of them, but never the one whose key is ``but``.
CREATE FUNCTION abono_end_sessions(somebody bigint, session bigint, but text) RETURNS void
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
REVOKE ALL ON FUNCTION abono_end_sessions(bigint, bigint, text) FROM public;
GRANT EXECUTE ON FUNCTION abono_end_sessions(bigint, bigint, text) TO abono_web;

-- name: factors
-- That somebody has a second factor is seen, its data are not; it is taken away by who decides about the person.
REVOKE ALL ON mfa_authenticator FROM abono_web;
GRANT SELECT (id, type, user_id, created_at, last_used_at), DELETE ON mfa_authenticator TO abono_web;
ALTER TABLE mfa_authenticator ENABLE ROW LEVEL SECURITY;
CREATE POLICY abono_wall_shown ON mfa_authenticator FOR SELECT TO abono_web USING (abono_wall_knows(user_id));
CREATE POLICY abono_wall ON mfa_authenticator FOR DELETE TO abono_web USING (abono_wall_judges(user_id));

-- name: no_access
REVOKE ALL ON
django_session, usersessions_usersession, account_emailaddress, account_emailconfirmation, auth_group,
auth_group_permissions, auth_permission, django_content_type, django_migrations, procrastinate_events,
procrastinate_jobs, procrastinate_periodic_defers, procrastinate_workers FROM abono_web;

-- name: jobs
ALTER FUNCTION procrastinate_defer_jobs_v1(procrastinate_job_to_defer_v1[])
SECURITY DEFINER SET search_path = public, pg_temp;

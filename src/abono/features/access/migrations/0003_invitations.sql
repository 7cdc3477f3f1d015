-- name: invitations_of_tenant
-- How many invitations of an operator's tenant wait, were sent in a day, and to a receiver in an hour; also at
-- operators that who asks does not see. None waits for longer than a week.
CREATE FUNCTION abono_invitations_of_tenant(operator bigint, receiver text, now timestamptz)
RETURNS TABLE (waiting bigint, of_day bigint, to_receiver bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
SELECT
    count(*) FILTER (WHERE i.accepted_at IS NULL AND i.revoked_at IS NULL AND i.expires_at > now) AS waiting,
    count(*) FILTER (WHERE i.made_at > now - interval '1 day') AS of_day,
    count(*) FILTER (WHERE i.made_at > now - interval '1 hour' AND i.email = receiver) AS to_receiver
FROM public.abono_of_same_tenant(operator) AS t (id)
INNER JOIN public.access_invitation AS i ON t.id = i.operator_id AND i.made_at > now - interval '7 days'
$$;
REVOKE EXECUTE ON FUNCTION abono_invitations_of_tenant(bigint, text, timestamptz) FROM public;
GRANT EXECUTE ON FUNCTION abono_invitations_of_tenant(bigint, text, timestamptz) TO abono_web;

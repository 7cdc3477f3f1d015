-- The ways past row-level security of endpoints. They run as the owner of the tables.

-- name: webhook_secret
-- An endpoint's secret, for who sees all of its operator; whoever works outside of row-level security may ask for any.
CREATE FUNCTION abono_webhook_secret(endpoint bigint) RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public
RETURN (
    SELECT e.secret FROM public.webhooks_endpoint AS e
    WHERE
        e.id = endpoint
        AND (
            current_setting('role') = 'none'
            OR (
                e.operator_id = any(public.abono_wall_operators())
                AND public.abono_wall_accounts() IS NULL AND public.abono_wall_membership() IS NULL
            )
        )
);
REVOKE EXECUTE ON FUNCTION abono_webhook_secret(bigint) FROM public;
GRANT EXECUTE ON FUNCTION abono_webhook_secret(bigint) TO abono_web;

-- name: ears
-- The endpoints of a seller and of all above it that are not off: everybody's work is told to all who hear.
CREATE FUNCTION abono_ears(seller bigint) RETURNS bigint[]
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
WITH RECURSIVE above AS (
    SELECT o.id, o.parent_id FROM public.operators_operator AS o WHERE o.id = seller
    UNION
    SELECT o.id, o.parent_id FROM public.operators_operator AS o
    INNER JOIN above AS a ON o.id = a.parent_id
)

SELECT coalesce(array_agg(e.id), '{}') FROM above AS a
INNER JOIN public.webhooks_endpoint AS e ON a.id = e.operator_id AND e.disabled_at IS NULL
$$;
REVOKE EXECUTE ON FUNCTION abono_ears(bigint) FROM public;
GRANT EXECUTE ON FUNCTION abono_ears(bigint) TO abono_web;

-- name: hearing
-- What endpoints hear of, and no more of them.
CREATE FUNCTION abono_hearing(endpoints bigint[]) RETURNS TABLE (id bigint, types character varying[])
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
SELECT e.id, e.types FROM public.webhooks_endpoint AS e WHERE e.id = ANY (endpoints)
$$;
REVOKE EXECUTE ON FUNCTION abono_hearing(bigint[]) FROM public;
GRANT EXECUTE ON FUNCTION abono_hearing(bigint[]) TO abono_web;

-- name: endpoints_of_tenant
-- How many endpoints an operator's tenant has in all, also at operators that who asks does not see.
CREATE FUNCTION abono_endpoints_of_tenant(operator bigint) RETURNS bigint
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
SELECT count(*) FROM public.abono_of_same_tenant(operator) AS t (id)
INNER JOIN public.webhooks_endpoint AS e ON t.id = e.operator_id
$$;
REVOKE EXECUTE ON FUNCTION abono_endpoints_of_tenant(bigint) FROM public;
GRANT EXECUTE ON FUNCTION abono_endpoints_of_tenant(bigint) TO abono_web;

-- name: tenant
-- Whose an operator is: of the one in its line that stands directly below the provider; the provider's own of itself.
CREATE FUNCTION abono_tenant(operator bigint) RETURNS bigint
LANGUAGE sql STABLE SET search_path = pg_catalog, public AS $$
WITH RECURSIVE line AS (
    SELECT o.id, o.parent_id, 0 AS up FROM public.operators_operator AS o WHERE o.id = operator
    UNION ALL
    SELECT o.id, o.parent_id, l.up + 1 FROM public.operators_operator AS o
    INNER JOIN line AS l ON o.id = l.parent_id
)

SELECT l.id FROM line AS l ORDER BY (l.parent_id IS NULL)::integer, l.up DESC LIMIT 1
$$;

-- name: of_same_tenant
-- All operators of an operator's tenant. What hangs directly below the provider are tenants of their own.
CREATE FUNCTION abono_of_same_tenant(operator bigint) RETURNS SETOF bigint
LANGUAGE sql STABLE SET search_path = pg_catalog, public AS $$
WITH RECURSIVE below AS (
    SELECT o.id, o.parent_id IS NULL AS provider FROM public.operators_operator AS o
    WHERE o.id = public.abono_tenant(operator)
    UNION ALL
    SELECT o.id, FALSE AS provider FROM public.operators_operator AS o
    INNER JOIN below AS b ON o.parent_id = b.id AND NOT b.provider
)

SELECT b.id FROM below AS b
$$;

-- Questions about people that look past row-level security: they run as the owner of the tables. Most tell roles at an
-- operator that the caller names, or yes or no, and nothing else.

-- name: let_in_elsewhere
-- Whether somebody else lets a person in too: requests cannot see that, and yet it must be judged.
CREATE FUNCTION abono_let_in_elsewhere(somebody bigint, within bigint[]) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public
RETURN EXISTS (
    SELECT 1 FROM public.access_membership AS m
    WHERE m.user_id = somebody AND m.ended_at IS NULL AND NOT m.operator_id = any(within)
);

-- name: line_of
-- An operator and all above it.
CREATE FUNCTION abono_line_of(seller bigint) RETURNS bigint[]
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
AS $$
WITH RECURSIVE line AS (
    SELECT id, parent_id FROM operators_operator WHERE id = seller
    UNION
    SELECT o.id, o.parent_id FROM operators_operator AS o INNER JOIN line AS l ON o.id = l.parent_id
)
SELECT coalesce(array_agg(id), '{}') FROM line
$$;
REVOKE EXECUTE ON FUNCTION abono_line_of(bigint) FROM public;
GRANT EXECUTE ON FUNCTION abono_line_of(bigint) TO abono_web;

-- name: roles_at
-- The roles that somebody has at an operator now.
CREATE FUNCTION abono_roles_at(somebody bigint, seller bigint) RETURNS text[]
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
AS $$
SELECT coalesce(array_agg(DISTINCT m.role::text), '{}') FROM access_membership AS m
INNER JOIN access_user AS u ON m.user_id = u.id
WHERE
    m.user_id = somebody AND m.kind = 'staff' AND m.ended_at IS NULL AND u.is_active
    AND m.operator_id = ANY (abono_line_of(seller))
$$;
REVOKE EXECUTE ON FUNCTION abono_roles_at(bigint, bigint) FROM public;
GRANT EXECUTE ON FUNCTION abono_roles_at(bigint, bigint) TO abono_web;

-- name: is_foreign
-- Whether the user or the program that made something has no place at an operator any more.
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
REVOKE EXECUTE ON FUNCTION abono_is_foreign(bigint, bigint, bigint) FROM public;
GRANT EXECUTE ON FUNCTION abono_is_foreign(bigint, bigint, bigint) TO abono_web;

-- name: may
-- Whether who made something may do at an operator what needs rights that some roles have: a user by such a role, a
-- program by its whole line of keys. What a command made has no maker, and is never refused.
CREATE FUNCTION abono_may(
    somebody bigint, program bigint, seller bigint, needed text[], able text[], moment timestamptz
) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
AS $$
WITH RECURSIVE line AS (
    SELECT k.operator_id, k.rights, k.made_by_user_id, k.made_by_key_id, k.expires_at, k.revoked_at
    FROM access_apikey AS k WHERE k.id = program AND k.operator_id = ANY (abono_line_of(seller))
    UNION ALL
    SELECT k.operator_id, k.rights, k.made_by_user_id, k.made_by_key_id, k.expires_at, k.revoked_at
    FROM access_apikey AS k INNER JOIN line AS l ON k.id = l.made_by_key_id
)
SELECT CASE
    WHEN program IS NOT NULL
        THEN (
            SELECT coalesce(bool_and(
                l.revoked_at IS NULL AND (l.expires_at IS NULL OR l.expires_at > moment)
                AND l.rights::text[] @> needed
                AND (l.made_by_user_id IS NULL OR abono_roles_at(l.made_by_user_id, l.operator_id) && able)
            ), FALSE)
            FROM line AS l
        )
    WHEN somebody IS NOT NULL THEN abono_roles_at(somebody, seller) && able
    ELSE TRUE
END
$$;
REVOKE EXECUTE ON FUNCTION abono_may(bigint, bigint, bigint, text[], text[], timestamptz) FROM public;
GRANT EXECUTE ON FUNCTION abono_may(bigint, bigint, bigint, text[], text[], timestamptz) TO abono_web;

-- name: knows
-- Whether a person is who asks, or somebody whom a membership names that is seen.
CREATE FUNCTION abono_wall_knows(somebody bigint) RETURNS boolean
LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
BEGIN
    RETURN somebody = abono_wall_user()
        OR EXISTS (SELECT FROM access_membership AS m WHERE m.user_id = somebody);
END
$$;
REVOKE ALL ON FUNCTION abono_wall_knows(bigint) FROM public;
GRANT EXECUTE ON FUNCTION abono_wall_knows(bigint) TO abono_web;

-- name: judges
-- Whether who asks decides about a person: oneself, or whom one of the own operators lets in and no other.
CREATE FUNCTION abono_wall_judges(somebody bigint) RETURNS boolean
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
REVOKE ALL ON FUNCTION abono_wall_judges(bigint) FROM public;
GRANT EXECUTE ON FUNCTION abono_wall_judges(bigint) TO abono_web;

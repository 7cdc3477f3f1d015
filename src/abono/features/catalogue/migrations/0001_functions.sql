-- What the policies of the catalogue ask.

-- name: sells
-- Whether a plan is of an operator of who asks, who sees all accounts of it.
CREATE FUNCTION abono_wall_sells(plan bigint) RETURNS boolean
LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
BEGIN
    RETURN abono_wall_house() AND EXISTS (
        SELECT FROM catalogue_plan AS p WHERE p.id = plan AND abono_wall_shows(p.operator_id)
    );
END
$$;
REVOKE ALL ON FUNCTION abono_wall_sells(bigint) FROM public;
GRANT EXECUTE ON FUNCTION abono_wall_sells(bigint) TO abono_web;

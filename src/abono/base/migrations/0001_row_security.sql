-- The role of the web and the API, and what the policies of tables ask of the connection (abono.base.row_security).

-- name: role
-- Databases of one server share the role; two that are made at the same moment may both try to make it.
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

-- name: privileges
-- All that there is and will be; what is more narrow says so for itself.
GRANT USAGE ON SCHEMA public TO abono_web;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO abono_web;
GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO abono_web;
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO abono_web;
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT USAGE, SELECT ON SEQUENCES TO abono_web;

-- name: operators
-- The operators of who asks; an array of them would be read anew for every row, so policies use the next.
CREATE FUNCTION abono_wall_operators() RETURNS bigint[]
LANGUAGE sql STABLE PARALLEL SAFE
RETURN coalesce(nullif(current_setting('abono.operators', TRUE), ''), '{}')::bigint[];

-- name: shows
-- Whether an operator is one of them, looked up in a text.
CREATE FUNCTION abono_wall_shows(operator bigint) RETURNS boolean
LANGUAGE sql STABLE PARALLEL SAFE
RETURN coalesce(strpos(current_setting('abono.shown', TRUE), ',' || operator || ','), 0) > 0;

-- name: accounts
-- A subscriber's own accounts; empty for all others.
CREATE FUNCTION abono_wall_accounts() RETURNS bigint[]
LANGUAGE sql STABLE PARALLEL SAFE
RETURN nullif(current_setting('abono.accounts', TRUE), '')::bigint[];

-- name: membership
-- The membership of a manager or an agent; empty for all others.
CREATE FUNCTION abono_wall_membership() RETURNS bigint
LANGUAGE sql STABLE PARALLEL SAFE
RETURN nullif(current_setting('abono.membership', TRUE), '')::bigint;

-- name: house
-- Whether who asks sees all accounts of their operators.
CREATE FUNCTION abono_wall_house() RETURNS boolean
LANGUAGE sql STABLE PARALLEL SAFE
RETURN coalesce(current_setting('abono.accounts', TRUE), '') = ''
AND coalesce(current_setting('abono.membership', TRUE), '') = '';

-- name: user
-- The user who asks; empty for a program.
CREATE FUNCTION abono_wall_user() RETURNS bigint
LANGUAGE sql STABLE PARALLEL SAFE
RETURN nullif(current_setting('abono.user', TRUE), '')::bigint;

-- name: key
-- The key of the program that asks; empty for a user.
CREATE FUNCTION abono_wall_key() RETURNS bigint
LANGUAGE sql STABLE PARALLEL SAFE
RETURN nullif(current_setting('abono.key', TRUE), '')::bigint;

-- name: given
-- Whether an account is given to the manager or agent who asks, which is what the profile's own policy says.
CREATE FUNCTION abono_wall_given(account bigint) RETURNS boolean
LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
BEGIN
    RETURN EXISTS (SELECT FROM accounts_profile AS p WHERE p.account_id = account);
END
$$;
REVOKE ALL ON FUNCTION abono_wall_given(bigint) FROM public;
GRANT EXECUTE ON FUNCTION abono_wall_given(bigint) TO abono_web;

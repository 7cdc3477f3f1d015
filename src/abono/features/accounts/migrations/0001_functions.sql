-- Numbers that a seller gives by itself: a series that counts on, one request after another.

-- name: take_number
-- A series begins once, where no number was given by itself yet: after the greatest number of the length that most
-- numbers have (digits only, none that begins with 0 unless all do, at most 12 digits, of two lengths the shorter), or
-- with 1001. From then on a number that somebody chose is stepped over where the series meets it, and leads it nowhere.
--
-- It runs as the owner, whom row-level security does not hold up: a manager or an agent sees few of the numbers. It
-- takes one for an operator that the person belongs to, and tells nothing else of an account.
CREATE FUNCTION abono_take_number(seller bigint, opened bigint) RETURNS text
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp
AS $$
DECLARE
    value bigint;
    least integer;
    width integer;
    written text;
BEGIN
    IF coalesce(current_setting('abono.operators', TRUE), '') <> '' AND seller <> ALL (abono_wall_operators()) THEN
        RAISE insufficient_privilege USING MESSAGE = 'this operator is behind the wall';
    END IF;
    SELECT last + 1, digits INTO value, least FROM accounts_series WHERE operator_id = seller FOR UPDATE;
    IF NOT FOUND THEN
        INSERT INTO accounts_series (operator_id, last, digits)
        SELECT seller, coalesce(max(b.last), 1000), coalesce(max(b.digits), 4)
        FROM (
            SELECT max(n.number)::bigint AS last, length(n.number) AS digits
            FROM accounts_number AS n
            WHERE n.operator_id = seller AND n.number ~ '^[0-9]{1,12}$'
            GROUP BY left(n.number, 1) = '0', length(n.number)
            ORDER BY left(n.number, 1) = '0', count(*) DESC, length(n.number)
            LIMIT 1
        ) AS b
        ON CONFLICT (operator_id) DO NOTHING;
        SELECT last + 1, digits INTO value, least FROM accounts_series WHERE operator_id = seller FOR UPDATE;
    END IF;
    LOOP
        width := greatest(least, length(value::text));
        written := lpad(value::text, width, '0');
        -- One that somebody chose at the same moment is waited for.
        INSERT INTO accounts_number (operator_id, number, account_id) VALUES (seller, written, opened)
        ON CONFLICT DO NOTHING;
        EXIT WHEN FOUND;
        -- It is taken: on to the end of the run of taken numbers in which it stands.
        SELECT n.number::bigint + 1 INTO STRICT value FROM accounts_number AS n
        WHERE
            n.operator_id = seller AND n.number ~ '^[0-9]{1,18}$' AND length(n.number) = width AND n.number >= written
            AND NOT EXISTS (
                SELECT 1 FROM accounts_number AS t
                WHERE
                    t.operator_id = seller
                    AND t.number = lpad(
                        (n.number::bigint + 1)::text, greatest(width, length((n.number::bigint + 1)::text)), '0'
                    )
            )
        ORDER BY length(n.number), n.number
        LIMIT 1;
    END LOOP;
    UPDATE accounts_series SET last = value WHERE operator_id = seller;
    RETURN written;
END
$$;
REVOKE EXECUTE ON FUNCTION abono_take_number(bigint, bigint) FROM public;
GRANT EXECUTE ON FUNCTION abono_take_number(bigint, bigint) TO abono_web;

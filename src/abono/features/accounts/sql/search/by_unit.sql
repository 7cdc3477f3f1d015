-- Those a unit of which begins so, by the first such unit; not those that their number or a word found.
SELECT DISTINCT 2 AS source, u.operator_id, u.unit_key AS text, u.account_id
FROM subscriptions_subscription AS u
INNER JOIN accounts_profile AS p ON u.account_id = p.account_id
INNER JOIN ledger_account AS a ON u.account_id = a.account_id
WHERE
    %(units)s::boolean AND u.unit <> '' AND u.operator_id = any(%(operators)s::bigint[])
    AND u.unit_key >= lower(%(sought)s::text COLLATE pg_c_utf8) COLLATE "C"
    AND u.unit_key < lower(%(sought)s::text COLLATE pg_c_utf8) COLLATE "C" || %(last)s::text
    AND (u.operator_id, u.unit_key, u.account_id)
    > (%(unit_operator)s::bigint, %(unit_text)s::text, %(unit_account)s::bigint)
    AND NOT (
        p.number_key >= lower(%(sought)s::text COLLATE pg_c_utf8) COLLATE "C"
        AND p.number_key < lower(%(sought)s::text COLLATE pg_c_utf8) COLLATE "C" || %(last)s::text
    )
    AND (
        SELECT TRUE FROM subscriptions_subscription AS x
        WHERE
            x.account_id = u.account_id
            AND x.unit_key >= lower(%(sought)s::text COLLATE pg_c_utf8) COLLATE "C" AND x.unit_key < u.unit_key
        LIMIT 1
    ) IS NULL
    AND (
        cardinality(%(words)s::text[]) = 0
        OR (
            SELECT count(DISTINCT y.key) FROM accounts_word AS x
            INNER JOIN
                unnest(%(words)s::text[]) AS y (key)
                ON x.key >= y.key AND x.key < y.key || %(last)s::text
            WHERE x.account_id = u.account_id
        ) < cardinality(%(words)s::text[])
    )
    AND (%(state)s::text <> 'negative' OR a.in_debt)
    AND (
        %(state)s::text <> 'suspended'
        OR (
            SELECT TRUE FROM subscriptions_subscription AS s
            WHERE s.account_id = p.account_id AND s.state = 'suspended'
            LIMIT 1
        )
    )
ORDER BY u.operator_id, u.unit_key, u.account_id
LIMIT 201

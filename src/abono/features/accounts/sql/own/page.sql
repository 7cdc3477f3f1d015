-- Those of the page, in order: of these operators, in the state and with the words that are asked for.
SELECT p.account_id, p.operator_id, p.number_key
FROM own_accounts AS p
INNER JOIN ledger_account AS a ON p.account_id = a.account_id
WHERE
    p.operator_id = any(%(operators)s::bigint[])
    AND (p.operator_id, p.number_key, p.account_id)
    > (%(operator)s::bigint, %(text)s::text, %(account)s::bigint)
    AND (%(state)s::text <> 'negative' OR a.in_debt)
    AND (
        %(state)s::text <> 'suspended'
        OR (
            SELECT TRUE FROM subscriptions_subscription AS s
            WHERE s.account_id = p.account_id AND s.state = 'suspended'
            LIMIT 1
        )
    )
    AND (
        %(sought)s::text = ''
        OR (
            p.number_key >= lower(%(sought)s::text COLLATE pg_c_utf8) COLLATE "C"
            AND p.number_key < lower(%(sought)s::text COLLATE pg_c_utf8) COLLATE "C" || %(last)s::text
        )
        OR (
            cardinality(%(words)s::text[]) > 0
            AND (
                SELECT count(DISTINCT y.key) FROM accounts_word AS x
                INNER JOIN
                    unnest(%(words)s::text[]) AS y (key)
                    ON x.key >= y.key AND x.key < y.key || %(last)s::text
                WHERE x.account_id = p.account_id
            ) = cardinality(%(words)s::text[])
        )
        OR (
            SELECT TRUE FROM subscriptions_subscription AS x
            WHERE
                x.account_id = p.account_id AND x.unit <> ''
                AND x.unit_key >= lower(%(sought)s::text COLLATE pg_c_utf8) COLLATE "C"
                AND x.unit_key < lower(%(sought)s::text COLLATE pg_c_utf8) COLLATE "C" || %(last)s::text
            LIMIT 1
        )
    )
ORDER BY p.operator_id, p.number_key, p.account_id
LIMIT %(most)s

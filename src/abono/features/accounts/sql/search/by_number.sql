-- The first accounts after the place reached whose number begins so.
SELECT 0 AS source, p.operator_id, p.number_key AS text, p.account_id
FROM accounts_profile AS p
INNER JOIN ledger_account AS a ON p.account_id = a.account_id
WHERE
    %(numbers)s::boolean AND p.operator_id = any(%(operators)s::bigint[])
    AND p.number_key >= lower(%(sought)s::text COLLATE pg_c_utf8) COLLATE "C"
    AND p.number_key < lower(%(sought)s::text COLLATE pg_c_utf8) COLLATE "C" || %(last)s::text
    AND (p.operator_id, p.number_key, p.account_id)
    > (%(number_operator)s::bigint, %(number_text)s::text, %(number_account)s::bigint)
    AND (%(state)s::text <> 'negative' OR a.in_debt)
    AND (
        %(state)s::text <> 'suspended'
        OR (
            SELECT TRUE FROM subscriptions_subscription AS s
            WHERE s.account_id = p.account_id AND s.state = 'suspended'
            LIMIT 1
        )
    )
ORDER BY p.operator_id, p.number_key, p.account_id
LIMIT 201

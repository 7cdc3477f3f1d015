-- Those whose unit begins so; not those that the number or a word found.
SELECT 2 AS source, s.operator_id, s.unit_key AS text, s.account_id, s.id
FROM subscriptions_subscription AS s
INNER JOIN accounts_profile AS p ON s.account_id = p.account_id
INNER JOIN catalogue_plan AS c ON s.plan_id = c.id
WHERE
    s.unit <> '' AND s.operator_id = any(%(operators)s::bigint[])
    AND s.unit_key >= lower(%(sought)s::text COLLATE pg_c_utf8) COLLATE "C"
    AND s.unit_key < lower(%(sought)s::text COLLATE pg_c_utf8) COLLATE "C" || %(last)s::text
    AND (s.operator_id, s.unit_key, s.account_id, s.id)
    > (%(unit_operator)s::bigint, %(unit_text)s::text, %(unit_account)s::bigint, %(unit_id)s::uuid)
    AND NOT (
        p.number_key >= lower(%(sought)s::text COLLATE pg_c_utf8) COLLATE "C"
        AND p.number_key < lower(%(sought)s::text COLLATE pg_c_utf8) COLLATE "C" || %(last)s::text
    )
    AND (
        cardinality(%(words)s::text[]) = 0
        OR (
            SELECT count(DISTINCT y.key) FROM accounts_word AS x
            INNER JOIN
                unnest(%(words)s::text[]) AS y (key)
                ON x.key >= y.key AND x.key < y.key || %(last)s::text
            WHERE x.account_id = s.account_id
        ) < cardinality(%(words)s::text[])
    )
    AND s.state = any(%(states)s::text[]) AND (%(plan)s::text = '' OR c.code = %(plan)s::text)
ORDER BY s.operator_id, s.unit_key, s.account_id, s.id
LIMIT 201

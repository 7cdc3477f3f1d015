-- Those a word of whose account's name begins so, by the first such word; not those that the number found.
SELECT 1 AS source, w.operator_id, w.key AS text, s.account_id, s.id
FROM accounts_word AS w
INNER JOIN accounts_profile AS p ON w.account_id = p.account_id
INNER JOIN subscriptions_subscription AS s ON w.account_id = s.account_id
INNER JOIN catalogue_plan AS c ON s.plan_id = c.id
WHERE
    %(names)s::boolean AND w.operator_id = any(%(operators)s::bigint[])
    AND w.key >= %(word)s::text AND w.key < %(word)s::text || %(last)s::text
    AND (w.operator_id, w.key, w.account_id)
    >= (%(word_operator)s::bigint, %(word_text)s::text, %(word_account)s::bigint)
    AND (w.operator_id, w.key, w.account_id, s.id)
    > (%(word_operator)s::bigint, %(word_text)s::text, %(word_account)s::bigint, %(word_id)s::uuid)
    AND NOT (
        p.number_key >= lower(%(sought)s::text COLLATE pg_c_utf8) COLLATE "C"
        AND p.number_key < lower(%(sought)s::text COLLATE pg_c_utf8) COLLATE "C" || %(last)s::text
    )
    AND (
        SELECT TRUE FROM accounts_word AS x
        WHERE x.account_id = w.account_id AND x.key >= %(word)s::text AND x.key < w.key
        LIMIT 1
    ) IS NULL
    AND (
        SELECT count(DISTINCT y.key) FROM accounts_word AS x
        INNER JOIN unnest(%(words)s::text[]) AS y (key) ON x.key >= y.key AND x.key < y.key || %(last)s::text
        WHERE x.account_id = w.account_id
    ) = cardinality(%(words)s::text[])
    AND s.state = any(%(states)s::text[]) AND (%(plan)s::text = '' OR c.code = %(plan)s::text)
ORDER BY w.operator_id, w.key, w.account_id, s.id
LIMIT 201

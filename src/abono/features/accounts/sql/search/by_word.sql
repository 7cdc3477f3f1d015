-- Those a word of whose name begins so, by the first such word; not those that their number found.
SELECT 1 AS source, w.operator_id, w.key AS text, w.account_id
FROM accounts_word AS w
INNER JOIN accounts_profile AS p ON w.account_id = p.account_id
INNER JOIN ledger_account AS a ON w.account_id = a.account_id
WHERE
    %(names)s::boolean AND w.operator_id = any(%(operators)s::bigint[])
    AND w.key >= %(word)s::text AND w.key < %(word)s::text || %(last)s::text
    AND (w.operator_id, w.key, w.account_id)
    > (%(word_operator)s::bigint, %(word_text)s::text, %(word_account)s::bigint)
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
    AND (%(state)s::text <> 'negative' OR a.in_debt)
    AND (
        %(state)s::text <> 'suspended'
        OR (
            SELECT TRUE FROM subscriptions_subscription AS s
            WHERE s.account_id = p.account_id AND s.state = 'suspended'
            LIMIT 1
        )
    )
ORDER BY w.operator_id, w.key, w.account_id
LIMIT 201

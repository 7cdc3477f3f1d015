-- Accounts as lists and pages show them. ``text`` and what it is compared with are in small letters and byte order,
-- which row-level security lets use an index; candidates are cut to the longest page before anything is joined to them.

-- name: browse
-- All accounts of some operators by number; those in debt and those with something suspended by age.
-- layers:
--   candidates
--   page
SELECT
    0 AS source,
    page.text,
    p.account_id,
    p.operator_id,
    p.number,
    p.name,
    p.locale,
    a.currency,
    a.balance,
    a.credit_limit,
    a.held,
    coalesce(g.granted, 0)::bigint AS granted,
    (a.balance + a.credit_limit - a.held + coalesce(g.granted, 0))::bigint AS available,
    coalesce(s.active, 0) AS active,
    coalesce(s.suspended, 0) AS suspended,
    p.opened_at,
    p.manager_id,
    p.agent_id
FROM page
INNER JOIN accounts_profile AS p ON page.account_id = p.account_id
INNER JOIN ledger_account AS a ON p.account_id = a.account_id
LEFT JOIN LATERAL (
    SELECT sum(remaining) AS granted FROM ledger_grant
    WHERE account_id = p.account_id AND starts_at <= %(now)s::timestamptz AND ends_at > %(now)s::timestamptz
) AS g ON TRUE
LEFT JOIN LATERAL (
    SELECT
        count(*) FILTER (WHERE state IN ('active', 'trial')) AS active,
        count(*) FILTER (WHERE state = 'suspended') AS suspended
    FROM subscriptions_subscription
    WHERE account_id = p.account_id
) AS s ON TRUE
ORDER BY page.operator_id, page.text, page.account_id;

-- name: search
-- Accounts of some operators whose number, a word of whose name, or a unit of which begins so, in this order, once.
-- Other words must be there too. Questions that are asked of every candidate are scalar, so that they use an index.
WITH candidates AS (
    (
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
    )
    UNION ALL
    (
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
    )
    UNION ALL
    (
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
    )
),

page AS (
    SELECT source, operator_id, text, account_id FROM candidates
    ORDER BY source, operator_id, text, account_id
    LIMIT %(most)s
)

SELECT
    page.source,
    page.text,
    p.account_id,
    p.operator_id,
    p.number,
    p.name,
    p.locale,
    a.currency,
    a.balance,
    a.credit_limit,
    a.held,
    coalesce(g.granted, 0)::bigint AS granted,
    (a.balance + a.credit_limit - a.held + coalesce(g.granted, 0))::bigint AS available,
    coalesce(s.active, 0) AS active,
    coalesce(s.suspended, 0) AS suspended,
    p.opened_at,
    p.manager_id,
    p.agent_id
FROM page
INNER JOIN accounts_profile AS p ON page.account_id = p.account_id
INNER JOIN ledger_account AS a ON p.account_id = a.account_id
LEFT JOIN LATERAL (
    SELECT sum(remaining) AS granted FROM ledger_grant
    WHERE account_id = p.account_id AND starts_at <= %(now)s::timestamptz AND ends_at > %(now)s::timestamptz
) AS g ON TRUE
LEFT JOIN LATERAL (
    SELECT
        count(*) FILTER (WHERE state IN ('active', 'trial')) AS active,
        count(*) FILTER (WHERE state = 'suspended') AS suspended
    FROM subscriptions_subscription
    WHERE account_id = p.account_id
) AS s ON TRUE
ORDER BY page.source, page.operator_id, page.text, page.account_id;

-- name: own
-- The accounts of a manager, an agent or a subscriber by number. They are few, and found before anything else is asked.
-- layers:
--   mine MATERIALIZED
--   page
SELECT
    0 AS source,
    page.number_key AS text,
    p.account_id,
    p.operator_id,
    p.number,
    p.name,
    p.locale,
    a.currency,
    a.balance,
    a.credit_limit,
    a.held,
    coalesce(g.granted, 0)::bigint AS granted,
    (a.balance + a.credit_limit - a.held + coalesce(g.granted, 0))::bigint AS available,
    coalesce(s.active, 0) AS active,
    coalesce(s.suspended, 0) AS suspended,
    p.opened_at,
    p.manager_id,
    p.agent_id
FROM page
INNER JOIN accounts_profile AS p ON page.account_id = p.account_id
INNER JOIN ledger_account AS a ON p.account_id = a.account_id
LEFT JOIN LATERAL (
    SELECT sum(remaining) AS granted FROM ledger_grant
    WHERE account_id = p.account_id AND starts_at <= %(now)s::timestamptz AND ends_at > %(now)s::timestamptz
) AS g ON TRUE
LEFT JOIN LATERAL (
    SELECT
        count(*) FILTER (WHERE state IN ('active', 'trial')) AS active,
        count(*) FILTER (WHERE state = 'suspended') AS suspended
    FROM subscriptions_subscription
    WHERE account_id = p.account_id
) AS s ON TRUE
ORDER BY page.operator_id, page.number_key, page.account_id;

-- name: reachable
-- Those of some accounts that are in the scope, as one list; the wanted ones are told as text, an account on each line.
SELECT coalesce(array_agg(p.account_id), '{}') AS accounts
FROM accounts_profile AS p
WHERE
    p.account_id = any(string_to_array(%(wanted)s, E'\n')::bigint[])
    AND p.operator_id = any(%(operators)s::bigint[])
    AND (%(accounts)s::bigint[] IS NULL OR p.account_id = any(%(accounts)s::bigint[]))
    AND (%(manager)s::bigint IS NULL OR p.manager_id = %(manager)s::bigint)
    AND (%(agent)s::bigint IS NULL OR p.agent_id = %(agent)s::bigint);

-- name: one
-- An account by its id or by its number (the other is empty), if it is in the scope; of one's own operator first.
SELECT
    p.account_id,
    p.operator_id,
    p.number,
    p.name,
    p.locale,
    a.currency,
    a.balance,
    a.credit_limit,
    a.held,
    coalesce(g.granted, 0)::bigint AS granted,
    (a.balance + a.credit_limit - a.held + coalesce(g.granted, 0))::bigint AS available,
    coalesce(s.active, 0) AS active,
    coalesce(s.suspended, 0) AS suspended,
    p.opened_at,
    p.manager_id,
    p.agent_id
FROM accounts_profile AS p
INNER JOIN ledger_account AS a ON p.account_id = a.account_id
LEFT JOIN LATERAL (
    SELECT sum(remaining) AS granted FROM ledger_grant
    WHERE account_id = p.account_id AND starts_at <= %(now)s::timestamptz AND ends_at > %(now)s::timestamptz
) AS g ON TRUE
LEFT JOIN LATERAL (
    SELECT
        count(*) FILTER (WHERE state IN ('active', 'trial')) AS active,
        count(*) FILTER (WHERE state = 'suspended') AS suspended
    FROM subscriptions_subscription
    WHERE account_id = p.account_id
) AS s ON TRUE
WHERE
    (
        p.account_id = %(account)s::bigint
        OR (
            p.operator_id = any(%(operators)s::bigint[])
            AND p.number_key = lower(%(number)s::text COLLATE pg_c_utf8) COLLATE "C" AND p.number = %(number)s::text
        )
    )
    AND p.operator_id = any(%(operators)s::bigint[])
    AND (%(accounts)s::bigint[] IS NULL OR p.account_id = any(%(accounts)s::bigint[]))
    AND (%(manager)s::bigint IS NULL OR p.manager_id = %(manager)s::bigint)
    AND (%(agent)s::bigint IS NULL OR p.agent_id = %(agent)s::bigint)
ORDER BY p.operator_id <> %(first)s::bigint, p.operator_id
LIMIT 1;

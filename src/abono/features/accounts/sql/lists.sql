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
-- layers:
--   by_number
--   by_word
--   by_unit
--   candidates
--   page
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
--   own_accounts MATERIALIZED
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

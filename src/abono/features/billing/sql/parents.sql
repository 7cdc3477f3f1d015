-- The reason ``parent``: what an operator sells is stopped while it, or one above it, is blocked.
-- The steps work on slices of one operator's accounts under the transaction's claim, as those of instant.sql do.

-- name: cut_by_operator
-- The accounts with a subscription that is not in line with its operator's stop, in slices of at most so many.
SELECT
    s.operator_id,
    min(s.account_id) AS first,
    max(s.account_id) AS last
FROM subscriptions_subscription AS s
INNER JOIN operators_operator AS o ON s.operator_id = o.id
WHERE
    o.id = any(%(operators)s::bigint[]) AND s.state <> 'ended'
    AND (s.reasons & %(bit)s::smallint <> 0) <> o.stopped
GROUP BY s.operator_id, s.account_id / %(size)s::integer
ORDER BY s.operator_id, min(s.account_id);

-- name: claim_slice
-- The accounts of a slice that have something to do; answers the instant that the furthest of them has reached.
WITH claimed AS (
    UPDATE ledger_account AS a SET
        claim = %(claim)s::uuid,
        reached_at = greatest(a.reached_at, %(now)s::timestamptz)
    WHERE
        a.account_id BETWEEN %(first)s AND %(last)s AND a.operator_id = %(operator)s
        AND EXISTS (
            SELECT 1 FROM subscriptions_subscription AS s
            WHERE
                s.account_id = a.account_id AND s.state <> 'ended'
                AND (s.reasons & %(bit)s::smallint <> 0) <> %(stopped)s::boolean
        )
    RETURNING a.reached_at
)

SELECT count(*) AS accounts, max(reached_at) AS reached_at FROM claimed;

-- name: stop
WITH stopping AS MATERIALIZED (
    SELECT s.account_id, s.id, s.operator_id, s.state, s.reasons
    FROM ledger_account AS a
    INNER JOIN subscriptions_subscription AS s ON a.account_id = s.account_id
    WHERE
        a.account_id BETWEEN %(first)s AND %(last)s AND s.account_id BETWEEN %(first)s AND %(last)s
        AND a.claim = %(claim)s::uuid AND s.state <> 'ended' AND s.reasons & %(bit)s::smallint = 0
),

changed AS (
    UPDATE subscriptions_subscription AS s SET
        state = 'suspended',
        reasons = s.reasons | %(bit)s::smallint,
        suspended_on = coalesce(s.suspended_on, abono_blocked_from(%(instant)s::timestamptz, %(zone)s))
    FROM stopping AS p
    WHERE s.account_id = p.account_id AND s.id = p.id
),

history AS (
    INSERT INTO subscriptions_transition (
        account_id, id, operator_id, subscription_id, at, day, cause, state_from, state_to, reasons_from, reasons_to
    )
    SELECT
        account_id,
        uuidv7(),
        operator_id,
        id,
        %(instant)s::timestamptz,
        %(day)s::date,
        'blocked_by_parent',
        state,
        'suspended',
        reasons,
        reasons | %(bit)s::smallint
    FROM stopping
),

told AS (
    INSERT INTO notices_notice (account_id, id, operator_id, subscription_id, kind, sent_on, made_at, payload)
    SELECT account_id, uuidv7(), operator_id, id, 'suspended', %(today)s::date, %(now)s::timestamptz, '{}'::jsonb
    FROM stopping
    WHERE state <> 'suspended'
)

SELECT count(*) FILTER (WHERE state <> 'suspended') AS suspended FROM stopping;

-- name: early
-- Accounts of the slice with an early block that money might lift, now that nothing else is in its way.
SELECT s.account_id
FROM ledger_account AS a
INNER JOIN subscriptions_subscription AS s ON a.account_id = s.account_id
WHERE
    a.account_id BETWEEN %(first)s AND %(last)s AND s.account_id BETWEEN %(first)s AND %(last)s
    AND a.claim = %(claim)s::uuid AND s.state = 'suspended' AND s.early
GROUP BY s.account_id
ORDER BY s.account_id;

-- name: count_accounts
SELECT operator_id, count(*) AS accounts FROM ledger_account
WHERE operator_id = any(%(operators)s::bigint[])
GROUP BY operator_id;

-- name: count_subscriptions
SELECT
    operator_id,
    count(*) FILTER (WHERE state <> 'suspended') AS active,
    count(*) FILTER (WHERE state = 'suspended') AS suspended
FROM subscriptions_subscription
WHERE operator_id = any(%(operators)s::bigint[]) AND state <> 'ended'
GROUP BY operator_id;

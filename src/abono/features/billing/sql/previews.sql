-- What an operation did inside the transaction that a preview rolls back.

-- name: mark
-- The latest rows there were before; ids of the same account grow.
SELECT
    coalesce((
        SELECT e.id FROM ledger_entry AS e
        WHERE e.account_id = %(account)s
        ORDER BY e.id DESC
        LIMIT 1
    ), '00000000-0000-0000-0000-000000000000') AS entry,
    coalesce((
        SELECT t.id FROM subscriptions_transition AS t
        WHERE t.account_id = %(account)s
        ORDER BY t.id DESC
        LIMIT 1
    ), '00000000-0000-0000-0000-000000000000') AS transition,
    (
        -- What people booked last; of late, because an account may be charged for each use.
        SELECT l.id FROM (
            SELECT
                e.id,
                e.counter
            FROM ledger_entry AS e
            WHERE e.account_id = %(account)s
            ORDER BY e.id DESC
            LIMIT 500
        ) AS l
        WHERE l.counter IN ('cash', 'adjustments', 'opening')
        ORDER BY l.id DESC
        LIMIT 1
    ) AS by_hand;

-- name: versions
-- The subscriptions of an account, each with a mark that changes with any of its columns, and with its terms: what
-- of it is the same each time that the same is tried.
SELECT
    s.id,
    md5(s::text) AS version,
    -- Ids of what is made differ each time.
    regexp_replace(
        (to_jsonb(s) - '{ordered_at,rate_id,look_at}'::text[])::text,
        '[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}',
        '',
        'g'
    ) AS terms
FROM subscriptions_subscription AS s
WHERE s.account_id = %(account)s;

-- name: charges_since
-- The charges that were made, and fees beside them.
SELECT
    coalesce(c.starts_on, e.booked_on) AS starts_on,
    c.ends_on,
    coalesce(c.amount, -e.amount) AS amount,
    coalesce(c.kind, e.kind) AS kind
FROM ledger_entry AS e
LEFT JOIN billing_charge AS c ON e.account_id = c.account_id AND e.id = c.id
WHERE e.account_id = %(account)s AND e.id > %(mark)s::uuid AND (c.id IS NOT NULL OR e.kind = 'fee')
ORDER BY e.id;

-- name: moves_since
SELECT
    t.subscription_id,
    p.code AS plan_code,
    s.unit,
    t.state_from,
    t.state_to,
    t.reasons_from,
    t.reasons_to
FROM subscriptions_transition AS t
INNER JOIN subscriptions_subscription AS s ON t.account_id = s.account_id AND t.subscription_id = s.id
INNER JOIN catalogue_plan AS p ON s.plan_id = p.id
WHERE
    t.account_id = %(account)s AND s.account_id = %(account)s AND t.id > %(mark)s::uuid
    AND t.state_from <> t.state_to
ORDER BY t.id;

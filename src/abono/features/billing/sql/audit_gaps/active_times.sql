-- The times in which each subscription was active, by its recorded changes of state, and whether it was ever paused.
SELECT h.account_id, h.subscription_id, h.from_on, coalesce(h.until_on, '9999-12-31'::date) AS until_on, h.pauses
FROM (
    SELECT
        t.account_id,
        t.subscription_id,
        t.state_to,
        abono_blocked_from(t.at, o.time_zone) AS from_on,
        -- What a downtime's catching up dates back ends what was recorded before it.
        min(t.day) OVER (
            PARTITION BY t.account_id, t.subscription_id ORDER BY t.id
            ROWS BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING
        ) AS until_on,
        bool_or(t.cause = 'paused') OVER (PARTITION BY t.account_id, t.subscription_id) AS pauses
    FROM subscriptions_transition AS t
    INNER JOIN operators_operator AS o ON t.operator_id = o.id
) AS h
WHERE h.state_to = 'active'

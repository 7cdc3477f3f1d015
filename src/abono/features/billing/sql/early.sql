-- name: blocked
-- The subscriptions of an account that an early block stopped.
SELECT
    s.account_id,
    s.id,
    coalesce(s.period_ends_on, s.trial_ends_on, s.starts_on) AS boundary_on,
    abono_midnight(coalesce(s.period_ends_on, s.trial_ends_on, s.starts_on), o.time_zone) AS boundary_at
FROM subscriptions_subscription AS s
INNER JOIN operators_operator AS o ON s.operator_id = o.id
WHERE s.account_id = %(account)s AND s.state = 'suspended' AND s.early
ORDER BY s.id;

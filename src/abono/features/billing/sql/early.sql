-- name: blocked
-- The subscriptions of some accounts that an early block stopped; whether nothing else does, and whether the block
-- still stands: a change may have led to a plan that blocks nobody early, or away from the boundary it was for.
SELECT
    s.account_id,
    s.id,
    s.reasons = 1 AS alone,
    p.early_block AND coalesce(s.looked_for = b.boundary_on, TRUE) AS stands,
    b.boundary_on,
    abono_midnight(b.boundary_on, o.time_zone) AS boundary_at
FROM subscriptions_subscription AS s
INNER JOIN operators_operator AS o ON s.operator_id = o.id
INNER JOIN catalogue_plan AS p ON s.plan_id = p.id
CROSS JOIN LATERAL (SELECT coalesce(s.period_ends_on, s.trial_ends_on, s.starts_on) AS boundary_on) AS b
WHERE s.account_id = any(%(accounts)s::bigint[]) AND s.state = 'suspended' AND s.early
ORDER BY s.account_id, s.id;

-- name: pose
-- As if what blocks some subscriptions were a pause that ends today.
UPDATE subscriptions_subscription SET reasons = 2, paused_until = %(today)s::date
WHERE
    account_id BETWEEN %(first)s AND %(last)s AND id = any(%(subscriptions)s::uuid[])
    AND state = 'suspended' AND early;

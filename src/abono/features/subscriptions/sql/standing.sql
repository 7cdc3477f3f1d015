-- How the subscriptions of one account stand, for whoever has them.

-- name: of_account
SELECT
    s.account_id,
    s.id,
    p.code AS plan_code,
    s.quantity,
    s.unit,
    s.state,
    s.reasons,
    s.early,
    s.ordered_at,
    s.starts_on,
    s.trial_ends_on,
    s.period_starts_on,
    s.period_ends_on,
    s.runs,
    h.since AS stopped_on,
    s.paused_on,
    s.paused_until,
    s.frozen_days,
    s.cancels,
    n.code AS next_plan_code,
    s.next_quantity,
    s.ended_on,
    p.period,
    p.charge,
    p.renews,
    p.pause,
    p.pause_days_per_year,
    p.pause_min_days,
    p.pause_fee,
    r.gross AS price
FROM subscriptions_subscription AS s
INNER JOIN catalogue_plan AS p ON s.plan_id = p.id
LEFT JOIN catalogue_plan AS n ON s.next_plan_id = n.id
LEFT JOIN catalogue_rate AS r ON s.rate_id = r.id
LEFT JOIN LATERAL (
    SELECT max(t.day) AS since
    FROM subscriptions_transition AS t
    WHERE
        t.account_id = s.account_id AND t.subscription_id = s.id
        AND t.state_to = 'suspended' AND t.state_from <> 'suspended'
) AS h ON s.state = 'suspended'
WHERE s.account_id = %(account)s AND (%(subscription)s::uuid IS NULL OR s.id = %(subscription)s::uuid)
ORDER BY s.state = 'ended', s.ordered_at DESC, s.id DESC
LIMIT %(most)s;

-- name: of_agent
-- How many accounts an agent brought, and how many of them have something active, something suspended.
SELECT
    count(*) AS accounts,
    count(*) FILTER (WHERE c.active) AS active,
    count(*) FILTER (WHERE c.suspended) AS suspended
FROM (
    SELECT
        f.account_id,
        coalesce(bool_or(s.state IN ('active', 'trial')), FALSE) AS active,
        coalesce(bool_or(s.state = 'suspended'), FALSE) AS suspended
    FROM accounts_profile AS f
    LEFT JOIN subscriptions_subscription AS s ON f.account_id = s.account_id
    WHERE f.agent_id = %(agent)s AND f.operator_id = any(%(operators)s::bigint[])
    GROUP BY f.account_id
) AS c;

-- name: newest_of_agent
SELECT f.account_id, f.number, f.name, f.opened_at
FROM accounts_profile AS f
WHERE f.agent_id = %(agent)s AND f.operator_id = any(%(operators)s::bigint[])
ORDER BY f.opened_at DESC, f.account_id DESC
LIMIT %(most)s;

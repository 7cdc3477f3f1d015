-- The subscriptions that have not ended, or one row for an account without any, with the day that was worked from.
SELECT
    a.account_id,
    a.due_at,
    o.time_zone,
    s.id,
    s.state,
    s.reasons,
    s.early,
    s.runs,
    s.plan_id,
    s.quantity,
    s.period_starts_on,
    s.paid_until,
    coalesce(s.period_ends_on, s.trial_ends_on, s.starts_on) AS boundary,
    s.frozen_days,
    s.paused_until,
    s.look_at,
    coalesce(abono_blocked_from(a.due_at, o.time_zone) - 1, '9999-12-30'::date) AS today
FROM ledger_account AS a
INNER JOIN operators_operator AS o ON a.operator_id = o.id
LEFT JOIN subscriptions_subscription AS s ON a.account_id = s.account_id AND s.state <> 'ended'

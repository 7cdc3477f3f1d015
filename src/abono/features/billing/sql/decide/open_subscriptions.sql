-- Their subscriptions that have not ended: what the decision needs of each and of its plan, and whether it is due.
SELECT
    c.available,
    s.account_id,
    s.id,
    s.operator_id,
    s.state,
    s.reasons,
    s.early,
    s.plan_id,
    s.quantity,
    s.ordered_at,
    s.anchor_on,
    s.anchor_day,
    s.cycle,
    s.period_starts_on,
    s.period_ends_on,
    s.paid_until,
    coalesce(s.period_ends_on, s.trial_ends_on, s.starts_on) AS boundary,
    s.frozen_days,
    s.kept_until,
    s.paused_until,
    s.runs,
    s.fee_due,
    s.look_at,
    s.rate_id,
    p.step_unit,
    p.step,
    p.charge,
    p.resume,
    p.first_period,
    p.on_shortfall,
    p.priority,
    p.look_ahead_hours,
    p.look_ahead_days,
    s.period_starts_on IS NULL AS opens,
    s.state = 'suspended' AND NOT s.early AS returns,
    s.runs AND p.charge = 'daily' AND coalesce(%(day)s::date < s.period_ends_on, FALSE) AS within,
    coalesce(s.paused_until <= %(day)s::date, FALSE)
    OR coalesce(s.look_at <= %(instant)s::timestamptz, FALSE)
    OR (
        (
            s.state = 'suspended' OR p.charge = 'arrears' OR s.cancels OR s.next_plan_id IS NOT NULL OR NOT p.renews
            OR p.counts
        )
        AND s.runs AND coalesce(s.period_ends_on, s.trial_ends_on, s.starts_on) <= %(day)s::date
    ) AS needs_more,
    (%(subscription)s::uuid IS NULL OR s.id = %(subscription)s::uuid)
    AND (
        (
            %(boundaries)s::boolean AND s.runs
            AND (s.state IN ('active', 'trial', 'pending') OR (s.early AND s.reasons = 1))
            AND CASE
                WHEN s.state = 'active' AND p.charge = 'daily' THEN s.paid_until
                ELSE coalesce(s.period_ends_on, s.trial_ends_on, s.starts_on)
            END <= %(day)s::date
        )
        OR (
            %(returns)s::boolean AND s.state = 'suspended' AND s.reasons = 1 AND NOT s.early
            AND (NOT s.runs OR p.charge = 'daily')
        )
    ) AS due
FROM claimed_accounts AS c
INNER JOIN subscriptions_subscription AS s ON c.account_id = s.account_id
INNER JOIN catalogue_plan AS p ON s.plan_id = p.id
WHERE s.account_id BETWEEN %(first)s AND %(last)s AND s.state <> 'ended'

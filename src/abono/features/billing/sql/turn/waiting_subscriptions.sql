-- The subscriptions at their boundary that end, or whose change waits for it.
SELECT
    s.account_id,
    s.id,
    s.operator_id,
    s.state,
    s.reasons,
    n.step_unit,
    s.cancels OR (NOT p.renews AND s.period_starts_on IS NOT NULL) AS ends,
    coalesce(n.step_unit <> p.step_unit OR n.step <> p.step, FALSE) AS other_length,
    CASE WHEN s.period_starts_on IS NULL THEN 0 ELSE -1 END AS fresh_cycle
FROM ledger_account AS a
INNER JOIN subscriptions_subscription AS s ON a.account_id = s.account_id
INNER JOIN catalogue_plan AS p ON s.plan_id = p.id
LEFT JOIN catalogue_plan AS n ON s.next_plan_id = n.id
WHERE
    a.account_id BETWEEN %(first)s AND %(last)s AND s.account_id BETWEEN %(first)s AND %(last)s
    AND a.claim = %(claim)s::uuid AND s.state <> 'ended' AND s.frozen_days IS NULL
    AND s.runs AND coalesce(s.period_ends_on, s.trial_ends_on, s.starts_on) <= %(day)s::date
    AND (s.cancels OR s.next_plan_id IS NOT NULL OR (NOT p.renews AND s.period_starts_on IS NOT NULL))

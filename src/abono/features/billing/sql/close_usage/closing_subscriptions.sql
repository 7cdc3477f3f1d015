-- The subscriptions whose quota periods close, with the days of the period and the day on which it is booked.
SELECT
    s.account_id,
    s.id,
    s.operator_id,
    s.plan_id,
    s.quantity,
    s.period_starts_on IS NULL AS free,
    coalesce(s.period_starts_on, s.starts_on) AS starts_on,
    least(coalesce(s.period_ends_on, s.trial_ends_on, s.starts_on), %(day)s::date) AS booked_on,
    greatest(
        least(coalesce(s.period_ends_on, s.trial_ends_on, s.starts_on), %(day)s::date),
        coalesce(s.period_starts_on, s.starts_on) + 1
    ) AS ends_on,
    s.rate_id
FROM ledger_account AS a
INNER JOIN subscriptions_subscription AS s ON a.account_id = s.account_id
INNER JOIN catalogue_plan AS p ON s.plan_id = p.id
WHERE
    a.account_id BETWEEN %(first)s AND %(last)s AND s.account_id BETWEEN %(first)s AND %(last)s
    AND a.claim = %(claim)s::uuid AND s.state <> 'ended' AND s.runs
    AND (p.counts OR %(subscription)s::uuid IS NOT NULL)
    AND (s.period_starts_on IS NOT NULL OR s.trial_ends_on IS NOT NULL)
    AND CASE
        WHEN %(subscription)s::uuid IS NOT NULL THEN s.id = %(subscription)s::uuid
        ELSE s.frozen_days IS NULL AND coalesce(s.period_ends_on, s.trial_ends_on, s.starts_on) <= %(day)s::date
    END

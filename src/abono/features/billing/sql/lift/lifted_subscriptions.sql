-- The subscriptions from which the reason is taken, with what is left of their reasons and of their frozen days.
SELECT
    s.account_id,
    s.id,
    s.operator_id,
    s.state,
    s.reasons,
    s.early,
    s.period_starts_on,
    s.period_ends_on,
    s.frozen_days,
    s.look_at,
    p.step_unit,
    p.look_ahead_hours,
    p.look_ahead_days,
    s.reasons & ~%(bit)s::smallint AS others,
    coalesce(
        s.runs AND (
            %(midnight)s::boolean OR p.charge <> 'daily' OR s.period_starts_on IS NULL
            OR s.paid_until > %(day)s::date
        ), FALSE
    ) AS runs,
    greatest(%(day)s::date, s.kept_until) + s.frozen_days AS thawed
FROM ledger_account AS a
INNER JOIN subscriptions_subscription AS s ON a.account_id = s.account_id
INNER JOIN catalogue_plan AS p ON s.plan_id = p.id
WHERE
    a.account_id BETWEEN %(first)s AND %(last)s AND s.account_id BETWEEN %(first)s AND %(last)s
    AND a.claim = %(claim)s::uuid AND s.reasons & %(bit)s::smallint <> 0
    AND (%(subscription)s::uuid IS NULL OR s.id = %(subscription)s::uuid)
    AND (NOT %(midnight)s::boolean OR s.paused_until <= %(day)s::date)

-- The services that are counted of each subscription, with their terms and the running quota period.
SELECT
    s.account_id,
    s.id AS subscription_id,
    s.operator_id,
    s.state,
    s.runs,
    s.unit AS place,
    p.code AS plan,
    v.id AS service_id,
    v.code AS service,
    v.kind,
    v.unit,
    u.terms,
    u.id AS no,
    s.ordered_at,
    s.period_starts_on,
    s.period_ends_on,
    o.currency,
    o.time_zone,
    (%(now)s::timestamptz AT TIME ZONE o.time_zone)::date AS today,
    coalesce(s.period_starts_on, s.starts_on) AS starts_on,
    coalesce(s.period_ends_on, s.trial_ends_on) AS ends_on,
    s.period_starts_on IS NULL AS free,
    coalesce((u.terms ->> 'included')::numeric, 0) * s.quantity AS included,
    coalesce(u.terms ->> 'limit' = 'hard', FALSE) AS hard,
    coalesce(u.terms ->> 'overage' = 'on_use', FALSE) AS on_use,
    v.kind = 'usage' AND coalesce(u.terms ->> 'quota_period' = 'day', FALSE) AS by_day,
    CASE WHEN v.kind = 'seats' THEN coalesce(u.terms ->> 'seats_billed', 'peak') END AS measured_by
FROM subscriptions_subscription AS s
INNER JOIN operators_operator AS o ON s.operator_id = o.id
INNER JOIN catalogue_plan AS p ON s.plan_id = p.id
INNER JOIN catalogue_planservice AS u ON s.plan_id = u.plan_id
INNER JOIN catalogue_service AS v ON u.service_id = v.id
WHERE
    s.account_id = any(%(accounts)s::bigint[])
    AND (%(subscription)s::uuid IS NULL OR s.id = %(subscription)s::uuid)
    AND p.counts AND v.kind <> 'onoff'

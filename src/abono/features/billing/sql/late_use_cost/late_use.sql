-- The use that comes late, if it may: its service's terms, the period that the end closed, and what was used in it.
SELECT
    s.operator_id, s.rate_id, s.period_starts_on IS NULL AS free,
    v.id AS service_id, v.code AS service, u.terms,
    coalesce(p.turn, 1) AS turn,
    coalesce(p.starts_on, s.period_starts_on, s.starts_on) AS starts_on,
    coalesce(
        p.ends_on,
        greatest(
            least(coalesce(s.period_ends_on, s.trial_ends_on), s.ended_on),
            coalesce(s.period_starts_on, s.starts_on) + 1
        )
    ) AS ends_on,
    i.included, i.by_day, i.counted_on, i.hard,
    o.prices_include_tax AS inclusive,
    CASE v.tax WHEN 'standard' THEN o.tax WHEN 'reduced' THEN o.tax_reduced ELSE 0 END AS tax_rate,
    coalesce(p.used, 0) AS period_used, coalesce(p.over, 0) AS period_over,
    coalesce(p.net + p.paid, 0) AS period_charged,
    coalesce(d.used, 0) AS day_used, coalesce(d.paid_used, 0) AS day_paid_used, coalesce(y.cost, 0) AS other_days_cost
FROM subscriptions_subscription AS s
INNER JOIN operators_operator AS o ON s.operator_id = o.id
INNER JOIN catalogue_planservice AS u ON s.plan_id = u.plan_id
INNER JOIN catalogue_service AS v ON u.service_id = v.id
CROSS JOIN
    LATERAL (
        SELECT
            coalesce((u.terms ->> 'included')::numeric, 0) * s.quantity AS included,
            coalesce(u.terms ->> 'limit' = 'hard', FALSE) AS hard,
            coalesce(u.terms ->> 'quota_period' = 'day', FALSE) AS by_day,
            CASE
                WHEN u.terms ->> 'quota_period' = 'day' THEN (%(at)s::timestamptz AT TIME ZONE o.time_zone)::date
            END AS counted_on
    ) AS i
CROSS JOIN
    LATERAL (
        SELECT e.at FROM subscriptions_transition AS e
        WHERE
            e.account_id = s.account_id AND e.subscription_id = s.id AND e.state_to = 'ended'
            AND e.state_from IN ('trial', 'active')
        ORDER BY e.id DESC
        LIMIT 1
    ) AS e
LEFT JOIN LATERAL (
    SELECT p.* FROM usage_period AS p
    WHERE p.account_id = s.account_id AND p.subscription_id = s.id AND p.service_id = v.id
    ORDER BY p.turn DESC
    LIMIT 1
) AS p ON s.account_id = p.account_id
LEFT JOIN usage_day AS d
    ON
        p.account_id = d.account_id AND p.subscription_id = d.subscription_id AND p.service_id = d.service_id
        AND p.turn = d.turn AND i.counted_on = d.day
LEFT JOIN LATERAL (
    SELECT sum(abono_cost(u.terms, greatest(x.used - i.included, x.paid_used - i.included, 0))) AS cost
    FROM usage_day AS x
    WHERE
        x.account_id = s.account_id AND x.subscription_id = s.id AND x.service_id = v.id AND x.turn = p.turn
        AND x.day <> i.counted_on
) AS y ON i.by_day
WHERE
    s.account_id = %(account)s AND s.id = %(subscription)s::uuid AND s.state = 'ended' AND v.code = %(service)s
    AND v.kind = 'usage' AND v.aggregation = 'sum' AND u.terms -> 'filters' IS NULL
    AND %(quantity)s::numeric > 0
    AND %(at)s::timestamptz < e.at AND %(at)s::timestamptz >= %(since)s::timestamptz
    AND %(at)s::timestamptz >= abono_midnight(
        coalesce(p.starts_on, s.period_starts_on, s.starts_on), o.time_zone
    )
    AND %(at)s::timestamptz >= s.ordered_at - %(tolerance)s::interval

-- The same subscriptions, with the day on which each is due, and whether a new price may have made it due earlier.
SELECT
    w.account_id,
    w.due_at,
    w.time_zone,
    CASE WHEN w.state <> 'suspended' THEN w.look_at END AS look_at,
    abono_due_day(
        w.state, w.reasons, w.early, w.runs, p.charge, p.resume, w.period_starts_on IS NOT NULL, w.paid_until,
        w.boundary, w.frozen_days, w.paused_until, w.today, r.price_day
    ) AS day,
    coalesce(r.wakes, FALSE) AS wakes
FROM open_subscriptions AS w
LEFT JOIN catalogue_plan AS p ON w.plan_id = p.id
LEFT JOIN LATERAL (
    SELECT
        min(greatest(r.valid_from, w.today + 1))
        FILTER (WHERE r.valid_from >= w.today AND r.valid_to > r.valid_from) AS price_day,
        bool_or(abono_midnight(r.valid_from, w.time_zone) <= w.due_at) AND w.reasons & 1 = 1 AS wakes
    FROM catalogue_rate AS r
    WHERE r.plan_id = w.plan_id AND r.quantity = w.quantity AND w.state = 'suspended'
) AS r ON TRUE

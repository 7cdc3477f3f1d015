-- Each service with its counter and what is billed of it: the peak, the average, or what was used.
SELECT
    r.account_id,
    r.subscription_id,
    r.place,
    r.service_id,
    r.category,
    r.terms,
    r.included,
    r.by_day,
    r.measured_by,
    t.turn,
    coalesce(t.used, 0) AS used,
    coalesce(t.paid, 0) AS paid,
    coalesce(t.carried, 0) AS carried,
    coalesce(t.dropped, 0) AS dropped,
    coalesce(t.partial, FALSE) AS partial,
    greatest(
        CASE r.measured_by
            WHEN 'peak' THEN greatest(m.peak, t.carried, t.used)
            WHEN 'time' THEN a.average
            ELSE t.used
        END, 0
    ) AS billed,
    d.over AS day_over,
    coalesce(d.cost, 0) AS day_cost
FROM counted_services AS r
LEFT JOIN closed_counters AS t
    ON r.account_id = t.account_id AND r.subscription_id = t.subscription_id AND r.service_id = t.service_id
LEFT JOIN seat_peaks AS m
    ON r.account_id = m.account_id AND r.subscription_id = m.subscription_id AND r.service_id = m.service_id
LEFT JOIN seat_averages AS a
    ON r.account_id = a.account_id AND r.subscription_id = a.subscription_id AND r.service_id = a.service_id
LEFT JOIN day_costs AS d
    ON r.account_id = d.account_id AND r.subscription_id = d.subscription_id AND r.service_id = d.service_id

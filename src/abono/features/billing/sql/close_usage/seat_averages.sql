-- The average of the seats over the period's time, of each counter: what it began with and the changes by their dates.
-- The days are those of the closed period: what changes on the day of an early close weighs in the period after it.
SELECT
    t.account_id,
    t.subscription_id,
    t.service_id,
    abono_average(
        t.carried * w.seconds + coalesce(sum(
            e.quantity * extract(EPOCH FROM w.ends_at - least(greatest(e.at, w.starts_at), w.ends_at))
        ), 0),
        w.seconds
    ) AS average
FROM counted_services AS r
INNER JOIN closed_counters AS t
    ON r.account_id = t.account_id AND r.subscription_id = t.subscription_id AND r.service_id = t.service_id
INNER JOIN closing_subscriptions AS k ON t.account_id = k.account_id AND t.subscription_id = k.id
CROSS JOIN
    LATERAL (
        SELECT
            d.starts_at,
            d.ends_at,
            extract(EPOCH FROM d.ends_at - d.starts_at) AS seconds
        FROM (
            SELECT
                abono_midnight(k.starts_on, %(zone)s) AS starts_at, abono_midnight(k.ends_on, %(zone)s) AS ends_at
        ) AS d
    ) AS w
LEFT JOIN usage_event AS e
    ON
        t.account_id = e.account_id AND t.subscription_id = e.subscription_id AND t.service_id = e.service_id
        AND t.turn = e.turn AND e.seats
WHERE r.measured_by = 'time'
GROUP BY t.account_id, t.subscription_id, t.service_id, t.carried, w.seconds

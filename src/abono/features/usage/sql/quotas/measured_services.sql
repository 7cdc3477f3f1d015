-- The same services, with what was used and is held of each, what was paid on use, and what is billed.
SELECT
    t.*,
    CASE
        WHEN t.state = 'ended' THEN 0
        WHEN t.by_day THEN coalesce(d.used, 0)
        ELSE coalesce(c.used, 0)
    END AS used,
    CASE WHEN t.state = 'ended' THEN 0 ELSE coalesce(c.held, 0) END AS held,
    coalesce(c.paid, 0) AS paid,
    coalesce(d.paid_used, 0) AS paid_used,
    CASE
        WHEN t.state = 'ended' THEN 0
        -- A return begins with the seats there are then.
        WHEN t.measured_by IS NOT NULL AND NOT t.runs THEN coalesce(c.used, 0)
        WHEN t.measured_by = 'peak' THEN greatest(m.peak, c.carried, c.used, 0)
        WHEN t.measured_by = 'time' THEN coalesce(a.average, c.used, 0)
        WHEN t.by_day THEN coalesce(d.used, 0)
        ELSE coalesce(c.used, 0)
    END AS billed
FROM counted_services AS t
LEFT JOIN usage_counter AS c
    ON t.account_id = c.account_id AND t.subscription_id = c.subscription_id AND t.service_id = c.service_id
LEFT JOIN usage_day AS d
    ON
        t.account_id = d.account_id AND t.subscription_id = d.subscription_id AND t.service_id = d.service_id
        AND t.today = d.day AND t.by_day
        AND d.turn = c.turn + CASE WHEN t.ends_on <= d.day THEN 1 ELSE 0 END
LEFT JOIN LATERAL (
    SELECT max(l.level) AS peak
    FROM (
        SELECT
            c.carried + sum(sum(e.quantity)) OVER (
                PARTITION BY e.account_id ORDER BY greatest(e.at, abono_midnight(t.starts_on, t.time_zone))
            ) AS level
        FROM usage_event AS e
        WHERE
            e.account_id = t.account_id AND e.subscription_id = t.subscription_id
            AND e.service_id = t.service_id AND e.turn = c.turn AND e.seats
        GROUP BY e.account_id, greatest(e.at, abono_midnight(t.starts_on, t.time_zone))
    ) AS l
) AS m ON t.measured_by = 'peak'
LEFT JOIN LATERAL (
    -- Over the part of the period that has passed.
    SELECT
        abono_average(
            c.carried * w.seconds + coalesce(sum(
                e.quantity * extract(EPOCH FROM w.until - least(greatest(e.at, w.since), w.until))
            ), 0),
            w.seconds
        ) AS average
    FROM (
        SELECT
            d.since,
            d.until,
            extract(EPOCH FROM d.until - d.since) AS seconds
        FROM (
            SELECT
                abono_midnight(t.starts_on, t.time_zone) AS since,
                least(%(now)s::timestamptz, abono_midnight(t.ends_on, t.time_zone)) AS until
        ) AS d
        WHERE d.since < d.until
    ) AS w
    LEFT JOIN usage_event AS e
        ON
            t.account_id = e.account_id AND t.subscription_id = e.subscription_id
            AND t.service_id = e.service_id AND c.turn = e.turn AND e.seats
    GROUP BY w.seconds
) AS a ON t.measured_by = 'time' AND c.turn IS NOT NULL

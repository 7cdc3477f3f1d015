-- The same periods with the seats that should be billed; of an average, with the sum of seats times seconds.
SELECT
    c.account_id,
    c.subscription_id,
    c.service_id,
    c.turn,
    c.measured_by,
    c.billed,
    CASE c.measured_by
        WHEN 'peak' THEN greatest(c.carried + max(l.level), c.carried, c.used, 0)
        WHEN 'end' THEN greatest(c.used, 0)
    END AS wanted,
    greatest(
        c.carried * extract(EPOCH FROM c.ends_at - c.starts_at) + coalesce(sum(
            l.level * extract(EPOCH FROM least(l.until, c.ends_at) - l.at)
        ) FILTER (WHERE l.at < c.ends_at), 0),
        0
    ) AS area,
    extract(EPOCH FROM c.ends_at - c.starts_at) AS seconds
FROM closed_periods AS c
LEFT JOIN seat_levels AS l
    ON
        c.account_id = l.account_id AND c.subscription_id = l.subscription_id AND c.service_id = l.service_id
        AND c.turn = l.turn
GROUP BY
    c.account_id, c.subscription_id, c.service_id, c.turn, c.measured_by, c.billed, c.carried, c.used, c.starts_at,
    c.ends_at

-- The gaps with their days of activity that no charge covers.
SELECT
    g.account_id,
    g.subscription_id,
    g.ends_on,
    g.next_on,
    g.plan_id,
    g.quantity,
    g.most_days,
    g.starts_on,
    g.time_zone,
    g.known_on,
    CASE
        WHEN bool_or(a.pauses)
            THEN
                sum(greatest(least(a.until_on, g.next_on) - greatest(a.from_on, g.starts_on), 0))
                - (g.ends_on - g.starts_on)
        ELSE sum(greatest(least(a.until_on, g.next_on) - greatest(a.from_on, g.ends_on), 0))
    END AS days
FROM gaps AS g
INNER JOIN active_times AS a ON g.account_id = a.account_id AND g.subscription_id = a.subscription_id
GROUP BY
    g.account_id, g.subscription_id, g.starts_on, g.ends_on, g.next_on, g.plan_id, g.quantity, g.most_days,
    g.time_zone, g.known_on

-- The most seats that were taken at a time, of each counter: what the period began with and the changes by their
-- dates; several at one instant are one change.
SELECT
    m.account_id,
    m.subscription_id,
    m.service_id,
    max(m.level) AS peak
FROM (
    SELECT
        t.account_id,
        t.subscription_id,
        t.service_id,
        t.carried + sum(sum(e.quantity)) OVER (
            PARTITION BY t.account_id, t.subscription_id, t.service_id
            ORDER BY greatest(e.at, abono_midnight(k.starts_on, %(zone)s))
        ) AS level
    FROM closed_counters AS t
    INNER JOIN closing_subscriptions AS k ON t.account_id = k.account_id AND t.subscription_id = k.id
    INNER JOIN usage_event AS e
        ON
            t.account_id = e.account_id AND t.subscription_id = e.subscription_id AND t.service_id = e.service_id
            AND t.turn = e.turn AND e.seats
    WHERE t.seats
    GROUP BY
        t.account_id, t.subscription_id, t.service_id, t.carried,
        greatest(e.at, abono_midnight(k.starts_on, %(zone)s))
) AS m
GROUP BY m.account_id, m.subscription_id, m.service_id

-- The changes of seats in each, several at one instant being one.
SELECT
    c.account_id,
    c.subscription_id,
    c.service_id,
    c.turn,
    greatest(e.at, c.starts_at) AS at,
    sum(e.quantity) AS quantity
FROM closed_periods AS c
INNER JOIN usage_event AS e
    ON
        c.account_id = e.account_id AND c.subscription_id = e.subscription_id AND c.service_id = e.service_id
        AND c.turn = e.turn AND e.seats
GROUP BY c.account_id, c.subscription_id, c.service_id, c.turn, greatest(e.at, c.starts_at)

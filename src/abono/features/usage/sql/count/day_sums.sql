-- What the batch adds to each day, of services whose quota is by the day.
SELECT
    g.account_id,
    g.operator_id,
    g.subscription_id,
    g.service_id,
    t.turn,
    t.counted_on,
    g.hard,
    g.included,
    g.thresholds,
    t.used
FROM (
    SELECT e.account_id, e.spot, e.turn, e.counted_on, sum(e.quantity) AS used
    FROM judged_events AS e
    WHERE e.refused IS NULL AND e.counted_on IS NOT NULL
    GROUP BY e.account_id, e.spot, e.turn, e.counted_on
) AS t
INNER JOIN metered_services AS g ON t.account_id = g.account_id AND t.spot = g.spot

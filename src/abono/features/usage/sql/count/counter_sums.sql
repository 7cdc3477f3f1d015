-- What the batch adds to each counter, in its quota period and the one after it.
SELECT
    g.account_id,
    coalesce(g.counter_id, abono_id(h.digits, h.drawn, 524288 + g.spot)) AS id,
    g.operator_id,
    g.subscription_id,
    g.service_id,
    g.turn,
    g.kind = 'seats' AS seats,
    g.by_day,
    g.hard,
    g.included,
    g.thresholds,
    t.used,
    t.ahead,
    CASE WHEN g.aggregation = 'latest' THEN t.latest_at END AS latest_at,
    CASE WHEN g.aggregation = 'latest' THEN t.latest_ahead END AS latest_ahead
FROM (
    SELECT
        e.account_id,
        e.spot,
        coalesce(sum(e.quantity) FILTER (WHERE NOT e.later), 0) AS used,
        coalesce(sum(e.quantity) FILTER (WHERE e.later), 0) AS ahead,
        max(e.at) FILTER (WHERE %(adding)s::boolean AND NOT e.later) AS latest_at,
        max(e.at) FILTER (WHERE %(adding)s::boolean AND e.later) AS latest_ahead
    FROM judged_events AS e
    WHERE e.refused IS NULL
    GROUP BY e.account_id, e.spot
) AS t
INNER JOIN metered_services AS g ON t.account_id = g.account_id AND t.spot = g.spot
CROSS JOIN id_prefix AS h

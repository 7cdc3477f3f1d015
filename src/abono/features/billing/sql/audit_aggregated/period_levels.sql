-- What the events of a quota period added, and what they should have: of the most, the latest, different values.
SELECT
    a.account_id,
    a.subscription_id,
    a.service_id,
    a.turn,
    a.aggregation,
    sum(a.quantity) AS added,
    CASE a.aggregation
        WHEN 'max' THEN greatest(max(a.reported), 0)
        WHEN 'latest' THEN (array_agg(a.reported ORDER BY a.at DESC, a.reported DESC))[1]
        ELSE count(DISTINCT a.value)
    END AS wanted
FROM aggregated_events AS a
WHERE a.aggregation IN ('max', 'latest', 'unique')
GROUP BY a.account_id, a.subscription_id, a.service_id, a.turn, a.aggregation

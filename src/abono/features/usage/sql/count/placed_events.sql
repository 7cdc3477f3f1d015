-- Each event at its spot: what it counts, for which period and day, and why it is refused if it is.
SELECT
    e.place,
    e.spot,
    CASE
        WHEN g.adds_up OR e.weight IS NOT NULL THEN abono_weighed(g.aggregation, e.quantity, e.weight)
        ELSE e.quantity
    END AS quantity,
    e.quantity AS sent,
    e.service_id AS sent_id,
    e.weight,
    e.properties,
    e.key,
    t.at,
    CASE
        WHEN e.key IS NOT NULL
            THEN
                abono_use_content(
                    g.subscription_id, coalesce(e.service, g.service), e.quantity, e.at, e.properties
                )
    END AS content,
    k.content AS known,
    g.account_id,
    g.operator_id,
    g.subscription_id,
    g.service_id,
    g.kind = 'seats' AS seats,
    g.by_day,
    g.hard,
    g.included,
    g.held,
    g.turn,
    g.used,
    g.ahead,
    g.aggregation,
    g.aggregation IN ('max', 'unique', 'latest') AS levelled,
    CASE WHEN g.aggregation = 'unique' THEN e.properties ->> g.property END AS value,
    g.latest_at,
    g.latest_ahead,
    -- The period may be over and its boundary still to be decided: then the event counts for the period after it.
    coalesce(t.at >= g.ends_at, FALSE) AS later,
    CASE
        WHEN NOT g.by_day THEN NULL
        WHEN (t.at AT TIME ZONE g.time_zone)::date >= g.first_day THEN (t.at AT TIME ZONE g.time_zone)::date
        ELSE (%(now)s::timestamptz AT TIME ZONE g.time_zone)::date
    END AS counted_on,
    CASE
        WHEN g.refused IS NOT NULL THEN g.refused
        WHEN g.adds_up AND NOT %(adding)s::boolean THEN 'adds_up'
        WHEN g.aggregation = 'unique' AND e.properties ->> g.property IS NULL THEN 'invalid'
        WHEN
            t.at < g.begins_at - %(tolerance)s::interval OR t.at < %(first)s::timestamptz
            OR t.at > %(now)s::timestamptz + %(tolerance)s::interval
            THEN 'out_of_range'
        WHEN g.state = 'suspended' AND NOT (g.kind = 'seats' AND e.quantity <= 0) THEN 'subscription_suspended'
        WHEN t.at >= g.known_until AND (t.at >= g.ends_at) IS NOT FALSE THEN 'behind'
        WHEN g.on_use AND NOT %(paying)s::boolean THEN 'charged_on_use'
    END AS refused
FROM sent_events AS e
-- Joined by one number: of a join on several columns the planner expects far too few rows.
INNER JOIN metered_services AS g ON e.spot = g.spot
CROSS JOIN LATERAL (SELECT coalesce(e.at, %(now)s::timestamptz) AS at) AS t
LEFT JOIN LATERAL (
    SELECT k.content FROM usage_key AS k
    WHERE %(looking)s::boolean AND k.account_id = g.account_id AND k.key = e.key COLLATE "C"
    LIMIT 1
) AS k ON TRUE

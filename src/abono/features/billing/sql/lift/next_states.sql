-- The same subscriptions, with the state they come to, and whether they run again and their period moves.
SELECT
    l.*,
    l.others = 0 AND l.runs AS back,
    CASE
        WHEN l.others <> 0 THEN 'suspended'
        WHEN NOT l.runs THEN 'suspended'
        WHEN l.period_starts_on IS NOT NULL THEN 'active'
        ELSE 'trial'
    END AS state_to,
    CASE WHEN l.others = 0 AND NOT l.runs THEN 1::smallint ELSE l.others END AS reasons_to,
    m.moves,
    -- Whether the boundary was nearer at the start is counted from the day on which the period began.
    CASE
        WHEN m.moves
            THEN abono_look(
                l.thawed, l.look_ahead_hours, l.look_ahead_days, %(zone)s,
                abono_midnight(l.period_starts_on, %(zone)s)
            )
        ELSE l.look_at
    END AS looks_at
FROM lifted_subscriptions AS l
CROSS JOIN
    LATERAL (
        SELECT l.others = 0 AND l.runs AND coalesce(l.thawed <> l.period_ends_on, FALSE) AS moves
    ) AS m

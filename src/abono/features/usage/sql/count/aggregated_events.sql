-- Events of services that add up in another way than by sums: what each adds, and whether it has room.
-- What an event adds depends on those before it, so that the counters are locked. A value that was not counted before
-- is counted by the first event that has it, or refused with all that have it.
SELECT
    b.place,
    b.account_id,
    b.level[1]
    - coalesce(lag(b.level[1]) OVER (PARTITION BY b.account_id, b.spot, b.later ORDER BY b.place), b.before)
        AS adds,
    CASE
        WHEN b.value IS NULL THEN b.level[3] = 1
        ELSE first_value(b.level[3] = 1) OVER (PARTITION BY b.account_id, b.spot, b.later, b.value ORDER BY b.place)
    END AS fits
FROM (
    SELECT
        t.place,
        t.account_id,
        t.spot,
        t.later,
        t.value,
        t.before,
        abono_levelled(
            t.before, extract(EPOCH FROM t.latest), t.aggregation, t.quantity, extract(EPOCH FROM t.at),
            CASE WHEN t.hard THEN greatest(t.included - t.held, 0) END
        ) OVER (PARTITION BY t.account_id, t.spot, t.later ORDER BY t.place ROWS UNBOUNDED PRECEDING) AS level
    FROM (
        SELECT
            p.place,
            p.account_id,
            p.spot,
            p.later,
            p.value,
            p.aggregation,
            p.hard,
            p.included,
            p.held,
            p.at,
            CASE WHEN p.later THEN p.ahead ELSE p.used END AS before,
            CASE WHEN p.later THEN p.latest_ahead ELSE p.latest_at END AS latest,
            CASE
                WHEN p.value IS NULL THEN p.quantity
                WHEN u.id IS NOT NULL THEN 0
                WHEN
                    row_number() OVER (PARTITION BY p.account_id, p.spot, p.later, p.value ORDER BY p.place) = 1
                    THEN 1
                ELSE 0
            END AS quantity
        FROM placed_events AS p
        LEFT JOIN LATERAL (
            SELECT u.account_id, u.id FROM usage_value AS u
            WHERE
                u.account_id = p.account_id AND u.subscription_id = p.subscription_id
                AND u.service_id = p.service_id
                AND u.turn = p.turn + CASE WHEN p.later THEN 1 ELSE 0 END AND u.value = p.value
            LIMIT 1
        ) AS u ON p.account_id = u.account_id
        WHERE %(adding)s::boolean AND p.levelled AND p.refused IS NULL AND p.known IS NULL
        OFFSET 0
    ) AS t
) AS b

-- Events of seats and of services with a hard limit: whether each has room.
-- They are tried in order, each whole or not at all; what was counted before under its key takes no room again.
SELECT
    b.account_id,
    b.place,
    b.quantity = b.after - coalesce(lag(b.after) OVER (
        PARTITION BY b.account_id, b.spot, b.later, b.counted_on ORDER BY b.place
    ), b.before) AS fits
FROM (
    SELECT
        t.place,
        t.account_id,
        t.spot,
        t.later,
        t.counted_on,
        t.quantity,
        t.before,
        abono_taken(
            t.before, t.quantity,
            CASE WHEN t.seats THEN 0 END,
            CASE WHEN t.hard THEN greatest(t.included - t.held, 0) END
        ) OVER (
            PARTITION BY t.account_id, t.spot, t.later, t.counted_on ORDER BY t.place ROWS UNBOUNDED PRECEDING
        ) AS after
    FROM (
        SELECT
            p.place,
            p.account_id,
            p.spot,
            p.later,
            p.counted_on,
            p.quantity,
            p.seats,
            p.hard,
            p.included,
            p.held,
            CASE
                WHEN p.by_day THEN coalesce(d.used, 0)
                WHEN p.later AND p.seats THEN p.used + p.ahead
                WHEN p.later THEN p.ahead
                ELSE p.used
            END AS before
        FROM placed_events AS p
        LEFT JOIN LATERAL (
            SELECT d.account_id, d.used FROM usage_day AS d
            WHERE
                d.account_id = p.account_id AND d.subscription_id = p.subscription_id
                AND d.service_id = p.service_id
                AND d.turn = p.turn + CASE WHEN p.later THEN 1 ELSE 0 END AND d.day = p.counted_on
            LIMIT 1
        ) AS d ON p.account_id = d.account_id
        WHERE (p.hard OR p.seats) AND NOT p.levelled AND p.refused IS NULL AND p.known IS NULL
        OFFSET 0
    ) AS t
) AS b

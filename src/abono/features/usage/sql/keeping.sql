-- Which months of events are kept.

-- name: months
-- The months that have a partition which ends by an instant, the oldest first.
SELECT to_date(right(c.relname, 6), 'YYYYMM') AS month
FROM pg_catalog.pg_inherits AS i
INNER JOIN pg_catalog.pg_class AS c ON i.inhrelid = c.oid
WHERE
    i.inhparent = 'public.usage_event'::regclass
    AND (to_date(right(c.relname, 6), 'YYYYMM') + interval '1 month')::timestamp AT TIME ZONE 'UTC'
    <= %(before)s::timestamptz
ORDER BY month;

-- name: needed
-- Whether running quota periods have seats that changed in the month: their peak and average are worked out from that.
SELECT exists(
    SELECT 1 FROM usage_counter AS c
    INNER JOIN usage_event AS e
        ON
            c.account_id = e.account_id AND c.subscription_id = e.subscription_id AND c.service_id = e.service_id
            AND c.turn <= e.turn
    WHERE c.seats AND e.seats AND e.at >= %(starts)s::timestamptz AND e.at < %(ends)s::timestamptz
) AS found;

-- name: fold
-- What is thrown away with a month stays in the sums of the quota periods that counted it.
WITH sums AS MATERIALIZED (
    SELECT account_id, subscription_id, service_id, turn, counted_on, sum(quantity) AS total FROM usage_event
    WHERE at >= %(starts)s::timestamptz AND at < %(ends)s::timestamptz
    GROUP BY account_id, subscription_id, service_id, turn, counted_on
),

turns AS MATERIALIZED (
    SELECT account_id, subscription_id, service_id, turn, sum(total) AS total FROM sums
    GROUP BY account_id, subscription_id, service_id, turn
),

counters AS (
    UPDATE usage_counter AS c SET dropped = c.dropped + t.total, partial = TRUE
    FROM turns AS t
    WHERE
        c.account_id = t.account_id AND c.subscription_id = t.subscription_id AND c.service_id = t.service_id
        AND c.turn = t.turn
),

periods AS (
    UPDATE usage_period AS c SET dropped = c.dropped + t.total, partial = TRUE
    FROM turns AS t
    WHERE
        c.account_id = t.account_id AND c.subscription_id = t.subscription_id AND c.service_id = t.service_id
        AND c.turn = t.turn
)

UPDATE usage_day AS d SET dropped = d.dropped + s.total
FROM sums AS s
WHERE
    d.account_id = s.account_id AND d.subscription_id = s.subscription_id AND d.service_id = s.service_id
    AND d.turn = s.turn AND d.day = s.counted_on;

-- name: forget_values
-- Values of quota periods that are over are not counted again.
DELETE FROM usage_value AS v
USING usage_counter AS c
WHERE
    v.account_id = c.account_id AND v.subscription_id = c.subscription_id AND v.service_id = c.service_id
    AND v.turn < c.turn;

-- name: forget_keys
DELETE FROM usage_key WHERE at < %(ends)s::timestamptz;

-- name: drop
SELECT abono_usage_drop(%(month)s::date);

-- name: events_of_month
-- The events of a month with what their numbers stand for, by account and subscription, in the order they came in.
SELECT
    e.id::text AS id,
    o.code AS operator,
    e.account_id,
    p.number AS account,
    e.subscription_id::text AS subscription,
    v.code AS service,
    v.unit,
    e.at AS time, -- noqa: RF04
    e.taken_at,
    e.quantity,
    e.key,
    e.turn,
    e.counted_on,
    e.seats,
    coalesce(e.reported, e.quantity) AS reported,
    coalesce(r.code, v.code) AS reported_as,
    e.weight,
    e.properties::text AS properties
FROM usage_event AS e
INNER JOIN operators_operator AS o ON e.operator_id = o.id
INNER JOIN catalogue_service AS v ON e.service_id = v.id
LEFT JOIN catalogue_service AS r ON e.reported_service_id = r.id
LEFT JOIN accounts_profile AS p ON e.account_id = p.account_id
WHERE e.at >= %(starts)s::timestamptz AND e.at < %(ends)s::timestamptz
ORDER BY e.account_id, e.subscription_id, e.at, e.id;

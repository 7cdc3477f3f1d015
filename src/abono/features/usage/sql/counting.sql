-- Events of use, counted a batch at a time. The same statements serve ten thousand events and one.
--
-- A batch is given as columns of text, an entry on each line (abono_spots, abono_events), by account, and counted by
-- one statement. A *spot* is a service of a subscription; each event names its spot by number. Nothing is locked until
-- the counters are written, last and in the order of their keys; whether the world is still the one that the events
-- were judged by is a condition of that write. Where it is not, everything is rolled back and counted again, then with
-- the counters locked first.
--
-- Plans are made once, when tables may be small or new, and serve for good. What is looked up for a spot or an event
-- has a LIMIT: then it is sought by its key, and no table is read as a whole.

-- name: months
-- Makes sure that there are partitions for the events of some months.
SELECT abono_usage_month(m.month) AS made FROM unnest(%(months)s::date[]) AS m (month);

-- name: lock
-- Takes the counters of the batch, in the order of their keys; those that are not there are made.
INSERT INTO usage_counter (account_id, id, operator_id, subscription_id, service_id, seats, by_day)
SELECT
    g.account_id,
    uuidv7() AS id,
    s.operator_id,
    s.id AS subscription_id,
    v.id AS service_id,
    v.kind = 'seats' AS seats,
    v.kind = 'usage' AND coalesce(u.terms ->> 'quota_period' = 'day', FALSE) AS by_day
FROM abono_spots(%(accounts)s, %(subscriptions)s, %(services)s) AS g
CROSS JOIN
    LATERAL (
        SELECT s.* FROM subscriptions_subscription AS s
        WHERE s.account_id = g.account_id AND s.id = g.subscription_id
        LIMIT 1
    ) AS s
INNER JOIN catalogue_planservice AS u ON s.plan_id = u.plan_id
INNER JOIN catalogue_service AS v ON u.service_id = v.id AND g.service = v.code AND v.kind <> 'onoff'
WHERE s.state <> 'ended'
ORDER BY g.account_id, s.id, v.id
ON CONFLICT (account_id, subscription_id, service_id) DO UPDATE SET turn = usage_counter.turn;

-- name: filters
-- The filters of the services of the batch that have any.
SELECT
    g.spot,
    v.id AS service_id,
    u.terms -> 'filters' AS filters
FROM abono_spots(%(accounts)s, %(subscriptions)s, %(services)s) AS g
CROSS JOIN
    LATERAL (
        SELECT s.* FROM subscriptions_subscription AS s
        WHERE s.account_id = g.account_id AND s.id = g.subscription_id
        LIMIT 1
    ) AS s
INNER JOIN catalogue_planservice AS u ON s.plan_id = u.plan_id
INNER JOIN catalogue_service AS v ON u.service_id = v.id AND g.service = v.code
WHERE v.kind = 'usage' AND jsonb_typeof(u.terms -> 'filters') = 'array';

-- name: count
-- Judges, claims, keeps and counts the batch. Answers every event that was not simply counted, with the reason; and in
-- the row without a place whether all counters took what was theirs. A key that is there already is found with
-- ``looking``, and makes it fail without: that is for batches that come for the first time, as nearly all do, and saves
-- half of what keys cost. With ``paying`` the events of services that charge on use are counted too: their packs have
-- been paid. Events of services that add up in another way than by sums, or have filters, are left out (``adds_up``)
-- without ``adding``: with it their counters are locked, and where a filter made something else of an event its row has
-- the service as which it was sent and the weight.
WITH head AS MATERIALIZED (
    -- Ids of events are made of the instant, a number drawn for the batch, and the place in it.
    SELECT
        left(replace(uuidv7()::text, '-', ''), 16) AS digits,
        floor(random() * 4398046511104)::bigint AS drawn
),

spot AS MATERIALIZED (
    SELECT
        g.spot,
        g.account_id,
        g.subscription_id,
        g.service,
        s.operator_id,
        s.state,
        CASE
            WHEN s.starts_on > (s.ordered_at AT TIME ZONE o.time_zone)::date
                THEN abono_midnight(s.starts_on, o.time_zone)
            ELSE s.ordered_at
        END AS begins_at,
        coalesce(s.period_starts_on, s.starts_on) AS first_day,
        CASE
            WHEN s.runs AND s.frozen_days IS NULL
                THEN abono_midnight(coalesce(s.period_ends_on, s.trial_ends_on), o.time_zone)
        END AS ends_at,
        o.time_zone,
        v.id AS service_id,
        v.kind,
        c.id AS counter_id,
        coalesce(c.turn, 1) AS turn,
        coalesce(c.used, 0) AS used,
        coalesce(c.ahead, 0) AS ahead,
        coalesce(c.held, 0) AS held,
        coalesce((u.terms ->> 'included')::numeric, 0) * s.quantity AS included,
        coalesce(u.terms ->> 'limit' = 'hard', FALSE) AS hard,
        coalesce(u.terms ->> 'overage' = 'on_use', FALSE) AS on_use,
        v.kind = 'usage' AND coalesce(u.terms ->> 'quota_period' = 'day', FALSE) AS by_day,
        CASE WHEN u.terms -> 'warn' IS NOT NULL THEN abono_thresholds(u.terms) END AS thresholds,
        v.aggregation,
        v.property,
        v.kind = 'usage' AND (v.aggregation <> 'sum' OR u.terms -> 'filters' IS NOT NULL) AS adds_up,
        c.latest_at,
        c.latest_ahead,
        CASE
            WHEN s.id IS NULL THEN 'unknown_subscription'
            WHEN s.state = 'ended' THEN 'subscription_ended'
            WHEN v.id IS NULL THEN 'unknown_service'
            WHEN v.kind = 'onoff' OR (v.kind <> 'seats' AND %(seats)s::boolean) THEN 'not_quantifiable'
        END AS refused
    FROM abono_spots(%(accounts)s, %(subscriptions)s, %(services)s) AS g
    LEFT JOIN LATERAL (
        SELECT s.* FROM subscriptions_subscription AS s
        WHERE s.account_id = g.account_id AND s.id = g.subscription_id
        LIMIT 1
    ) AS s ON g.account_id = s.account_id
    LEFT JOIN operators_operator AS o ON s.operator_id = o.id
    LEFT JOIN (
        catalogue_planservice AS u
        INNER JOIN catalogue_service AS v ON u.service_id = v.id
    ) ON s.plan_id = u.plan_id AND g.service = v.code
    LEFT JOIN LATERAL (
        SELECT c.* FROM usage_counter AS c
        WHERE c.account_id = g.account_id AND c.subscription_id = g.subscription_id AND c.service_id = v.id
        LIMIT 1
    ) AS c ON g.account_id = c.account_id
),

event AS MATERIALIZED (
    SELECT e.*
    FROM
        abono_events(
            %(spots)s, %(quantities)s, %(instants)s, %(keys)s, %(properties)s, %(sent)s, %(sent_ids)s, %(weights)s
        ) AS e
),

placed AS NOT MATERIALIZED (
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
        -- The boundary may have come and be still to be worked off: then it counts for the period after it.
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
            WHEN g.on_use AND NOT %(paying)s::boolean THEN 'charged_on_use'
        END AS refused
    FROM event AS e
    -- By a number: the planner takes joins on several columns for rare.
    INNER JOIN spot AS g ON e.spot = g.spot
    CROSS JOIN LATERAL (SELECT coalesce(e.at, %(now)s::timestamptz) AS at) AS t
    LEFT JOIN LATERAL (
        SELECT k.content FROM usage_key AS k
        WHERE %(looking)s::boolean AND k.account_id = g.account_id AND k.key = e.key COLLATE "C"
        LIMIT 1
    ) AS k ON TRUE
),

bounded AS MATERIALIZED (
    -- What has a limit is tried in order, each whole or not at all; what was counted before takes no room again.
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
            FROM placed AS p
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
),

levelled AS MATERIALIZED (
    -- What depends on the events before it, in order; the counters are locked. A value that was not counted before is
    -- counted by the first event that has it, or refused with all that have it.
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
            FROM placed AS p
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
),

judged AS MATERIALIZED (
    SELECT
        p.place,
        p.spot,
        p.account_id,
        p.operator_id,
        p.subscription_id,
        p.service_id,
        p.at,
        coalesce(b.adds, p.quantity) AS quantity,
        p.sent,
        p.sent_id,
        p.weight,
        p.properties,
        p.value,
        p.turn + CASE WHEN p.later THEN 1 ELSE 0 END AS turn,
        p.later,
        p.counted_on,
        p.seats,
        p.key,
        p.content,
        CASE
            -- A key that is known decides before anything else does.
            WHEN p.known IS NOT NULL THEN CASE WHEN p.known = p.content THEN 'repeated' ELSE 'key_conflict' END
            WHEN p.refused IS NOT NULL THEN p.refused
            WHEN NOT b.fits AND p.quantity < 0 THEN 'out_of_range'
            WHEN NOT b.fits THEN 'quota_exceeded'
        END AS refused
    FROM placed AS p
    LEFT JOIN (
        SELECT t.account_id, t.place, t.fits, NULL::numeric AS adds FROM bounded AS t
        UNION ALL
        SELECT l.account_id, l.place, l.fits, l.adds FROM levelled AS l
    ) AS b ON p.account_id = b.account_id AND p.place = b.place
),

claimed AS (
    INSERT INTO usage_key (account_id, key, operator_id, at, content)
    SELECT j.account_id, j.key, j.operator_id, j.at, j.content FROM judged AS j
    WHERE j.refused IS NULL AND j.key IS NOT NULL
    RETURNING account_id
),

claimed_values AS (
    INSERT INTO usage_value (account_id, id, operator_id, subscription_id, service_id, turn, value)
    SELECT
        j.account_id,
        uuidv7() AS id,
        j.operator_id,
        j.subscription_id,
        j.service_id,
        j.turn,
        j.value
    FROM judged AS j
    WHERE %(adding)s::boolean AND j.refused IS NULL AND j.value IS NOT NULL AND j.quantity > 0
),

kept AS (
    INSERT INTO usage_event (
        account_id, id, operator_id, subscription_id, service_id, at, taken_at, quantity, turn, counted_on, seats, key,
        reported, reported_service_id, weight, properties
    )
    SELECT
        e.account_id,
        abono_id((SELECT h.digits FROM head AS h), (SELECT h.drawn FROM head AS h), e.place) AS id,
        e.operator_id,
        e.subscription_id,
        e.service_id,
        e.at,
        %(now)s::timestamptz AS taken_at,
        e.quantity,
        e.turn,
        e.counted_on,
        e.seats,
        e.key,
        nullif(e.sent, e.quantity) AS reported,
        e.sent_id AS reported_service_id,
        e.weight,
        e.properties
    FROM judged AS e
    WHERE e.refused IS NULL
    RETURNING account_id
),

sums AS MATERIALIZED (
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
        FROM judged AS e
        WHERE e.refused IS NULL
        GROUP BY e.account_id, e.spot
    ) AS t
    INNER JOIN spot AS g ON t.account_id = g.account_id AND t.spot = g.spot
    CROSS JOIN head AS h
),

day_sums AS MATERIALIZED (
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
        FROM judged AS e
        WHERE e.refused IS NULL AND e.counted_on IS NOT NULL
        GROUP BY e.account_id, e.spot, e.turn, e.counted_on
    ) AS t
    INNER JOIN spot AS g ON t.account_id = g.account_id AND t.spot = g.spot
),

counters AS (
    INSERT INTO usage_counter (
        account_id, id, operator_id, subscription_id, service_id, turn, used, ahead, included, hard, seats, by_day,
        thresholds, latest_at, latest_ahead, warned
    )
    SELECT
        s.account_id,
        s.id,
        s.operator_id,
        s.subscription_id,
        s.service_id,
        s.turn,
        s.used,
        s.ahead,
        s.included,
        s.hard,
        s.seats,
        s.by_day,
        s.thresholds,
        s.latest_at,
        s.latest_ahead,
        CASE
            WHEN s.by_day THEN 0
            WHEN s.thresholds IS NULL THEN abono_warned(s.used, s.included)
            ELSE abono_warned(s.used, s.included, s.thresholds)
        END AS warned
    FROM sums AS s
    ORDER BY s.account_id, s.subscription_id, s.service_id
    ON CONFLICT (account_id, subscription_id, service_id) DO UPDATE
        SET
            used = usage_counter.used + excluded.used,
            ahead = usage_counter.ahead + excluded.ahead,
            included = excluded.included,
            hard = excluded.hard,
            seats = excluded.seats,
            by_day = excluded.by_day,
            thresholds = excluded.thresholds,
            latest_at = greatest(usage_counter.latest_at, excluded.latest_at),
            latest_ahead = greatest(usage_counter.latest_ahead, excluded.latest_ahead),
            warned = CASE
                WHEN excluded.by_day THEN usage_counter.warned
                WHEN excluded.thresholds IS NULL
                    THEN
                        greatest(
                            usage_counter.warned, abono_warned(usage_counter.used + excluded.used, excluded.included)
                        )
                ELSE
                    greatest(
                        usage_counter.warned,
                        abono_warned(usage_counter.used + excluded.used, excluded.included, excluded.thresholds)
                    )
            END
        WHERE
        usage_counter.turn = excluded.turn
        AND (
            NOT excluded.hard OR excluded.by_day OR excluded.used <= 0
            OR usage_counter.used + usage_counter.held + excluded.used <= excluded.included
        )
        AND (NOT excluded.seats OR usage_counter.used + excluded.used >= 0)
    RETURNING
        account_id, operator_id, subscription_id, service_id, usage_counter.used, usage_counter.included,
        usage_counter.thresholds, usage_counter.warned, coalesce(old.warned, 0) AS warned_before
),

days AS (
    INSERT INTO usage_day (
        account_id, id, operator_id, subscription_id, service_id, turn, day, used, included, hard, thresholds, warned
    )
    SELECT
        s.account_id,
        uuidv7() AS id,
        s.operator_id,
        s.subscription_id,
        s.service_id,
        s.turn,
        s.counted_on AS day,
        s.used,
        s.included,
        s.hard,
        s.thresholds,
        abono_warned(s.used, s.included, s.thresholds) AS warned
    FROM day_sums AS s
    WHERE (s.account_id IN (SELECT c.account_id FROM counters AS c)) IS TRUE
    ORDER BY s.account_id, s.subscription_id, s.service_id, s.counted_on
    ON CONFLICT (account_id, subscription_id, service_id, turn, day) DO UPDATE
        SET
            used = usage_day.used + excluded.used,
            included = excluded.included,
            hard = excluded.hard,
            thresholds = excluded.thresholds,
            warned = greatest(
                usage_day.warned,
                abono_warned(usage_day.used + excluded.used, excluded.included, excluded.thresholds)
            )
        WHERE NOT excluded.hard OR excluded.used <= 0 OR usage_day.used + excluded.used <= excluded.included
    RETURNING
        account_id, operator_id, subscription_id, service_id, usage_day.used, usage_day.included, usage_day.thresholds,
        usage_day.warned, coalesce(old.warned, 0) AS warned_before
),

told AS (
    INSERT INTO notices_notice (account_id, id, operator_id, subscription_id, kind, sent_on, made_at, payload)
    SELECT
        n.account_id,
        uuidv7() AS id,
        n.operator_id,
        n.subscription_id,
        'quota_' || n.threshold AS kind,
        (%(now)s::timestamptz AT TIME ZONE o.time_zone)::date AS sent_on,
        %(now)s::timestamptz AS made_at,
        jsonb_build_object(
            'service', v.code, 'unit', v.unit, 'used', trim_scale(n.used)::text, 'included',
            trim_scale(n.included)::text
        ) AS payload
    FROM (
        SELECT c.account_id, c.operator_id, c.subscription_id, c.service_id, c.used, c.included, t.threshold
        FROM counters AS c
        CROSS JOIN LATERAL unnest(coalesce(c.thresholds, '{80,100}'::smallint[])) AS t (threshold)
        WHERE c.warned > c.warned_before AND t.threshold > c.warned_before AND t.threshold <= c.warned
        UNION ALL
        SELECT d.account_id, d.operator_id, d.subscription_id, d.service_id, d.used, d.included, t.threshold
        FROM days AS d
        CROSS JOIN LATERAL unnest(coalesce(d.thresholds, '{80,100}'::smallint[])) AS t (threshold)
        WHERE d.warned > d.warned_before AND t.threshold > d.warned_before AND t.threshold <= d.warned
    ) AS n
    INNER JOIN operators_operator AS o ON n.operator_id = o.id
    INNER JOIN catalogue_service AS v ON n.service_id = v.id
    ORDER BY n.account_id, n.subscription_id, n.service_id, n.threshold
)

SELECT
    NULL::integer AS place,
    NULL::text AS refused,
    -- In this order: a counter stays locked as shortly as can be.
    (SELECT count(*) FROM claimed) >= 0
    AND (SELECT count(*) FROM kept) >= 0
    AND (SELECT count(*) FROM sums) = (SELECT count(*) FROM counters)
    AND (SELECT count(*) FROM day_sums) = (SELECT count(*) FROM days) AS whole
UNION ALL
SELECT j.place, j.refused, NULL
FROM judged AS j
WHERE j.refused IS NOT NULL;

-- What was used beyond the included, rated and charged as quota periods close; one statement for a slice or for one.
-- The common parameters are those of instant.sql.

-- name: hold_counters
-- Holds the counters of what closes that are more than a number: days, and seats by their dates, are read afterwards,
-- when no event can be added to them any more. What costs a minimum has a counter also where nothing was used.
INSERT INTO usage_counter (account_id, id, operator_id, subscription_id, service_id, seats, by_day)
SELECT
    s.account_id,
    uuidv7() AS id,
    s.operator_id,
    s.id AS subscription_id,
    v.id AS service_id,
    v.kind = 'seats' AS seats,
    v.kind = 'usage' AND coalesce(u.terms ->> 'quota_period' = 'day', FALSE) AS by_day
FROM ledger_account AS a
INNER JOIN subscriptions_subscription AS s ON a.account_id = s.account_id
INNER JOIN catalogue_planservice AS u ON s.plan_id = u.plan_id
INNER JOIN catalogue_service AS v ON u.service_id = v.id
WHERE
    a.account_id BETWEEN %(first)s AND %(last)s AND s.account_id BETWEEN %(first)s AND %(last)s
    AND a.claim = %(claim)s::uuid AND s.state <> 'ended' AND s.runs
    AND (s.period_starts_on IS NOT NULL OR s.trial_ends_on IS NOT NULL)
    AND v.kind <> 'onoff'
    AND (
        v.kind = 'seats' OR coalesce(u.terms ->> 'quota_period' = 'day', FALSE)
        OR (u.terms ->> 'minimum') IS NOT NULL
    )
    AND CASE
        WHEN %(subscription)s::uuid IS NOT NULL THEN s.id = %(subscription)s::uuid
        ELSE s.frozen_days IS NULL AND coalesce(s.period_ends_on, s.trial_ends_on, s.starts_on) <= %(day)s::date
    END
ORDER BY s.account_id, s.id, v.id
ON CONFLICT (account_id, subscription_id, service_id) DO UPDATE SET turn = usage_counter.turn;

-- name: close_usage
-- What was used is owed: closes the quota periods of billing periods that end, or of one subscription whose period is
-- closed early. A trial is free. What was paid on use is not charged again. ``used_before`` are the counters that begin
-- the next period with use of it, of which nobody has been warned.
-- layers:
--   closing_subscriptions MATERIALIZED
--   closed_counters
--   counted_services MATERIALIZED
--   seat_peaks MATERIALIZED
--   seat_averages MATERIALIZED
--   day_costs MATERIALIZED
--   measured_services
--   rated_services
--   taxed_services MATERIALIZED
--   entries
--   charges
--   balances
--   closed_periods
--   dropped_services
SELECT
    count(*) FILTER (WHERE t.amount > 0) AS overages,
    coalesce(sum(t.amount), 0)::bigint AS amount,
    coalesce(array_agg(c.id) FILTER (WHERE c.ahead <> 0), '{}') AS used_before
FROM taxed_services AS t
LEFT JOIN closed_counters AS c
    ON t.account_id = c.account_id AND t.subscription_id = c.subscription_id AND t.service_id = c.service_id;

-- name: warn
-- The notices of thresholds that were passed by use which came before its period began, of the periods that begin at
-- the instant. Days have told of theirs as they were counted.
WITH warned AS (
    UPDATE usage_counter AS c SET warned = w.warned
    FROM (
        SELECT
            n.account_id,
            n.id,
            i.included,
            i.thresholds,
            abono_warned(n.used, i.included, i.thresholds) AS warned
        FROM usage_counter AS n
        INNER JOIN subscriptions_subscription AS s ON n.account_id = s.account_id AND n.subscription_id = s.id
        INNER JOIN catalogue_planservice AS u ON s.plan_id = u.plan_id AND n.service_id = u.service_id
        CROSS JOIN
            LATERAL (
                SELECT
                    coalesce((u.terms ->> 'included')::numeric, 0) * s.quantity AS included,
                    coalesce(abono_thresholds(u.terms), '{80,100}') AS thresholds
            ) AS i
        WHERE
            n.account_id BETWEEN %(first)s AND %(last)s AND n.id = any(%(counters)s::uuid[]) AND NOT n.by_day
            AND s.state = 'active' AND s.period_starts_on = %(day)s::date
        OFFSET 0
    ) AS w
    WHERE
        c.account_id BETWEEN %(first)s AND %(last)s AND c.account_id = w.account_id AND c.id = w.id
        AND c.warned < w.warned
    RETURNING
        c.account_id, c.operator_id, c.subscription_id, c.service_id, c.used, w.included, w.thresholds, c.warned,
        old.warned AS warned_before
)

INSERT INTO notices_notice (account_id, id, operator_id, subscription_id, kind, sent_on, made_at, payload)
SELECT
    w.account_id,
    uuidv7() AS id,
    w.operator_id,
    w.subscription_id,
    'quota_' || t.threshold AS kind,
    %(today)s::date AS sent_on,
    %(now)s::timestamptz AS made_at,
    jsonb_build_object(
        'service', v.code, 'unit', v.unit, 'used', trim_scale(w.used)::text, 'included', trim_scale(w.included)::text
    ) AS payload
FROM warned AS w
INNER JOIN catalogue_service AS v ON w.service_id = v.id
CROSS JOIN LATERAL unnest(w.thresholds) AS t (threshold)
WHERE t.threshold > w.warned_before AND t.threshold <= w.warned
ORDER BY w.account_id, w.subscription_id, w.service_id, t.threshold;

-- name: due_on_use
-- What the quota periods of a service, and of those that its filters count for, cost beyond what was paid on use in
-- them so far, and its tax: the running one, and the one after it whose boundary is still to come or to be worked off
-- (of seats, what it adds to those that are carried); without a service, of all that carry seats, the running one. A
-- trial is free, and a minimum is asked for at the end. What was paid for a day is not paid again on that day.
-- layers:
--   unpaid_periods
SELECT
    d.counter_id,
    d.service_id,
    d.service,
    d.rate_id,
    d.ahead,
    d.turn,
    d.starts_on,
    coalesce(d.period_ends_on, d.grid_ends_on) AS ends_on,
    d.net,
    abono_half_up(d.net * d.tax_rate, CASE WHEN d.inclusive THEN 100 + d.tax_rate ELSE 100 END) AS tax,
    d.net + CASE WHEN d.inclusive THEN 0 ELSE abono_half_up(d.net * d.tax_rate, 100) END AS amount
FROM unpaid_periods AS d
WHERE d.net > 0
ORDER BY d.service_id, d.turn;

-- name: count_by_day
-- Where a change makes a quota one by the day, or no longer: what was counted without a day gets the day on which it
-- happened or, if that is of a period before, was told. The counts are kept, so that the plan at the end rates all.
WITH turned AS (
    UPDATE usage_counter AS c SET by_day = q.by_day
    FROM (
        SELECT
            s.account_id,
            s.id AS subscription_id,
            v.id AS service_id,
            o.time_zone,
            coalesce(s.counts_from, s.period_starts_on, s.starts_on) AS first_day,
            coalesce((u.terms ->> 'included')::numeric, 0) * s.quantity AS included,
            coalesce(u.terms ->> 'quota_period' = 'day', FALSE) AS by_day
        FROM ledger_account AS a
        INNER JOIN subscriptions_subscription AS s ON a.account_id = s.account_id
        INNER JOIN operators_operator AS o ON s.operator_id = o.id
        INNER JOIN catalogue_planservice AS u ON s.plan_id = u.plan_id
        INNER JOIN catalogue_service AS v ON u.service_id = v.id AND v.kind = 'usage'
        WHERE
            a.account_id BETWEEN %(first)s AND %(last)s AND s.account_id BETWEEN %(first)s AND %(last)s
            AND a.claim = %(claim)s::uuid AND s.state <> 'ended'
    ) AS q
    WHERE
        c.account_id BETWEEN %(first)s AND %(last)s AND c.account_id = q.account_id
        AND c.subscription_id = q.subscription_id AND c.service_id = q.service_id AND c.by_day <> q.by_day
    RETURNING
        c.account_id, c.subscription_id, c.service_id, c.turn, c.by_day, q.time_zone, q.first_day, q.included
),

placed AS (
    UPDATE usage_event AS e SET
        counted_on = CASE
            WHEN (e.at AT TIME ZONE t.time_zone)::date >= t.first_day THEN (e.at AT TIME ZONE t.time_zone)::date
            ELSE (e.taken_at AT TIME ZONE t.time_zone)::date
        END
    FROM turned AS t
    WHERE
        e.account_id BETWEEN %(first)s AND %(last)s AND e.account_id = t.account_id
        AND e.subscription_id = t.subscription_id AND e.service_id = t.service_id AND e.turn >= t.turn
        AND e.counted_on IS NULL AND t.by_day
    RETURNING
        e.account_id, e.operator_id, e.subscription_id, e.service_id, e.turn, e.counted_on, e.quantity, t.included
)

INSERT INTO usage_day (account_id, id, operator_id, subscription_id, service_id, turn, day, used, included)
SELECT
    p.account_id,
    uuidv7() AS id,
    p.operator_id,
    p.subscription_id,
    p.service_id,
    p.turn,
    p.counted_on AS day,
    sum(p.quantity) AS used,
    p.included
FROM placed AS p
GROUP BY p.account_id, p.operator_id, p.subscription_id, p.service_id, p.turn, p.counted_on, p.included
ON CONFLICT (account_id, subscription_id, service_id, turn, day) DO UPDATE
    SET used = usage_day.used + excluded.used;

-- name: over_limit
-- Services of which more is taken or used in the running quota period than the hard limit of the present plan; of a
-- quota by the day, on any day that is still open.
SELECT
    v.code AS service,
    w.used,
    i.included
FROM usage_counter AS c
INNER JOIN subscriptions_subscription AS s ON c.account_id = s.account_id AND c.subscription_id = s.id
INNER JOIN catalogue_planservice AS u ON s.plan_id = u.plan_id AND c.service_id = u.service_id
INNER JOIN catalogue_service AS v ON u.service_id = v.id
LEFT JOIN LATERAL (
    SELECT max(d.used) AS used FROM usage_day AS d
    WHERE
        d.account_id = c.account_id AND d.subscription_id = c.subscription_id AND d.service_id = c.service_id
        AND d.turn = c.turn
) AS y ON c.by_day
CROSS JOIN LATERAL (SELECT coalesce((u.terms ->> 'included')::numeric, 0) * s.quantity AS included) AS i
CROSS JOIN LATERAL (SELECT CASE WHEN c.by_day THEN coalesce(y.used, 0) ELSE c.used END AS used) AS w
WHERE
    c.account_id = %(account)s AND c.subscription_id = %(subscription)s::uuid
    AND u.terms ->> 'limit' = 'hard' AND w.used > i.included
ORDER BY u.id;

-- name: paid_on_use
-- What was paid of a quota period; by the day, up to what its packs of each day are paid now.
WITH days AS (
    UPDATE usage_day AS d SET paid_used = greatest(d.paid_used, d.used)
    FROM usage_counter AS c
    WHERE
        c.account_id = %(account)s AND c.id = %(counter)s::uuid AND c.by_day AND d.account_id = %(account)s
        AND c.account_id = d.account_id AND c.subscription_id = d.subscription_id AND c.service_id = d.service_id
        AND d.turn = %(turn)s
)

UPDATE usage_counter SET
    paid = paid + CASE WHEN %(ahead)s::boolean THEN 0 ELSE %(net)s::bigint END,
    paid_ahead = paid_ahead + CASE WHEN %(ahead)s::boolean THEN %(net)s::bigint ELSE 0 END
WHERE account_id = %(account)s AND id = %(counter)s::uuid;

-- name: charge_on_use
INSERT INTO billing_charge (
    account_id, id, operator_id, subscription_id, kind, starts_on, ends_on, amount, tax, rate_id, service_id
)
VALUES (
    %(account)s, %(entry)s::uuid, %(operator)s, %(subscription)s::uuid, 'overage', %(starts_on)s::date,
    %(ends_on)s::date, %(amount)s, %(tax)s, %(rate)s::bigint, %(service)s
);

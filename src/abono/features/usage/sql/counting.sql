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

-- name: make_months
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
-- been paid. Events of a quota period that is not known before the work of their account is done are left out
-- (``behind``). Events of services that add up in another way than by sums, or have filters, are left out (``adds_up``)
-- without ``adding``: with it their counters are locked, and where a filter made something else of an event its row has
-- the service as which it was sent and the weight.
-- layers:
--   id_prefix MATERIALIZED
--   metered_services MATERIALIZED
--   sent_events MATERIALIZED
--   placed_events NOT MATERIALIZED
--   limited_events MATERIALIZED
--   aggregated_events MATERIALIZED
--   judged_events MATERIALIZED
--   new_keys
--   new_values
--   new_events
--   counter_sums MATERIALIZED
--   day_sums MATERIALIZED
--   counters
--   day_counters
--   notices
SELECT
    NULL::integer AS place,
    NULL::text AS refused,
    -- In this order: a counter stays locked as shortly as can be.
    (SELECT count(*) FROM new_keys) >= 0
    AND (SELECT count(*) FROM new_events) >= 0
    AND (SELECT count(*) FROM counter_sums) = (SELECT count(*) FROM counters)
    AND (SELECT count(*) FROM day_sums) = (SELECT count(*) FROM day_counters) AS whole
UNION ALL
SELECT j.place, j.refused, NULL
FROM judged_events AS j
WHERE j.refused IS NOT NULL;

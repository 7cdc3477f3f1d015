-- Reports of use: what was counted on which day. (The events behind it: quotas.sql.)

-- name: use_by_day
-- What was used on each civil day of its seller: events by operator, account, subscription, service and day. Counters
-- are read in that order, each with its own events between two instants, until there are as many days as a page has: of
-- millions of events those of a few subscriptions are looked at. Instants a day further off than the days are left out
-- first, so that only the months of those days are read.
-- layers:
--   page MATERIALIZED
SELECT
    d.account_id,
    p.number,
    p.name,
    d.operator_id,
    d.subscription_id,
    s.unit AS place,
    l.code AS plan,
    v.code AS service,
    v.unit,
    d.seats,
    d.day,
    d.events,
    trim_scale(d.quantity) AS quantity,
    d.service_id
FROM page AS d
INNER JOIN accounts_profile AS p ON d.account_id = p.account_id
INNER JOIN subscriptions_subscription AS s ON d.account_id = s.account_id AND d.subscription_id = s.id
INNER JOIN catalogue_plan AS l ON s.plan_id = l.id
INNER JOIN catalogue_service AS v ON d.service_id = v.id
ORDER BY d.operator_id, d.account_id, d.subscription_id, d.service_id, d.day;

-- name: own
-- The accounts of a manager or of an agent.
SELECT coalesce(array_agg(a.account_id), '{}') AS accounts
FROM accounts_profile AS a
WHERE a.manager_id = %(manager)s::bigint OR a.agent_id = %(agent)s::bigint;

-- Reports of use: what was counted on which day. (The events behind it: quotas.sql.)

-- name: days
-- What was used on each civil day of its seller: events by operator, account, subscription, service and day. Counters
-- are read in that order, each with its own events between two instants, until there are as many days as a page has: of
-- millions of events those of a few subscriptions are looked at. Instants a day further off than the days are left out
-- first, so that only the months of those days are read.
WITH page AS MATERIALIZED (
    SELECT
        c.operator_id,
        c.account_id,
        c.subscription_id,
        c.service_id,
        c.seats,
        d.day,
        d.events,
        d.quantity
    FROM (
        SELECT
            c.operator_id,
            c.account_id,
            c.subscription_id,
            c.service_id,
            c.seats
        FROM usage_counter AS c
        WHERE
            c.operator_id = any(%(operators)s::bigint[])
            AND c.account_id >= %(least)s::bigint
            AND c.account_id <= %(most)s::bigint
            AND (%(accounts)s::bigint[] IS NULL OR c.account_id = any(%(accounts)s::bigint[]))
            AND (%(subscription)s::uuid IS NULL OR c.subscription_id = %(subscription)s::uuid)
            AND (
                %(service)s::text = ''
                OR c.service_id IN (SELECT v.id FROM catalogue_service AS v WHERE v.code = %(service)s::text)
            )
            AND (c.operator_id, c.account_id, c.subscription_id, c.service_id) >= (
                %(after_operator)s::bigint,
                %(after_account)s::bigint,
                %(after_subscription)s::uuid,
                %(after_service)s::bigint
            )
        ORDER BY c.operator_id, c.account_id, c.subscription_id, c.service_id
        OFFSET 0
    ) AS c
    INNER JOIN operators_operator AS o ON c.operator_id = o.id
    CROSS JOIN
        LATERAL (
            SELECT
                (e.at AT TIME ZONE o.time_zone)::date AS day,
                count(*) AS events,
                sum(e.quantity) AS quantity
            FROM usage_event AS e
            WHERE
                e.account_id = c.account_id AND e.subscription_id = c.subscription_id AND e.service_id = c.service_id
                AND e.at >= (%(since)s::date - 1)::timestamp AT TIME ZONE 'UTC'
                AND e.at < (%(until)s::date + 1)::timestamp AT TIME ZONE 'UTC'
                AND (e.at AT TIME ZONE o.time_zone)::date >= %(since)s::date
                AND (e.at AT TIME ZONE o.time_zone)::date < %(until)s::date
            GROUP BY day
        ) AS d
    WHERE
        (c.operator_id, c.account_id, c.subscription_id, c.service_id, d.day) > (
            %(after_operator)s::bigint,
            %(after_account)s::bigint,
            %(after_subscription)s::uuid,
            %(after_service)s::bigint,
            %(after_day)s::date
        )
    ORDER BY c.operator_id, c.account_id, c.subscription_id, c.service_id, d.day
    LIMIT %(rows)s
)

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

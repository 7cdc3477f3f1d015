-- Reports of use: what was counted on which day, and the events behind it.

-- name: days
-- What was used on each civil day of its seller: events by account, subscription, service and day. Instants a day
-- further off than the days are left out first, so that only the months of those days are read.
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
FROM (
    SELECT
        e.account_id,
        e.operator_id,
        e.subscription_id,
        e.service_id,
        e.seats,
        (e.at AT TIME ZONE o.time_zone)::date AS day,
        count(*) AS events,
        sum(e.quantity) AS quantity
    FROM usage_event AS e
    INNER JOIN operators_operator AS o ON e.operator_id = o.id
    INNER JOIN accounts_profile AS a ON e.account_id = a.account_id
    WHERE
        e.operator_id = any(%(operators)s::bigint[])
        AND (%(accounts)s::bigint[] IS NULL OR e.account_id = any(%(accounts)s::bigint[]))
        AND (%(manager)s::bigint IS NULL OR a.manager_id = %(manager)s::bigint)
        AND (%(agent)s::bigint IS NULL OR a.agent_id = %(agent)s::bigint)
        AND (%(account)s::bigint IS NULL OR e.account_id = %(account)s::bigint)
        AND (%(subscription)s::uuid IS NULL OR e.subscription_id = %(subscription)s::uuid)
        AND (
            %(service)s::text = ''
            OR e.service_id IN (SELECT c.id FROM catalogue_service AS c WHERE c.code = %(service)s::text)
        )
        AND e.at >= (%(since)s::date - 1)::timestamp AT TIME ZONE 'UTC'
        AND e.at < (%(until)s::date + 1)::timestamp AT TIME ZONE 'UTC'
        AND (e.at AT TIME ZONE o.time_zone)::date >= %(since)s::date
        AND (e.at AT TIME ZONE o.time_zone)::date < %(until)s::date
        AND e.account_id >= %(after_account)s::bigint
    GROUP BY e.account_id, e.operator_id, e.subscription_id, e.service_id, e.seats, day
    HAVING
        (e.account_id, e.subscription_id, e.service_id, (e.at AT TIME ZONE o.time_zone)::date)
        > (%(after_account)s::bigint, %(after_subscription)s::uuid, %(after_service)s::bigint, %(after_day)s::date)
    ORDER BY e.account_id, e.subscription_id, e.service_id, day
    LIMIT %(most)s
) AS d
INNER JOIN accounts_profile AS p ON d.account_id = p.account_id
INNER JOIN subscriptions_subscription AS s ON d.account_id = s.account_id AND d.subscription_id = s.id
INNER JOIN catalogue_plan AS l ON s.plan_id = l.id
INNER JOIN catalogue_service AS v ON d.service_id = v.id
ORDER BY d.account_id, d.subscription_id, d.service_id, d.day;

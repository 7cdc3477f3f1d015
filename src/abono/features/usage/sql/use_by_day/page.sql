-- The days of the page with their events, by counter.
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

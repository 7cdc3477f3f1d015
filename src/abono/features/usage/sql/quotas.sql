-- Questions about quotas.

-- name: quotas
-- What of each service that is counted was used in the running quota period (by the day: today), of the subscriptions
-- of some accounts, or of one. Nothing of what has ended is used any more.
-- layers:
--   counted_services MATERIALIZED
--   measured_services
SELECT
    m.account_id,
    m.subscription_id,
    m.operator_id,
    m.state,
    m.plan,
    m.place,
    m.service,
    m.kind,
    m.unit,
    m.currency,
    m.hard,
    m.on_use,
    m.by_day,
    m.measured_by,
    CASE WHEN m.by_day THEN m.today ELSE m.starts_on END AS starts_on,
    CASE WHEN m.by_day THEN m.today + 1 ELSE m.ends_on END AS ends_on,
    m.today,
    trim_scale(m.used) AS used,
    trim_scale(m.included) AS included,
    trim_scale(m.held) AS held,
    trim_scale(m.billed) AS billed,
    trim_scale(greatest(m.used - m.included, 0)) AS over,
    trim_scale(greatest(m.included - m.used, 0)) AS remaining,
    -- No account pays for more than its books can hold (kernel.money.LIMIT); so many packs are not told apart.
    least(
        CASE
            WHEN m.free THEN 0
            ELSE greatest(
                abono_packs(m.terms, greatest(m.billed - m.included, 0)),
                CASE
                    WHEN m.on_use AND m.by_day THEN abono_packs(m.terms, greatest(m.paid_used - m.included, 0))
                    WHEN m.on_use AND m.paid > 0 AND (m.terms ->> 'price')::numeric > 0
                        THEN abono_half_up(m.paid, (m.terms ->> 'price')::numeric * ('1e' || g.digits)::numeric)
                    ELSE 0
                END
            )
        END,
        1000000000000000
    )::bigint AS packs
FROM measured_services AS m
INNER JOIN unnest(%(currencies)s::text[], %(digits)s::integer[]) AS g (currency, digits) ON m.currency = g.currency
ORDER BY m.account_id, m.ordered_at, m.subscription_id, m.no;

-- name: entitlements
-- All that the plans of an account's subscriptions have, and whether it may be had now.
SELECT
    s.id AS subscription_id,
    s.unit AS place,
    v.code AS service,
    v.kind,
    v.unit,
    trim_scale(u.quantity * s.quantity) AS quantity,
    s.state IN ('trial', 'active') AS granted
FROM subscriptions_subscription AS s
INNER JOIN catalogue_planservice AS u ON s.plan_id = u.plan_id
INNER JOIN catalogue_service AS v ON u.service_id = v.id
WHERE
    s.account_id = %(account)s
    AND s.state <> 'ended'
ORDER BY s.ordered_at, s.id, u.id;

-- name: closed
-- Quota periods that are over, the newest first.
SELECT
    c.id,
    v.code AS service,
    v.unit,
    c.turn,
    c.starts_on,
    c.ends_on,
    trim_scale(c.used) AS used,
    trim_scale(c.billed) AS billed,
    trim_scale(c.included) AS included,
    trim_scale(c.over) AS over,
    c.paid,
    c.amount
FROM usage_period AS c
INNER JOIN catalogue_service AS v ON c.service_id = v.id
WHERE
    c.account_id = %(account)s AND c.subscription_id = %(subscription)s::uuid AND c.id < %(before)s::uuid
ORDER BY c.id DESC
LIMIT %(most)s;

-- name: events_of_subscription
-- The events of a subscription between two instants, the latest first: of a service, of a quota period if given.
WITH page AS MATERIALIZED (
    SELECT e.*
    FROM usage_event AS e
    WHERE
        e.account_id = %(account)s::bigint AND e.subscription_id = %(subscription)s::uuid
        AND e.at >= %(since)s::timestamptz
        AND e.at < %(until)s::timestamptz
        AND (e.at, e.id) < (%(before)s::timestamptz, %(before_id)s::uuid)
        AND (
            %(service)s::text = ''
            OR e.service_id IN (SELECT v.id FROM catalogue_service AS v WHERE v.code = %(service)s::text)
        )
        AND (%(turn)s::integer IS NULL OR e.turn = %(turn)s::integer)
    ORDER BY e.at DESC, e.id DESC
    LIMIT %(most)s
)

SELECT
    e.id,
    v.code AS service,
    v.unit,
    e.at,
    e.taken_at,
    trim_scale(e.quantity) AS quantity,
    e.turn,
    e.counted_on,
    e.key,
    trim_scale(coalesce(e.reported, e.quantity)) AS reported,
    r.code AS reported_as,
    e.properties
FROM page AS e
INNER JOIN catalogue_service AS v ON e.service_id = v.id
LEFT JOIN catalogue_service AS r ON e.reported_service_id = r.id
ORDER BY e.at DESC, e.id DESC;

-- name: day
-- The first instant of a civil day of a subscription's seller, and of the day after it.
SELECT
    %(day)s::date::timestamp AT TIME ZONE o.time_zone AS since,
    (%(day)s::date + 1)::timestamp AT TIME ZONE o.time_zone AS until
FROM subscriptions_subscription AS s
INNER JOIN operators_operator AS o ON s.operator_id = o.id
WHERE s.account_id = %(account)s::bigint AND s.id = %(subscription)s::uuid;

-- name: reservation
-- Whether an account ever had a reservation.
SELECT r.id FROM usage_reservation AS r WHERE r.account_id = %(account)s::bigint AND r.id = %(reservation)s::uuid;

-- The catalogue as pages show it.

-- name: plans
-- The plans of some operators that are sold now, with the price that is valid on the civil day of each (in major units)
-- and the services; where they need not be sold, the last versions of those that once were as well.
SELECT
    p.id,
    p.operator_id,
    p.code,
    p.version,
    o.currency,
    p.period,
    p.anchor,
    p.first_period,
    p.charge,
    p.renews,
    p.trial_days,
    p.setup_fee,
    p.priority,
    p.on_shortfall,
    p.look_ahead_hours,
    p.look_ahead_days,
    p.early_block,
    p.resume,
    p.pause,
    p.pause_days_per_year,
    p.pause_min_days,
    p.pause_fee,
    v.valid_from AS price_from,
    coalesce(v.price, w.price, 0) AS price,
    coalesce(w.services, '{}') AS services
FROM (
    SELECT c.* FROM catalogue_plan AS c
    WHERE
        c.operator_id = any(%(operators)s::bigint[])
        AND (
            c.current
            OR (
                NOT %(sold)s::boolean AND NOT EXISTS (
                    SELECT 1 FROM catalogue_plan AS n
                    WHERE n.operator_id = c.operator_id AND n.code = c.code AND (n.current OR n.version > c.version)
                )
            )
        )
        AND (%(code)s::text = '' OR c.code = %(code)s::text)
        AND (c.operator_id, c.code) > (%(after_operator)s::bigint, %(after_code)s::text)
    ORDER BY c.operator_id <> %(first)s::bigint, c.operator_id, c.code
    LIMIT %(most)s::bigint
) AS p
INNER JOIN operators_operator AS o ON p.operator_id = o.id
LEFT JOIN LATERAL (
    SELECT x.valid_from, x.price FROM catalogue_planprice AS x
    WHERE x.plan_id = p.id AND x.valid_from <= (%(now)s::timestamptz AT TIME ZONE o.time_zone)::date
    ORDER BY x.valid_from DESC
    LIMIT 1
) AS v ON TRUE
LEFT JOIN LATERAL (
    SELECT
        array_agg(s.code ORDER BY y.id) AS services,
        sum(coalesce(s.price, 0) * y.quantity) AS price
    FROM catalogue_planservice AS y
    INNER JOIN catalogue_service AS s ON y.service_id = s.id
    WHERE y.plan_id = p.id
) AS w ON TRUE
ORDER BY p.operator_id <> %(first)s::bigint, p.operator_id, p.code;

-- name: services
-- The services of some operators, with the number of plans sold now that have each.
SELECT
    s.id,
    s.operator_id,
    s.code,
    o.currency,
    s.kind,
    s.unit,
    s.tax,
    s.price,
    s.aggregation,
    s.property,
    (
        SELECT count(*) FROM catalogue_planservice AS y
        INNER JOIN catalogue_plan AS p ON y.plan_id = p.id
        WHERE y.service_id = s.id AND p.current
    ) AS plans,
    exists(SELECT 1 FROM catalogue_planservice AS i WHERE i.service_id = s.id) AS planned
FROM catalogue_service AS s
INNER JOIN operators_operator AS o ON s.operator_id = o.id
WHERE
    s.operator_id = any(%(operators)s::bigint[])
    AND (s.operator_id, s.code) > (%(after_operator)s::bigint, %(after_code)s::text)
ORDER BY s.operator_id, s.code
LIMIT %(most)s::bigint;

-- name: services_of_plan
SELECT s.id, s.code, s.kind, s.unit, s.tax, s.price, y.quantity, y.terms FROM catalogue_planservice AS y
INNER JOIN catalogue_service AS s ON y.service_id = s.id
WHERE y.plan_id = %(plan)s
ORDER BY y.id;

-- name: prices_of_plan
-- The prices of a plan, the latest first; an empty one is the sum of its services' prices.
SELECT valid_from, price FROM catalogue_planprice
WHERE plan_id = %(plan)s AND (%(before)s::date IS NULL OR valid_from < %(before)s::date)
ORDER BY valid_from DESC
LIMIT %(most)s::bigint;

-- name: prices_of_versions
-- The prices of a plan in all its versions, the newest version and the latest price first.
SELECT
    p.version,
    v.valid_from,
    v.price
FROM catalogue_plan AS p
INNER JOIN catalogue_planprice AS v ON p.id = v.plan_id
WHERE p.operator_id = %(operator)s AND p.code = %(code)s
ORDER BY p.version DESC, v.valid_from DESC;

-- name: versions_of_plan
SELECT id, version, current FROM catalogue_plan
WHERE operator_id = %(operator)s AND code = %(code)s
ORDER BY version DESC;

-- name: services_to_merge
SELECT code, kind, unit, tax, price, aggregation, property FROM catalogue_service
WHERE operator_id = %(operator)s
ORDER BY code;

-- name: planned
-- Which services of an operator are, or were, in a plan.
SELECT s.code FROM catalogue_service AS s
WHERE s.operator_id = %(operator)s AND EXISTS (SELECT 1 FROM catalogue_planservice AS i WHERE i.service_id = s.id);

-- name: plans_to_merge
-- The plans that are sold, each with the price that is valid on a day, since when, and the one it was saved with.
SELECT
    p.*,
    r.price,
    r.valid_from AS price_from,
    (
        SELECT f.price FROM catalogue_planprice AS f
        WHERE f.plan_id = p.id
        ORDER BY f.valid_from
        LIMIT 1
    ) AS first_price
FROM catalogue_plan AS p
LEFT JOIN LATERAL (
    SELECT
        price,
        valid_from
    FROM catalogue_planprice
    WHERE plan_id = p.id AND valid_from <= %(day)s::date
    ORDER BY valid_from DESC
    LIMIT 1
) AS r ON TRUE
WHERE p.operator_id = %(operator)s AND p.current;

-- name: parts
SELECT
    p.code AS plan,
    s.code AS service,
    i.quantity,
    i.terms
FROM catalogue_planservice AS i
INNER JOIN catalogue_plan AS p ON i.plan_id = p.id
INNER JOIN catalogue_service AS s ON i.service_id = s.id
WHERE p.operator_id = %(operator)s AND p.current;

-- name: settled
-- What was settled with the price or tax of some services: every plan's version and quantity, and who sells it.
SELECT DISTINCT
    p.operator_id,
    r.plan_id,
    r.quantity
FROM catalogue_rate AS r
INNER JOIN catalogue_plan AS p ON r.plan_id = p.id
INNER JOIN catalogue_planservice AS i ON r.plan_id = i.plan_id
INNER JOIN catalogue_service AS s ON i.service_id = s.id
WHERE s.operator_id = %(operator)s AND s.code = any(%(codes)s::text[]);

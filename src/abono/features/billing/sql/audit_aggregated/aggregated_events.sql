-- The events that may add something else than was reported.
SELECT
    e.account_id,
    e.subscription_id,
    e.service_id,
    e.turn,
    e.id,
    e.at,
    e.quantity,
    coalesce(e.reported, e.quantity) AS reported,
    coalesce(e.weight, 1) AS weight,
    e.properties ->> v.property AS value,
    v.aggregation
FROM usage_event AS e
INNER JOIN catalogue_service AS v ON e.service_id = v.id
WHERE v.aggregation <> 'sum' OR e.reported IS NOT NULL OR e.weight IS NOT NULL

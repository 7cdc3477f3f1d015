-- The services of their plans that are counted, with the terms; a row for each service of a subscription.
SELECT
    k.account_id,
    k.id AS subscription_id,
    u.id AS place,
    v.id AS service_id,
    v.kind,
    v.tax AS category,
    u.terms,
    v.kind = 'usage' AND coalesce(u.terms ->> 'quota_period' = 'day', FALSE) AS by_day,
    CASE WHEN v.kind = 'seats' THEN coalesce(u.terms ->> 'seats_billed', 'peak') END AS measured_by,
    coalesce((u.terms ->> 'included')::numeric, 0) * k.quantity AS included
FROM closing_subscriptions AS k
INNER JOIN catalogue_planservice AS u ON k.plan_id = u.plan_id
INNER JOIN catalogue_service AS v ON u.service_id = v.id
WHERE v.kind <> 'onoff'

-- name: by_version
-- How many that have not ended have each version of a plan.
SELECT
    p.version,
    count(*) AS going
FROM catalogue_plan AS p
INNER JOIN subscriptions_subscription AS s ON p.id = s.plan_id
WHERE p.operator_id = %(operator)s AND p.code = %(code)s AND s.state <> 'ended'
GROUP BY p.version;

-- name: of_plan
SELECT
    count(*) FILTER (WHERE s.state = 'pending') AS pending,
    count(*) FILTER (WHERE s.state = 'trial') AS trial,
    count(*) FILTER (WHERE s.state = 'active') AS active,
    count(*) FILTER (WHERE s.state = 'suspended') AS suspended
FROM catalogue_plan AS p
INNER JOIN subscriptions_subscription AS s ON p.id = s.plan_id
WHERE p.operator_id = %(operator)s AND p.code = %(code)s AND s.state <> 'ended';

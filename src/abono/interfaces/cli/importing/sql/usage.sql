-- name: places
-- The subscriptions that rows of events may mean, by the number of the account and the subscription or its unit; those
-- that have ended only where they are named.
SELECT
    k.no,
    s.account_id,
    s.id
FROM
    unnest(
        %(numbers)s::text[], %(subscriptions)s::text[], %(units)s::text[], %(services)s::text[]
    ) WITH ORDINALITY AS k (number, subscription, unit, service, no)
INNER JOIN accounts_number AS n ON k.number = n.number AND n.operator_id = %(operator)s
INNER JOIN subscriptions_subscription AS s ON n.account_id = s.account_id
WHERE
    CASE
        WHEN k.subscription <> '' THEN s.id::text = lower(k.subscription)
        ELSE s.state <> 'ended' AND (k.unit = '' OR s.unit = k.unit) AND EXISTS (
            SELECT 1 FROM catalogue_planservice AS u
            INNER JOIN catalogue_service AS v ON u.service_id = v.id
            WHERE u.plan_id = s.plan_id AND v.code = k.service
        )
    END
ORDER BY k.no, s.account_id, s.id;

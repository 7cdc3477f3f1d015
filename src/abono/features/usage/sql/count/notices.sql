-- The notices of thresholds that the counters and the days passed.
INSERT INTO notices_notice (account_id, id, operator_id, subscription_id, kind, sent_on, made_at, payload)
SELECT
    n.account_id,
    uuidv7() AS id,
    n.operator_id,
    n.subscription_id,
    'quota_' || n.threshold AS kind,
    (%(now)s::timestamptz AT TIME ZONE o.time_zone)::date AS sent_on,
    %(now)s::timestamptz AS made_at,
    jsonb_build_object(
        'service', v.code, 'unit', v.unit, 'used', trim_scale(n.used)::text, 'included',
        trim_scale(n.included)::text
    ) AS payload
FROM (
    SELECT c.account_id, c.operator_id, c.subscription_id, c.service_id, c.used, c.included, t.threshold
    FROM counters AS c
    CROSS JOIN LATERAL unnest(coalesce(c.thresholds, '{80,100}'::smallint[])) AS t (threshold)
    WHERE c.warned > c.warned_before AND t.threshold > c.warned_before AND t.threshold <= c.warned
    UNION ALL
    SELECT d.account_id, d.operator_id, d.subscription_id, d.service_id, d.used, d.included, t.threshold
    FROM day_counters AS d
    CROSS JOIN LATERAL unnest(coalesce(d.thresholds, '{80,100}'::smallint[])) AS t (threshold)
    WHERE d.warned > d.warned_before AND t.threshold > d.warned_before AND t.threshold <= d.warned
) AS n
INNER JOIN operators_operator AS o ON n.operator_id = o.id
INNER JOIN catalogue_service AS v ON n.service_id = v.id
ORDER BY n.account_id, n.subscription_id, n.service_id, n.threshold

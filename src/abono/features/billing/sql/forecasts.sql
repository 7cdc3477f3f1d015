-- name: ask
INSERT INTO billing_forecast (operator_id, days, asked_at, asked_by)
VALUES (%(operator)s, %(days)s, %(now)s::timestamptz, %(asked_by)s)
RETURNING id;

-- name: latest
SELECT id, operator_id, days, asked_at, asked_by, finished_at, error, NULL AS summary
FROM billing_forecast
WHERE operator_id = any(%(operators)s::bigint[])
ORDER BY id DESC
LIMIT %(most)s;

-- name: find
SELECT id, operator_id, days, asked_at, asked_by, finished_at, error, summary
FROM billing_forecast
WHERE id = %(id)s AND operator_id = any(%(operators)s::bigint[]);

-- name: waiting
SELECT id, operator_id, days FROM billing_forecast WHERE finished_at IS NULL ORDER BY id;

-- name: hold
SELECT pg_try_advisory_xact_lock(hashtext('abono.billing.forecast'), %(id)s::integer) AS held;

-- name: finish
UPDATE billing_forecast SET summary = %(summary)s::jsonb, finished_at = %(now)s::timestamptz
WHERE id = %(id)s AND finished_at IS NULL;

-- name: fail
UPDATE billing_forecast SET error = %(error)s, finished_at = %(now)s::timestamptz
WHERE id = %(id)s AND finished_at IS NULL;

-- name: ask
INSERT INTO billing_forecast (operator_id, tenant_id, days, asked_at, asked_by)
VALUES (%(operator)s, %(tenant)s, %(days)s, %(now)s::timestamptz, %(asked_by)s)
RETURNING id;

-- name: forget_old
-- An operator keeps its newest forecasts, and those that are still to be made.
DELETE FROM billing_forecast
WHERE
    operator_id = %(operator)s AND finished_at IS NOT NULL
    AND id NOT IN (
        SELECT id FROM billing_forecast WHERE operator_id = %(operator)s
        ORDER BY id DESC
        LIMIT %(kept)s
    );

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
-- Tenants take turns: the oldest of whoever has had none for the longest comes first.
SELECT f.id, f.operator_id, f.days, f.attempts FROM billing_forecast AS f
LEFT JOIN (
    SELECT tenant_id, max(finished_at) AS served_at FROM billing_forecast GROUP BY tenant_id
) AS t ON f.tenant_id = t.tenant_id
WHERE f.finished_at IS NULL
ORDER BY row_number() OVER (PARTITION BY f.tenant_id ORDER BY f.id), t.served_at NULLS FIRST, f.id;

-- name: queue_up
SELECT pg_advisory_xact_lock(hashtext('abono.billing.forecast_asked'), %(operator)s::integer);

-- name: how_many_wait
SELECT count(*) AS waiting FROM billing_forecast
WHERE operator_id = %(operator)s AND finished_at IS NULL;

-- name: lock_forecasts
SELECT pg_try_advisory_xact_lock(hashtext('abono.billing.forecast'), %(operator)s::integer) AS held;

-- name: hold_forecasts
-- As above, until it is let go or the connection ends: it outlives transactions.
SELECT pg_try_advisory_lock(hashtext('abono.billing.forecast'), %(operator)s::integer) AS held;

-- name: release_forecasts
SELECT pg_advisory_unlock(hashtext('abono.billing.forecast'), %(operator)s::integer) AS held;

-- name: begin_forecast
UPDATE billing_forecast SET attempts = attempts + 1
WHERE id = %(id)s AND finished_at IS NULL;

-- name: finish_forecast
UPDATE billing_forecast SET summary = %(summary)s::jsonb, finished_at = %(now)s::timestamptz
WHERE id = %(id)s AND finished_at IS NULL;

-- name: fail
UPDATE billing_forecast SET error = %(error)s, finished_at = %(now)s::timestamptz
WHERE id = %(id)s AND finished_at IS NULL;

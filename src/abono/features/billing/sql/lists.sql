-- Runs as pages show them: of every run only the slices of one's own operators count.

-- name: runs
SELECT
    r.id,
    r.until,
    r.operator_id,
    r.started_at,
    r.finished_at,
    s.accounts,
    s.done,
    s.open,
    s.failed
FROM billing_run AS r
INNER JOIN LATERAL (
    SELECT
        count(*) AS slices,
        coalesce(sum(accounts) FILTER (WHERE state <> 'split'), 0)::bigint AS accounts,
        coalesce(sum(accounts) FILTER (WHERE state = 'done'), 0)::bigint AS done,
        count(*) FILTER (WHERE state = 'open') AS open,
        count(*) FILTER (WHERE state = 'failed') AS failed
    FROM billing_slice
    WHERE run_id = r.id AND operator_id = any(%(operators)s::bigint[])
) AS s ON s.slices > 0
WHERE r.id < %(after)s::bigint
ORDER BY r.id DESC
LIMIT %(most)s;

-- name: run
SELECT
    r.id,
    r.until,
    r.operator_id,
    r.started_at,
    r.finished_at,
    s.accounts,
    s.done,
    s.open,
    s.failed,
    t.totals::text AS totals
FROM billing_run AS r
INNER JOIN LATERAL (
    SELECT
        count(*) AS slices,
        coalesce(sum(accounts) FILTER (WHERE state <> 'split'), 0)::bigint AS accounts,
        coalesce(sum(accounts) FILTER (WHERE state = 'done'), 0)::bigint AS done,
        count(*) FILTER (WHERE state = 'open') AS open,
        count(*) FILTER (WHERE state = 'failed') AS failed
    FROM billing_slice
    WHERE run_id = r.id AND operator_id = any(%(operators)s::bigint[])
) AS s ON s.slices > 0
LEFT JOIN LATERAL (
    SELECT jsonb_object_agg(e.key, e.total) AS totals FROM (
        SELECT
            d.key,
            sum(d.value::numeric) AS total
        FROM billing_slice AS b
        CROSS JOIN LATERAL jsonb_each_text(b.totals) AS d
        WHERE b.run_id = r.id AND b.state = 'done' AND b.operator_id = any(%(operators)s::bigint[])
        GROUP BY d.key
    ) AS e
) AS t ON TRUE
WHERE r.id = %(run)s::bigint;

-- name: failed_slices
SELECT id, operator_id, first, last, accounts, attempts, error FROM billing_slice
WHERE
    run_id = %(run)s::bigint AND state = 'failed' AND operator_id = any(%(operators)s::bigint[])
    AND id > %(after)s::bigint
ORDER BY id
LIMIT %(most)s::bigint;

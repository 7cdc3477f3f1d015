-- name: one_at_a_time
-- Runs are opened by one transaction at a time.
SELECT pg_advisory_xact_lock(hashtext('abono.billing.run'));

-- name: hurry
-- What somebody holds for longer is given up: it stays due, and nobody else's charges wait for it.
SELECT set_config('lock_timeout', %(patience)s::text, TRUE);

-- name: open_run
SELECT id, until, operator_id FROM billing_run WHERE finished_at IS NULL ORDER BY id LIMIT 1;

-- name: is_due
SELECT exists(
    SELECT 1 FROM ledger_account
    WHERE due_at <= %(until)s::timestamptz AND (%(operator)s::bigint IS NULL OR operator_id = %(operator)s::bigint)
) AS due;

-- name: due_among
-- Those of some operators that have anything due.
SELECT o.id AS operator_id FROM operators_operator AS o
WHERE
    o.id = any(%(operators)s::bigint[])
    AND EXISTS (
        SELECT 1 FROM ledger_account AS a WHERE a.operator_id = o.id AND a.due_at <= %(until)s::timestamptz
    )
ORDER BY o.id;

-- name: stands_beside
-- Whether there are operators beside some.
SELECT exists(SELECT 1 FROM operators_operator WHERE id <> all(%(operators)s::bigint[])) AS beside;

-- name: first_due
SELECT min(due_at) AS instant FROM ledger_account
WHERE due_at <= %(until)s::timestamptz AND (%(operator)s::bigint IS NULL OR operator_id = %(operator)s::bigint);

-- name: start
INSERT INTO billing_run (until, operator_id, started_at)
VALUES (%(until)s::timestamptz, %(operator)s::bigint, clock_timestamp())
RETURNING id;

-- name: cut_slices
-- The accounts that are due, in slices of so many, each of one operator; tenants take turns.
INSERT INTO billing_slice (run_id, operator_id, first, last, accounts)
SELECT
    %(run)s::bigint,
    d.operator_id,
    min(d.account_id),
    max(d.account_id),
    count(*)
FROM (
    SELECT
        account_id,
        operator_id,
        (row_number() OVER (PARTITION BY operator_id ORDER BY account_id) - 1) / %(size)s::integer AS part
    FROM ledger_account
    WHERE due_at <= %(until)s::timestamptz AND (%(operator)s::bigint IS NULL OR operator_id = %(operator)s::bigint)
) AS d
GROUP BY d.operator_id, d.part
ORDER BY
    row_number() OVER (PARTITION BY abono_tenant(d.operator_id) ORDER BY d.part, d.operator_id),
    d.operator_id;

-- name: lock_slice
-- A slice is held by a row lock for as long as its transaction lives: whoever dies lets go of it.
-- ``troubled``: one of its tenant's has failed in this run.
SELECT
    s.id,
    s.operator_id,
    s.first,
    s.last,
    s.attempts,
    exists(
        SELECT 1 FROM billing_slice AS f
        WHERE f.run_id = s.run_id AND f.attempts > 0 AND abono_tenant(f.operator_id) = abono_tenant(s.operator_id)
    ) AS troubled
FROM billing_slice AS s
WHERE s.run_id = %(run)s AND s.state = 'open'
ORDER BY s.attempts, s.id
LIMIT 1
FOR UPDATE OF s SKIP LOCKED;

-- name: until
SELECT until FROM billing_run WHERE id = %(run)s;

-- name: done
UPDATE billing_slice SET state = 'done', totals = %(totals)s::jsonb WHERE id = %(slice)s;

-- name: fail_slice
UPDATE billing_slice SET attempts = attempts + 1, error = %(error)s, state = %(state)s::text
WHERE id = %(slice)s AND state = 'open';

-- name: split
INSERT INTO billing_slice (run_id, operator_id, first, last, accounts)
SELECT s.run_id, s.operator_id, h.first, h.last, 0
FROM billing_slice AS s
CROSS JOIN
    LATERAL (
        VALUES (s.first, (s.first + s.last) / 2), ((s.first + s.last) / 2 + 1, s.last)
    ) AS h (first, last)
WHERE s.id = %(slice)s;

-- name: progress
SELECT
    count(*) FILTER (WHERE state = 'open') AS open,
    count(*) FILTER (WHERE state = 'failed') AS failed,
    coalesce(sum(accounts) FILTER (WHERE state = 'done'), 0)::bigint AS accounts_done,
    coalesce(sum(accounts) FILTER (WHERE state <> 'split'), 0)::bigint AS accounts
FROM billing_slice
WHERE run_id = %(run)s;

-- name: totals
-- The sum over all accounts may be more than a bigint holds.
SELECT
    t.key AS name,
    sum(t.value::numeric) AS total
FROM billing_slice AS s
CROSS JOIN LATERAL jsonb_each_text(s.totals) AS t
WHERE s.run_id = %(run)s AND s.state = 'done'
GROUP BY t.key;

-- name: finish_run
UPDATE billing_run SET finished_at = clock_timestamp(), totals = %(totals)s::jsonb
WHERE id = %(run)s AND finished_at IS NULL;

-- name: failures
SELECT operator_id, first, last, error FROM billing_slice WHERE run_id = %(run)s AND state = 'failed' ORDER BY id;

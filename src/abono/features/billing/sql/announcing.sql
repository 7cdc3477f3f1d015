-- name: announce
-- Events of what was written after the mark for the accounts under this claim, each once, and their deliveries. A
-- change of what was agreed is told by itself only where no change of state tells it.
-- layers:
--   state_changes MATERIALIZED
--   agreed_changes
--   numbered_changes
--   events
--   new_events
INSERT INTO webhooks_delivery (account_id, id, operator_id, event_id, endpoint_id, due_at)
SELECT
    t.account_id,
    uuidv7() AS id,
    t.operator_id,
    t.id AS event_id,
    e.id AS endpoint_id,
    %(now)s::timestamptz AS due_at
FROM new_events AS t
INNER JOIN abono_hearing(%(endpoints)s::bigint[]) AS e ON cardinality(e.types) = 0 OR t.type = any(e.types);

-- name: run_by_operator
SELECT
    operator_id,
    coalesce(sum(accounts) FILTER (WHERE state = 'done'), 0)::bigint AS accounts,
    count(*) FILTER (WHERE state <> 'split') AS slices,
    count(*) FILTER (WHERE state = 'failed') AS failed
FROM billing_slice
WHERE run_id = %(run)s
GROUP BY operator_id
ORDER BY operator_id;

-- The benchmark's world: active monthly subscriptions, one on each account, in the middle of January.

-- name: accounts
INSERT INTO ledger_account (account_id, operator_id, currency, balance, due_at)
SELECT n, %(operator)s::bigint, 'EUR', 100000, '2026-02-01T00:00:00Z'::timestamptz
FROM generate_series(1::bigint, %(accounts)s::bigint) AS n;

-- name: subscriptions
INSERT INTO subscriptions_subscription (
    account_id, id, operator_id, plan_id, quantity, ordered_at, state, starts_on, anchor_on, anchor_day, cycle,
    period_starts_on, period_ends_on, cycle_days, paid_until, rate_id, fee_due
)
SELECT
    n,
    ('01900000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid AS subscription_id,
    %(operator)s::bigint AS operator_id,
    p.id AS plan_id,
    1,
    '2026-01-01T00:00:00Z'::timestamptz,
    'active',
    date '2026-01-01',
    date '2026-01-01',
    1,
    0,
    date '2026-01-01',
    date '2026-02-01',
    31,
    date '2026-02-01',
    r.id AS rate_id,
    FALSE
FROM generate_series(1::bigint, %(accounts)s::bigint) AS n
CROSS JOIN catalogue_plan AS p
INNER JOIN catalogue_rate AS r ON p.id = r.plan_id
WHERE p.operator_id = %(operator)s AND r.quantity = 1;

-- name: empty
TRUNCATE usage_event, usage_key, usage_counter, usage_day, usage_value, notices_notice;

-- name: counted
SELECT (SELECT count(*) FROM usage_event) AS events, (SELECT coalesce(sum(used), 0) FROM usage_counter) AS used;

-- name: service
SELECT id FROM catalogue_service WHERE operator_id = %(operator)s;

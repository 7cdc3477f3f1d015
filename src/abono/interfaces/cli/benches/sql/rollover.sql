-- The benchmark's world: N monthly subscriptions on N/2 accounts over the operator's plans, at the end of a period.

-- name: rollover_accounts
-- About three quarters of the accounts have money for both subscriptions, the others for one or none.
INSERT INTO ledger_account (account_id, operator_id, currency, balance, due_at)
SELECT
    %(before)s::bigint + n,
    %(operator)s::bigint,
    'EUR',
    CASE WHEN mod(n, 10) < 7 THEN 100000 WHEN mod(n, 10) < 9 THEN 1500 ELSE 0 END,
    %(boundary)s::timestamptz
FROM generate_series(1::bigint, %(accounts)s::bigint) AS n;

-- name: rollover_subscriptions
INSERT INTO subscriptions_subscription (
    account_id, id, operator_id, plan_id, quantity, ordered_at, state, starts_on, anchor_on, anchor_day, cycle,
    period_starts_on, period_ends_on, cycle_days, paid_until, rate_id, fee_due
)
SELECT
    %(before)s::bigint + n / 2 + 1,
    ('01900000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid,
    %(operator)s::bigint,
    p.plans[1 + mod(n, cardinality(p.plans))],
    1,
    d.starts_on::timestamp AT TIME ZONE 'UTC',
    'active',
    d.starts_on,
    d.starts_on AS anchor_on,
    extract(DAY FROM d.starts_on),
    0,
    d.starts_on AS period_starts_on,
    d.ends_on,
    d.ends_on - d.starts_on,
    d.ends_on AS paid_until,
    p.rates[1 + mod(n, cardinality(p.rates))],
    FALSE
FROM generate_series(0::bigint, 2 * %(accounts)s::bigint - 1) AS n
CROSS JOIN (SELECT %(plans)s::bigint[] AS plans, %(rates)s::bigint[] AS rates) AS p
CROSS JOIN (
    SELECT
        (%(boundary)s::timestamptz AT TIME ZONE 'UTC' - interval '1 month')::date AS starts_on,
        (%(boundary)s::timestamptz AT TIME ZONE 'UTC')::date AS ends_on
) AS d;

-- name: rollover_empty
-- Whatever belongs to accounts, in the benchmark's own database.
TRUNCATE billing_slice, billing_run, subscriptions_transition, notices_notice, ledger_account CASCADE;

-- name: rollover_rates
SELECT
    p.id AS plan,
    r.id AS rate
FROM catalogue_plan AS p
INNER JOIN catalogue_rate AS r ON p.id = r.plan_id
WHERE p.operator_id = %(operator)s AND r.quantity = 1
ORDER BY p.id;

-- name: outcome
SELECT
    count(*) FILTER (WHERE state = 'active') AS paid,
    count(*) FILTER (WHERE state = 'suspended') AS suspended
FROM subscriptions_subscription;

-- name: keep
CREATE UNLOGGED TABLE kept_entry AS SELECT * FROM ledger_entry;
CREATE UNLOGGED TABLE kept_charge AS SELECT * FROM billing_charge;
CREATE UNLOGGED TABLE kept_transition AS SELECT * FROM subscriptions_transition;
CREATE UNLOGGED TABLE kept_notice AS SELECT * FROM notices_notice;
CREATE UNLOGGED TABLE kept_account AS SELECT * FROM ledger_account;
CREATE UNLOGGED TABLE kept_subscription AS SELECT * FROM subscriptions_subscription;
ANALYZE kept_entry;
ANALYZE kept_charge;
ANALYZE kept_transition;
ANALYZE kept_notice;
ANALYZE kept_account;
ANALYZE kept_subscription;

-- name: forget
DROP TABLE kept_entry, kept_charge, kept_transition, kept_notice, kept_account, kept_subscription;

-- name: rollover_floor
-- The same rows, written plainly, with no decision.
UPDATE ledger_account AS a SET balance = k.balance, due_at = k.due_at
FROM kept_account AS k
WHERE a.account_id = k.account_id;
INSERT INTO ledger_entry SELECT * FROM kept_entry;
UPDATE subscriptions_subscription AS s SET
    state = k.state,
    reasons = k.reasons,
    cycle = k.cycle,
    period_starts_on = k.period_starts_on,
    period_ends_on = k.period_ends_on,
    cycle_days = k.cycle_days,
    paid_until = k.paid_until,
    rate_id = k.rate_id,
    runs = k.runs,
    suspended_on = k.suspended_on
FROM kept_subscription AS k
WHERE s.account_id = k.account_id AND s.id = k.id;
INSERT INTO billing_charge SELECT * FROM kept_charge;
INSERT INTO subscriptions_transition SELECT * FROM kept_transition;
INSERT INTO notices_notice SELECT * FROM kept_notice;

-- The world of the benchmark over HTTP: active subscriptions, one on each account, in a period that runs now.

-- name: months
SELECT abono_usage_month(m.month) AS made
FROM (VALUES (%(month)s::date), ((%(month)s::date - interval '1 month')::date)) AS m (month);

-- name: http_accounts
INSERT INTO ledger_account (account_id, operator_id, currency, balance, due_at)
SELECT n, %(operator)s::bigint, 'EUR', 100000, now() + interval '20 days'
FROM generate_series(1::bigint, %(accounts)s::bigint) AS n;

-- name: http_profiles
INSERT INTO accounts_profile (account_id, operator_id, number, name, locale, opened_at)
SELECT n, %(operator)s::bigint, n::text, '', 'en', now()
FROM generate_series(1::bigint, %(accounts)s::bigint) AS n;

-- name: http_subscriptions
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
    %(starts_on)s::date AT TIME ZONE 'UTC',
    'active',
    %(starts_on)s::date,
    %(starts_on)s::date,
    1,
    0,
    %(starts_on)s::date,
    %(ends_on)s::date,
    30,
    %(ends_on)s::date,
    r.id AS rate_id,
    FALSE
FROM generate_series(1::bigint, %(accounts)s::bigint) AS n
CROSS JOIN catalogue_plan AS p
INNER JOIN catalogue_rate AS r ON p.id = r.plan_id
WHERE p.operator_id = %(operator)s AND r.quantity = 1;

-- name: http_empty
TRUNCATE usage_event, usage_key, usage_counter, notices_notice;

-- name: http_counted
SELECT (SELECT count(*) FROM usage_event) AS events, (SELECT coalesce(sum(used), 0) FROM usage_counter) AS used;

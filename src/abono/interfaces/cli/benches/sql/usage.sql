-- The benchmark's world: active monthly subscriptions, one on each account, in the middle of January.

-- name: usage_accounts
INSERT INTO ledger_account (account_id, operator_id, currency, balance, due_at)
SELECT n, %(operator)s::bigint, 'EUR', 100000, '2026-02-01T00:00:00Z'::timestamptz
FROM generate_series(1::bigint, %(accounts)s::bigint) AS n;

-- name: usage_subscriptions
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

-- name: usage_empty
TRUNCATE usage_event, usage_key, usage_counter, usage_day, usage_value, notices_notice;

-- name: usage_counted
SELECT (SELECT count(*) FROM usage_event) AS events, (SELECT coalesce(sum(used), 0) FROM usage_counter) AS used;

-- name: service
SELECT id FROM catalogue_service WHERE operator_id = %(operator)s;

-- name: usage_floor
-- The rows of a batch, with the same keys and indexes, and nothing decided: no subscription, plan or limit is read.
WITH head AS MATERIALIZED (
    SELECT
        left(replace(uuidv7()::text, '-', ''), 16) AS digits,
        floor(random() * 4398046511104)::bigint AS drawn
),

event AS MATERIALIZED (
    SELECT
        e.place,
        e.quantity,
        e.at,
        e.key,
        g.account_id,
        g.subscription_id
    FROM
        abono_events(
            %(spots)s, %(quantities)s, %(instants)s, %(keys)s, %(properties)s, %(sent)s, %(sent_ids)s, %(weights)s
        ) AS e
    INNER JOIN abono_spots(%(accounts)s, %(subscriptions)s, %(services)s) AS g ON e.spot = g.spot
),

claimed AS (
    INSERT INTO usage_key (account_id, key, operator_id, at, content)
    SELECT e.account_id, e.key, %(operator)s, e.at, 0 FROM event AS e
),

kept AS (
    INSERT INTO usage_event (
        account_id, id, operator_id, subscription_id, service_id, at, taken_at, quantity, turn, seats, key
    )
    SELECT
        e.account_id,
        abono_id((SELECT h.digits FROM head AS h), (SELECT h.drawn FROM head AS h), e.place),
        %(operator)s,
        e.subscription_id,
        %(service)s,
        e.at,
        %(now)s,
        e.quantity,
        1,
        FALSE,
        e.key
    FROM event AS e
)

INSERT INTO usage_counter (account_id, id, operator_id, subscription_id, service_id, used)
SELECT
    e.account_id,
    abono_id((SELECT h.digits FROM head AS h), (SELECT h.drawn FROM head AS h), 524288 + min(e.place)),
    %(operator)s,
    e.subscription_id,
    %(service)s,
    sum(e.quantity)
FROM event AS e
GROUP BY e.account_id, e.subscription_id
ORDER BY e.account_id
ON CONFLICT (account_id, subscription_id, service_id) DO UPDATE SET used = usage_counter.used + excluded.used;

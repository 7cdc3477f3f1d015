-- The benchmark's world: so many accounts of one provider and ten operators below it, two subscriptions each.

-- name: operators
-- The provider has one half of the accounts, the operators share the other.
INSERT INTO operators_operator (code, name, parent_id, currency, time_zone)
SELECT 'bench-' || n, 'Bench ' || n, %(parent)s::bigint, 'EUR', 'UTC' FROM generate_series(1, %(count)s::integer) AS n
RETURNING id;

-- name: accounts
-- One in fifty is in debt.
INSERT INTO ledger_account (account_id, operator_id, currency, balance, credit_limit, due_at)
SELECT
    n,
    o.ids[1 + CASE WHEN mod(n, 2) = 0 THEN 0 ELSE mod(n, cardinality(o.ids)) END],
    'EUR',
    CASE WHEN mod(n, 50) = 7 THEN -mod(n, 900) - 1 ELSE mod(n * 7919, 90000) END,
    CASE WHEN mod(n, 50) = 7 THEN 100000 ELSE 0 END,
    %(boundary)s::timestamptz
FROM generate_series(1::bigint, %(accounts)s::bigint) AS n
CROSS JOIN (SELECT %(operators)s::bigint[] AS ids) AS o;

-- name: profiles
-- A first name out of 300 and a last name out of 20,000, made of syllables; the last 500 belong to a manager.
INSERT INTO accounts_profile (account_id, operator_id, number, name, locale, opened_at, manager_id)
SELECT
    a.account_id,
    a.operator_id,
    to_char(mod(a.account_id * 7919, 100000007) + 100000000, 'FM000000000'),
    initcap(s.parts[1 + mod(a.account_id * 31, 30)] || s.parts[1 + mod(a.account_id * 17, 10)]) || ' '
    || initcap(
        s.parts[1 + mod(a.account_id * 13, 30)] || s.parts[1 + mod(a.account_id * 7, 29)]
        || s.parts[1 + mod(a.account_id / 3, 23)]
    ),
    'en',
    %(begins)s::timestamptz - interval '1 year',
    CASE WHEN a.account_id > %(accounts)s::bigint - 500 THEN %(manager)s::bigint END
FROM ledger_account AS a
CROSS JOIN (
    SELECT string_to_array(
        'an ber cor dal el fin gor hel ist jan kar lim mar nor os pet qui ram sof tar '
        || 'ul ver wil xen yos zed bra cro dun fel',
        ' '
    ) AS parts
) AS s;

-- name: numbers
INSERT INTO accounts_number (operator_id, number, account_id)
SELECT operator_id, number, account_id FROM accounts_profile;

-- name: words
INSERT INTO accounts_word (account_id, key, operator_id)
SELECT DISTINCT p.account_id, w.key, p.operator_id
FROM accounts_profile AS p
CROSS JOIN LATERAL string_to_table(lower(p.name), ' ') AS w (key);

-- name: subscriptions
-- One in twenty is suspended, one in fifty has ended; half of them name a unit.
INSERT INTO subscriptions_subscription (
    account_id, id, operator_id, plan_id, quantity, unit, ordered_at, state, reasons, starts_on, anchor_on, anchor_day,
    cycle, period_starts_on, period_ends_on, cycle_days, paid_until, rate_id, fee_due, runs, suspended_on, ended_on
)
SELECT
    a.account_id,
    (
        '0190' || lpad(to_hex(mod(a.account_id * 7919 + k.n * 5000011, 100000007)), 8, '0')
        || '7000800' || lpad(to_hex(2 * a.account_id + k.n), 13, '0')
    )::uuid,
    a.operator_id,
    p.plans[1 + mod(a.account_id + k.n, cardinality(p.plans))],
    1,
    CASE WHEN k.n = 0 THEN 'Camera ' || mod(a.account_id * 31, 1000003) ELSE '' END,
    %(begins)s::timestamptz,
    s.state,
    CASE WHEN s.state = 'suspended' THEN 1 ELSE 0 END,
    %(begins)s::date,
    %(begins)s::date,
    1,
    0,
    %(begins)s::date,
    %(boundary)s::date,
    %(boundary)s::date - %(begins)s::date,
    %(boundary)s::date,
    p.rates[1 + mod(a.account_id + k.n, cardinality(p.rates))],
    FALSE,
    s.state = 'active',
    CASE WHEN s.state = 'suspended' THEN %(begins)s::date END,
    CASE WHEN s.state = 'ended' THEN %(begins)s::date END
FROM ledger_account AS a
CROSS JOIN generate_series(0, 1) AS k (n)
CROSS JOIN
    LATERAL (
        SELECT CASE
            WHEN mod(a.account_id * 2 + k.n, 20) = 3 THEN 'suspended'
            WHEN mod(a.account_id * 2 + k.n, 50) = 4 THEN 'ended'
            ELSE 'active'
        END AS state
    ) AS s
CROSS JOIN (SELECT %(plans)s::bigint[] AS plans, %(rates)s::bigint[] AS rates) AS p;

-- name: entries
-- Of most accounts an opening payment and the charges of January; of every thousandth account three years by the day.
INSERT INTO ledger_entry (account_id, id, operator_id, booked_on, booked_at, kind, amount, counter, text)
SELECT
    a.account_id,
    uuidv7(),
    a.operator_id,
    %(begins)s::date - k.n,
    %(begins)s::timestamptz - make_interval(days => k.n),
    CASE WHEN k.n = 0 THEN 'adjustment' WHEN mod(k.n, 2) = 1 THEN 'charge' ELSE 'payment' END,
    CASE WHEN k.n = 0 THEN a.balance + 1 WHEN mod(k.n, 2) = 1 THEN -1000 ELSE 1000 END,
    CASE WHEN mod(k.n, 2) = 1 THEN 'sales' ELSE 'cash' END,
    ''
FROM ledger_account AS a
CROSS JOIN LATERAL generate_series(CASE WHEN mod(a.account_id, 1000) = 0 THEN 1000 ELSE 2 END, 0, -1) AS k (n)
WHERE a.balance <> -1 OR k.n > 0;

-- name: charges
INSERT INTO billing_charge (
    account_id, id, operator_id, subscription_id, kind, starts_on, ends_on, amount, tax, rate_id
)
SELECT
    e.account_id, e.id, e.operator_id, s.id AS subscription_id, 'part', e.booked_on, e.booked_on + 1, -e.amount, 0,
    s.rate_id
FROM ledger_entry AS e
INNER JOIN LATERAL (
    SELECT x.id, x.rate_id FROM subscriptions_subscription AS x
    WHERE x.account_id = e.account_id
    ORDER BY x.id
    LIMIT 1
) AS s ON TRUE
WHERE e.kind = 'charge';

-- name: trail
INSERT INTO base_trail (account_id, id, operator_id, at, actor, origin, action, subject, after)
SELECT
    p.account_id,
    uuidv7(),
    p.operator_id,
    p.opened_at,
    'bench',
    'import',
    'account.open',
    p.number,
    jsonb_build_object('limit', a.credit_limit)
FROM accounts_profile AS p
INNER JOIN ledger_account AS a ON p.account_id = a.account_id;

-- name: transitions
INSERT INTO subscriptions_transition (
    account_id, id, operator_id, subscription_id, at, day, cause, state_from, state_to, reasons_from, reasons_to
)
SELECT
    s.account_id, uuidv7(), s.operator_id, s.id, s.ordered_at, s.starts_on, 'started', 'pending', s.state, 0,
    s.reasons
FROM subscriptions_subscription AS s;

-- name: rates
SELECT
    p.id AS plan,
    r.id AS rate
FROM catalogue_plan AS p
INNER JOIN catalogue_rate AS r ON p.id = r.plan_id
WHERE p.operator_id = %(operator)s AND r.quantity = 1
ORDER BY p.id;

-- name: sample
-- What somebody may look for: accounts spread over all of them.
SELECT p.account_id, p.operator_id, p.number, p.name, s.unit, s.id AS subscription_id
FROM accounts_profile AS p
INNER JOIN subscriptions_subscription AS s ON p.account_id = s.account_id
WHERE p.account_id = any(%(accounts)s::bigint[]) AND s.unit <> '';

-- name: indexes
-- Indexes that are made anew faster than they grow row by row; those of keys stay.
SELECT i.schemaname, i.indexname, i.indexdef FROM pg_catalog.pg_indexes AS i
WHERE
    i.schemaname = 'public' AND i.tablename = any(%(tables)s::text[])
    AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_constraint AS c WHERE c.conname = i.indexname);

-- name: lock
SELECT
    a.account_id,
    a.operator_id,
    a.currency,
    a.balance,
    a.credit_limit,
    a.held,
    a.reached_at
FROM ledger_account AS a
WHERE a.account_id = %(account)s
FOR UPDATE;

-- name: operator_of
SELECT operator_id FROM ledger_account WHERE account_id = %(account)s;

-- name: open_account
INSERT INTO ledger_account (account_id, operator_id, currency, credit_limit)
VALUES (%(account)s, %(operator)s, %(currency)s, %(credit_limit)s);

-- name: post
-- One movement: the row and the balance it makes, together; none that leads away from 0 beyond what books hold.
WITH moved AS (
    UPDATE ledger_account SET balance = balance + %(amount)s
    WHERE
        account_id = %(account)s
        AND (abs(balance + %(amount)s) < %(most)s OR abs(balance + %(amount)s) < abs(balance))
    RETURNING account_id, operator_id, balance
)

INSERT INTO ledger_entry (
    account_id, id, operator_id, booked_on, booked_at, kind, amount, counter, text, reverses
)
SELECT
    account_id,
    uuidv7(),
    operator_id,
    %(booked_on)s::date,
    %(booked_at)s::timestamptz,
    %(kind)s,
    %(amount)s,
    %(counter)s,
    %(text)s,
    %(reverses)s::uuid
FROM moved
RETURNING id;

-- name: available
SELECT
    (
        a.balance + a.credit_limit - a.held + coalesce((
            SELECT sum(g.remaining) FROM ledger_grant AS g
            WHERE g.account_id = %(account)s AND g.starts_at <= %(at)s::timestamptz AND g.ends_at > %(at)s::timestamptz
        ), 0)
    )::bigint AS available
FROM ledger_account AS a
WHERE a.account_id = %(account)s;

-- name: debit
-- A conditional debit in one round trip. Credit grants are not looked at: where they are needed, the caller falls back
-- to the locked way, because a grant may shrink while this statement waits for the account.
WITH moved AS (
    UPDATE ledger_account SET balance = balance - %(amount)s
    WHERE
        account_id = %(account)s AND balance + credit_limit - held >= %(amount)s
        AND NOT EXISTS (SELECT 1 FROM base_once AS o WHERE o.account_id = %(account)s AND o.key = %(key)s)
    RETURNING account_id, operator_id
),

named AS MATERIALIZED (
    SELECT account_id, operator_id, uuidv7() AS entry_id FROM moved
),

kept AS (
    INSERT INTO base_once (account_id, key, operator_id, request, answer, kept_at)
    SELECT
        account_id, %(key)s, operator_id, %(request)s::jsonb, jsonb_build_object('entry', entry_id),
        %(now)s::timestamptz
    FROM named
)

INSERT INTO ledger_entry (account_id, id, operator_id, booked_on, booked_at, kind, amount, counter, text)
SELECT
    account_id,
    entry_id,
    operator_id,
    %(booked_on)s::date,
    %(now)s::timestamptz,
    'charge',
    -%(amount)s,
    %(counter)s,
    %(text)s
FROM named
RETURNING id;

-- name: entry
SELECT id, amount, kind, counter, booked_on FROM ledger_entry WHERE account_id = %(account)s AND id = %(entry)s::uuid;

-- name: reversal_of
SELECT id FROM ledger_entry WHERE account_id = %(account)s AND reverses = %(entry)s::uuid;

-- name: set_limit
UPDATE ledger_account SET credit_limit = %(credit_limit)s WHERE account_id = %(account)s;

-- name: active_grants
SELECT id, remaining, ends_at FROM ledger_grant
WHERE account_id = %(account)s AND remaining > 0 AND starts_at <= %(at)s::timestamptz AND ends_at > %(at)s::timestamptz
ORDER BY ends_at, id;

-- name: add_grant
INSERT INTO ledger_grant (account_id, id, operator_id, amount, remaining, starts_at, ends_at, reason, fee)
VALUES (
    %(account)s,
    uuidv7(),
    %(operator)s,
    %(amount)s,
    %(amount)s,
    %(starts_at)s::timestamptz,
    %(ends_at)s::timestamptz,
    %(reason)s,
    %(fee)s
);

-- name: repay_grants
-- A payment repays what was promised first: the grant that ends first shrinks first.
WITH owed AS (
    SELECT
        id,
        remaining,
        sum(remaining) OVER (ORDER BY ends_at, id) - remaining AS before
    FROM ledger_grant
    WHERE
        account_id = %(account)s AND remaining > 0
        AND starts_at <= %(at)s::timestamptz AND ends_at > %(at)s::timestamptz
)

UPDATE ledger_grant AS g SET remaining = g.remaining - least(g.remaining, greatest(%(amount)s - o.before, 0))
FROM owed AS o
WHERE g.account_id = %(account)s AND g.id = o.id;

-- name: place_hold
WITH held AS (
    UPDATE ledger_account SET held = held + %(amount)s
    WHERE account_id = %(account)s
    RETURNING account_id, operator_id
)

INSERT INTO ledger_hold (account_id, id, operator_id, amount, text, placed_at)
SELECT account_id, uuidv7(), operator_id, %(amount)s, %(text)s, %(now)s::timestamptz FROM held
RETURNING id;

-- name: close_hold
WITH closed AS (
    UPDATE ledger_hold SET closed_at = %(now)s::timestamptz
    WHERE account_id = %(account)s AND id = %(hold)s::uuid AND closed_at IS NULL
    RETURNING account_id, amount
)

UPDATE ledger_account AS a SET held = a.held - c.amount
FROM closed AS c
WHERE a.account_id = c.account_id AND a.account_id = %(account)s
RETURNING c.amount;

-- name: name_capture
UPDATE ledger_hold SET entry_id = %(entry)s::uuid WHERE account_id = %(account)s AND id = %(hold)s::uuid;

-- name: statement
-- A page of the entries of some days, the newest first, each with the balance after it and, of a charge, what for.
WITH page AS MATERIALIZED (
    SELECT account_id, id FROM ledger_entry
    WHERE
        account_id = %(account)s AND id < %(after)s::uuid
        AND booked_on >= %(since)s::date AND booked_on < %(until)s::date
    ORDER BY id DESC
    LIMIT %(most)s
),

booked AS (
    SELECT
        e.account_id,
        e.id,
        e.operator_id,
        e.booked_on,
        e.booked_at,
        e.kind,
        e.amount,
        e.counter,
        e.text,
        e.reverses,
        (a.balance - sum(e.amount) OVER (PARTITION BY e.account_id ORDER BY e.id DESC) + e.amount)::bigint AS balance
    FROM ledger_account AS a
    INNER JOIN ledger_entry AS e ON a.account_id = e.account_id
    WHERE
        a.account_id = %(account)s AND e.account_id = %(account)s
        AND e.id >= (SELECT id FROM page ORDER BY id LIMIT 1)
)

SELECT
    b.id,
    b.booked_on,
    b.booked_at,
    b.kind,
    b.amount,
    b.balance,
    b.text,
    b.counter,
    b.reverses,
    c.subscription_id,
    c.kind AS charge_kind,
    c.starts_on,
    c.ends_on,
    s.unit,
    l.code AS plan_code
FROM page
INNER JOIN booked AS b ON page.account_id = b.account_id AND page.id = b.id
LEFT JOIN billing_charge AS c ON b.account_id = c.account_id AND b.id = c.id
LEFT JOIN subscriptions_subscription AS s ON c.account_id = s.account_id AND c.subscription_id = s.id
LEFT JOIN catalogue_rate AS r ON c.rate_id = r.id
LEFT JOIN catalogue_plan AS l ON coalesce(r.plan_id, s.plan_id) = l.id
ORDER BY b.id DESC;

-- name: reserve_accounts
-- Ids for accounts that one statement will make, so that it is known which is whose.
SELECT nextval(pg_get_serial_sequence('ledger_account', 'account_id')) AS account_id
FROM generate_series(1, %(count)s::integer);

-- name: open_accounts
INSERT INTO ledger_account (account_id, operator_id, currency, credit_limit, balance)
SELECT n.account_id, %(operator)s AS operator_id, n.currency, n.credit_limit, n.balance
FROM jsonb_to_recordset(%(rows)s::jsonb)
    AS n (account_id bigint, currency text, credit_limit bigint, balance bigint);

-- name: post_openings
-- The entries that the balances of new accounts are the sum of.
INSERT INTO ledger_entry (account_id, id, operator_id, booked_on, booked_at, kind, amount, counter, text)
SELECT
    n.account_id,
    uuidv7() AS id,
    %(operator)s AS operator_id,
    %(day)s::date AS booked_on,
    %(now)s::timestamptz AS booked_at,
    'adjustment' AS kind,
    n.balance,
    'opening' AS counter,
    'opening balance' AS text
FROM jsonb_to_recordset(%(rows)s::jsonb) AS n (account_id bigint, balance bigint)
WHERE n.balance <> 0;

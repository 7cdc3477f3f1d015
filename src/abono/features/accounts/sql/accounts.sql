-- name: take_number
INSERT INTO accounts_number (operator_id, number, account_id)
VALUES (%(operator)s, %(number)s, %(account)s)
ON CONFLICT (operator_id, number) DO NOTHING;

-- name: take_next_number
-- The next number of the seller's series, whoever asks; others who ask wait until this transaction ends.
SELECT abono_take_number(%(operator)s::bigint, %(account)s::bigint) AS number;

-- name: by_key
SELECT account_id FROM accounts_number WHERE operator_id = %(operator)s AND key = %(key)s;

-- name: keep_key
UPDATE accounts_number SET key = %(key)s WHERE operator_id = %(operator)s AND account_id = %(account)s;

-- name: add_profile
INSERT INTO accounts_profile (account_id, operator_id, number, name, locale, opened_at, manager_id, agent_id)
VALUES (
    %(account)s,
    %(operator)s,
    %(number)s,
    %(name)s,
    %(locale)s,
    %(now)s::timestamptz,
    %(manager)s::bigint,
    %(agent)s::bigint
);

-- name: add_words
INSERT INTO accounts_word (account_id, key, operator_id)
SELECT %(account)s, w.key, %(operator)s FROM unnest(%(words)s::text[]) AS w (key);

-- name: by_number
SELECT account_id FROM accounts_number WHERE operator_id = %(operator)s AND number = %(number)s;

-- name: taken
SELECT number FROM accounts_number WHERE operator_id = %(operator)s AND number = any(%(numbers)s::text[]);

-- name: accounts_of
SELECT number, account_id FROM accounts_number
WHERE operator_id = %(operator)s AND number = any(%(numbers)s::text[]);

-- name: labels
SELECT
    p.account_id,
    p.number,
    a.currency
FROM accounts_profile AS p
INNER JOIN ledger_account AS a ON p.account_id = a.account_id
WHERE p.account_id = any(%(accounts)s::bigint[]);

-- name: openings
-- What an import asked for when it opened the accounts.
SELECT account_id, request FROM base_once WHERE account_id = any(%(accounts)s::bigint[]) AND key = %(key)s;

-- name: take_numbers
INSERT INTO accounts_number (operator_id, number, account_id)
SELECT %(operator)s AS operator_id, n.number, n.account_id
FROM jsonb_to_recordset(%(rows)s::jsonb) AS n (account_id bigint, number text)
ON CONFLICT (operator_id, number) DO NOTHING
RETURNING number;

-- name: add_profiles
INSERT INTO accounts_profile (account_id, operator_id, number, name, locale, opened_at)
SELECT n.account_id, %(operator)s AS operator_id, n.number, n.name, n.locale, n.opened_at
FROM jsonb_to_recordset(%(rows)s::jsonb)
    AS n (account_id bigint, number text, name text, locale text, opened_at timestamptz);

-- name: add_all_words
INSERT INTO accounts_word (account_id, key, operator_id)
SELECT n.account_id, w.key, %(operator)s
FROM jsonb_to_recordset(%(rows)s::jsonb) AS n (account_id bigint, words text[])
CROSS JOIN LATERAL unnest(n.words) AS w (key);

-- name: keep_openings
INSERT INTO base_once (account_id, key, operator_id, request, answer, kept_at)
SELECT
    n.account_id,
    %(key)s,
    %(operator)s AS operator_id,
    n.request,
    jsonb_build_object('account', n.account_id) AS answer,
    %(now)s::timestamptz AS kept_at
FROM jsonb_to_recordset(%(rows)s::jsonb) AS n (account_id bigint, request jsonb);

-- name: record_openings
INSERT INTO base_trail (account_id, id, operator_id, at, actor, origin, action, subject, after)
SELECT
    n.account_id,
    uuidv7() AS id,
    %(operator)s AS operator_id,
    %(now)s::timestamptz AS at,
    %(actor)s,
    %(origin)s,
    'account.open' AS action,
    n.number,
    jsonb_build_object('limit', n.credit_limit, 'balance', n.balance) AS after
FROM jsonb_to_recordset(%(rows)s::jsonb) AS n (account_id bigint, number text, credit_limit bigint, balance bigint);

-- name: due
SELECT account_id FROM ledger_account
WHERE operator_id = %(operator)s AND due_at <= %(until)s::timestamptz
ORDER BY account_id;

-- name: how_many_due
SELECT count(*) AS accounts FROM ledger_account
WHERE operator_id = %(operator)s AND due_at <= %(until)s::timestamptz;

-- name: numbers
SELECT account_id, number FROM accounts_profile WHERE account_id = any(%(accounts)s::bigint[]);

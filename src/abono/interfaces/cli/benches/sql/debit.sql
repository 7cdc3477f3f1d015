-- name: debit_accounts
INSERT INTO ledger_account (account_id, operator_id, currency, balance)
SELECT n, %(operator)s::bigint, 'EUR', 1000000000 FROM generate_series(1::bigint, %(accounts)s::bigint) AS n;

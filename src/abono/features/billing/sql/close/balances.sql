-- Takes the amounts off the accounts' balances.
UPDATE ledger_account AS a SET balance = a.balance - t.total
FROM (SELECT account_id, sum(amount + fee)::bigint AS total FROM taxed_days GROUP BY account_id) AS t
WHERE a.account_id = t.account_id AND t.total > 0

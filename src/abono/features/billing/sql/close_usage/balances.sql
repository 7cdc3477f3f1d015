-- Takes the amounts off the accounts' balances.
UPDATE ledger_account AS a SET balance = a.balance - d.total
FROM (SELECT t.account_id, sum(t.amount)::bigint AS total FROM taxed_services AS t GROUP BY t.account_id) AS d
WHERE a.account_id = d.account_id AND d.total > 0

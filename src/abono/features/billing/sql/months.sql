-- What an account was charged, month by month.

-- name: of_account
SELECT
    date_trunc('month', e.booked_on)::date AS month,
    sum(c.amount)::bigint AS amount,
    count(*) AS charges
FROM billing_charge AS c
INNER JOIN ledger_entry AS e ON c.account_id = e.account_id AND c.id = e.id
WHERE c.account_id = %(account)s AND e.account_id = %(account)s
GROUP BY date_trunc('month', e.booked_on)
ORDER BY date_trunc('month', e.booked_on) DESC
LIMIT %(most)s;

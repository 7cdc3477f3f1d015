-- What is due for carried seats, a row for each subscription.
SELECT account_id, subscription_id, sum(amount)::bigint AS amount FROM carried_seats
GROUP BY account_id, subscription_id

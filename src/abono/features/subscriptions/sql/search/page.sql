-- The subscriptions of the page, in order.
SELECT source, operator_id, text, account_id, id FROM candidates
ORDER BY source, operator_id, text, account_id, id
LIMIT %(most)s

-- The accounts of the page, in order.
SELECT operator_id, text, account_id FROM candidates
ORDER BY operator_id, text, account_id
LIMIT %(most)s

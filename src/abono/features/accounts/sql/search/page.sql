-- The accounts of the page, in order.
SELECT source, operator_id, text, account_id FROM candidates
ORDER BY source, operator_id, text, account_id
LIMIT %(most)s

-- The subscriptions of the page, in order.
SELECT account_id, operator_id, plan_id, state, id FROM candidates
ORDER BY operator_id DESC, plan_id DESC, state DESC, id DESC
LIMIT %(most)s

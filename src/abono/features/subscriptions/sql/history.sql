-- name: transitions
SELECT at, cause, state_from, state_to, reasons_from, reasons_to, missing FROM subscriptions_transition
WHERE account_id = %(account)s AND subscription_id = %(subscription)s::uuid
ORDER BY at DESC, id DESC
LIMIT %(most)s;

-- name: stopped_since
-- The civil day on which each suspended subscription of an account was last stopped.
SELECT
    t.subscription_id AS id,
    max(t.day) AS day
FROM subscriptions_transition AS t
INNER JOIN subscriptions_subscription AS s ON t.account_id = s.account_id AND t.subscription_id = s.id
WHERE
    t.account_id = %(account)s AND s.account_id = %(account)s
    AND s.state = 'suspended' AND t.state_to = 'suspended' AND t.state_from <> 'suspended'
GROUP BY t.subscription_id;

-- name: account_of
SELECT account_id FROM subscriptions_subscription
WHERE operator_id = any(%(operators)s::bigint[]) AND id = %(subscription)s::uuid;

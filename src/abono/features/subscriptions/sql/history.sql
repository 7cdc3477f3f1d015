-- name: transitions
SELECT at, cause, state_from, state_to, reasons_from, reasons_to, missing FROM subscriptions_transition
WHERE account_id = %(account)s AND subscription_id = %(subscription)s::uuid
ORDER BY at DESC, id DESC
LIMIT %(most)s;

-- name: stopped_since
SELECT id, suspended_on FROM subscriptions_subscription
WHERE account_id = %(account)s AND state = 'suspended' AND suspended_on IS NOT NULL;

-- name: account_of
SELECT account_id FROM subscriptions_subscription
WHERE operator_id = any(%(operators)s::bigint[]) AND id = %(subscription)s::uuid;

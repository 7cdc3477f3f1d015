-- Subscriptions that were ever paused.
SELECT account_id, subscription_id FROM subscriptions_transition
WHERE cause = 'paused'
GROUP BY account_id, subscription_id

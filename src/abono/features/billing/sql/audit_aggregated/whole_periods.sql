-- The quota periods of which all events are kept.
SELECT account_id, subscription_id, service_id, turn FROM usage_counter
WHERE NOT partial
UNION ALL
SELECT account_id, subscription_id, service_id, turn + 1 FROM usage_counter
WHERE NOT partial
UNION ALL
SELECT account_id, subscription_id, service_id, turn FROM usage_period
WHERE NOT partial

-- Keeps the events, each once; answers the new ones.
INSERT INTO webhooks_event (
    account_id, id, operator_id, type, source_id, at, payload, subscription_id, sequence
)
SELECT account_id, uuidv7() AS id, operator_id, type, source_id, at, payload, subscription_id, sequence
FROM events
ON CONFLICT (account_id, source_id, type) DO NOTHING
RETURNING account_id, id, operator_id, type

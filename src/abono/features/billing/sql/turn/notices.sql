-- The notices of the ends.
INSERT INTO notices_notice (account_id, id, operator_id, subscription_id, kind, sent_on, made_at, payload)
SELECT account_id, uuidv7(), operator_id, id, 'ended', %(today)s::date, %(now)s::timestamptz, '{}'::jsonb
FROM waiting_subscriptions
WHERE ends

-- The notices of those that run again.
INSERT INTO notices_notice (account_id, id, operator_id, subscription_id, kind, sent_on, made_at, payload)
SELECT
    f.account_id, uuidv7(), f.operator_id, f.id, 'resumed', %(today)s::date, %(now)s::timestamptz, '{}'::jsonb
FROM next_states AS f
WHERE f.back

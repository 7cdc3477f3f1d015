-- name: add
INSERT INTO notices_notice (account_id, id, operator_id, subscription_id, kind, sent_on, made_at, payload)
VALUES (
    %(account)s, uuidv7(), %(operator)s, %(subscription)s::uuid, %(kind)s, %(day)s::date, %(now)s::timestamptz,
    %(payload)s::jsonb
);

-- name: of_account
-- The newest first; the key of a notice is as old as the notice.
SELECT n.id, n.kind, n.sent_on, n.made_at, n.subscription_id, n.payload
FROM notices_notice AS n
WHERE n.account_id = %(account)s AND (%(before)s::uuid IS NULL OR n.id < %(before)s::uuid)
ORDER BY n.id DESC
LIMIT %(most)s;

-- name: add
INSERT INTO notices_notice (account_id, id, operator_id, subscription_id, kind, sent_on, made_at, payload)
VALUES (
    %(account)s, uuidv7(), %(operator)s, %(subscription)s::uuid, %(kind)s, %(day)s::date, %(now)s::timestamptz,
    %(payload)s::jsonb
);

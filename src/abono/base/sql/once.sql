-- name: find
SELECT request, answer FROM base_once WHERE account_id = %(account)s AND key = %(key)s;

-- name: keep_answer
INSERT INTO base_once (account_id, key, operator_id, request, answer, kept_at)
VALUES (%(account)s, %(key)s, %(operator)s, %(request)s::jsonb, %(answer)s::jsonb, %(now)s::timestamptz);

-- name: add
INSERT INTO base_trail (account_id, id, operator_id, at, actor, origin, action, subject, before, after)
VALUES (
    %(account)s,
    uuidv7(),
    %(operator)s,
    %(at)s::timestamptz,
    %(actor)s,
    %(origin)s,
    %(action)s,
    %(subject)s,
    %(before)s::jsonb,
    %(after)s::jsonb
);

-- name: of_account
SELECT at, actor, origin, action, subject, before, after FROM base_trail
WHERE account_id = %(account)s
ORDER BY id DESC
LIMIT %(limit)s;

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
SELECT
    t.at, t.actor, t.origin, t.action, t.subject, t.before, t.after
FROM base_trail AS t
WHERE t.account_id = %(account)s
ORDER BY t.id DESC
LIMIT %(most)s;

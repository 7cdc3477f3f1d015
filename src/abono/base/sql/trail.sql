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

-- name: newest
-- The audit trail of some operators, the newest first: of each operator no more than the longest page is looked at.
SELECT
    t.account_id,
    t.id,
    t.operator_id,
    t.at,
    t.actor,
    t.origin,
    t.action,
    t.subject,
    t.before,
    t.after
FROM unnest(%(operators)s::bigint[]) AS o (id)
CROSS JOIN
    LATERAL (
        SELECT * FROM base_trail AS r
        WHERE
            r.operator_id = o.id
            AND r.at >= %(since)s::timestamptz AND r.at < %(until)s::timestamptz
            AND (r.at, r.id) < (%(after_at)s::timestamptz, %(after_id)s::uuid)
            AND (%(actor)s::text = '' OR r.actor = %(actor)s::text)
            AND (%(action)s::text = '' OR starts_with(r.action, %(action)s::text))
            AND (%(subject)s::text = '' OR r.subject = %(subject)s::text)
            AND (%(accounts)s::bigint[] IS NULL OR r.account_id = any(%(accounts)s::bigint[]))
            AND (
                %(membership)s::bigint IS NULL
                OR (
                    SELECT TRUE FROM accounts_profile AS p
                    WHERE p.account_id = r.account_id AND %(membership)s::bigint IN (p.manager_id, p.agent_id)
                )
            )
        ORDER BY r.at DESC, r.id DESC
        LIMIT 201
    ) AS t
ORDER BY t.at DESC, t.id DESC
LIMIT %(most)s;

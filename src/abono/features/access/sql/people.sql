-- name: people
-- Who is let in by the operators, by e-mail address. Only what happens in these operators is told of them.
SELECT
    u.id,
    u.name,
    u.email,
    u.is_active AS active,
    u.last_login AS last_signed_in_at,
    array_agg(m.kind ORDER BY m.id) AS kinds,
    array_agg(m.role ORDER BY m.id) AS roles,
    array_agg(o.name ORDER BY m.id) AS operator_names
FROM access_user AS u
INNER JOIN access_membership AS m ON u.id = m.user_id
INNER JOIN operators_operator AS o ON m.operator_id = o.id
WHERE
    m.operator_id = any(%(operators)s::bigint[]) AND m.ended_at IS NULL
    AND (%(kind)s::text = '' OR m.kind = %(kind)s::text)
    AND (%(role)s::text = '' OR m.role = %(role)s::text)
    AND (%(search)s::text = '' OR u.email ILIKE %(pattern)s::text OR u.name ILIKE %(pattern)s::text)
    AND u.email > %(after)s::text
GROUP BY u.id
ORDER BY u.email
LIMIT %(most)s;

-- name: person
-- Somebody who is, or was, let in by the operators. Whole: nobody else lets them in.
SELECT
    u.id,
    u.name,
    u.email,
    u.locale,
    u.is_active AS active,
    u.joined_at,
    u.last_login AS last_signed_in_at,
    NOT abono_let_in_elsewhere(u.id, %(operators)s::bigint[]) AS whole
FROM access_user AS u
WHERE
    u.id = %(user)s
    AND EXISTS (
        SELECT 1 FROM access_membership AS m
        WHERE m.user_id = u.id AND m.operator_id = any(%(operators)s::bigint[])
    );

-- name: emails
-- Those of some users whom the operators let in, or let in once.
SELECT DISTINCT
    u.id,
    u.email
FROM access_user AS u
INNER JOIN access_membership AS m ON u.id = m.user_id
WHERE u.id = any(%(users)s::bigint[]) AND m.operator_id = any(%(operators)s::bigint[]);

-- name: memberships_of_person
SELECT m.id, m.operator_id, o.name AS operator_name, m.kind, m.role, m.account_id, m.since, m.ended_at
FROM access_membership AS m
INNER JOIN operators_operator AS o ON m.operator_id = o.id
WHERE m.user_id = %(user)s AND m.operator_id = any(%(operators)s::bigint[])
ORDER BY m.ended_at IS NOT NULL, m.id;

-- name: lock_administrators
-- Two who remove each other are judged one after another.
SELECT pg_advisory_xact_lock(hashtextextended('abono.administrators', 0));

-- name: roots_without_administrator
-- Operators at the root that nobody could administer any more.
SELECT o.id FROM operators_operator AS o
WHERE
    o.id = any(%(operators)s::bigint[]) AND o.parent_id IS NULL
    AND NOT EXISTS (
        SELECT 1 FROM access_membership AS m
        INNER JOIN access_user AS u ON m.user_id = u.id
        WHERE m.operator_id = o.id AND m.role = 'administrator' AND m.ended_at IS NULL AND u.is_active
    );

-- name: membership
SELECT id, user_id, operator_id, kind, role, account_id FROM access_membership
WHERE id = %(membership)s AND operator_id = any(%(operators)s::bigint[]) AND ended_at IS NULL
FOR UPDATE;

-- name: end_membership
UPDATE access_membership SET ended_at = %(now)s::timestamptz WHERE id = %(membership)s AND ended_at IS NULL;

-- name: change_role
UPDATE access_membership SET role = %(role)s::text WHERE id = %(membership)s AND ended_at IS NULL;

-- name: set_active
UPDATE access_user SET is_active = %(active)s WHERE id = %(user)s AND is_active <> %(active)s;

-- name: rename
UPDATE access_user SET name = %(name)s, locale = %(locale)s WHERE id = %(user)s RETURNING email;

-- name: memberships
-- Why a user is let in, the first first.
SELECT
    m.id,
    m.operator_id,
    m.kind,
    m.role,
    m.account_id,
    o.code AS operator_code,
    o.name AS operator_name,
    o.time_zone
FROM access_membership AS m
INNER JOIN operators_operator AS o ON m.operator_id = o.id
WHERE m.user_id = %(user)s AND m.ended_at IS NULL
ORDER BY m.kind != 'staff' ASC, m.kind DESC, m.id ASC;

-- name: key
-- A key by its digest or id, then the key that made it, and so on: what it may do depends on all of them, and on what
-- the people who made them may do now.
WITH RECURSIVE line AS (
    SELECT
        k.id, k.operator_id, k.name, k.rights, k.made_by_user_id, k.made_by_key_id, k.expires_at, k.revoked_at, 0 AS up
    FROM access_apikey AS k
    WHERE k.digest = %(digest)s OR k.id = %(key)s::bigint
    UNION ALL
    SELECT
        k.id, k.operator_id, k.name, k.rights, k.made_by_user_id, k.made_by_key_id, k.expires_at, k.revoked_at, l.up + 1
    FROM access_apikey AS k
    INNER JOIN line AS l ON k.id = l.made_by_key_id
)

SELECT
    id,
    operator_id,
    name,
    rights,
    expires_at,
    revoked_at IS NULL AND (expires_at IS NULL OR expires_at > %(now)s::timestamptz) AS works,
    made_by_user_id IS NOT NULL AS by_somebody,
    abono_roles_at(made_by_user_id, operator_id) AS roles
FROM line
ORDER BY up;

-- name: key_used
-- Once a minute is enough to know, and spares a write a call.
UPDATE access_apikey SET last_used_at = %(now)s::timestamptz
WHERE
    id = %(key)s
    AND (last_used_at IS NULL OR last_used_at < %(now)s::timestamptz - interval '1 minute');

-- name: add_user
INSERT INTO access_user (email, name, locale, password, joined_at)
VALUES (%(email)s, %(name)s, %(locale)s, %(password)s, %(now)s::timestamptz)
ON CONFLICT (email) DO NOTHING
RETURNING id;

-- name: user_by_email
SELECT id, email, name, locale, is_active FROM access_user WHERE email = %(email)s;

-- name: choose_locale
UPDATE access_user SET locale = %(locale)s WHERE id = %(user)s;

-- name: add_membership
INSERT INTO access_membership (user_id, operator_id, kind, role, account_id, since, made_by_user_id, made_by_key_id)
VALUES (
    %(user)s,
    %(operator)s,
    %(kind)s,
    %(role)s,
    %(account)s::bigint,
    %(now)s::timestamptz,
    %(maker)s::bigint,
    %(key)s::bigint
)
ON CONFLICT DO NOTHING
RETURNING id;

-- name: add_key
INSERT INTO access_apikey (
    operator_id, name, prefix, digest, rights, made_by, made_by_user_id, made_by_key_id, made_at, expires_at
)
VALUES (
    %(operator)s,
    %(name)s,
    %(prefix)s,
    %(digest)s,
    %(rights)s::text[],
    %(made_by)s,
    %(user)s::bigint,
    %(maker)s::bigint,
    %(now)s::timestamptz,
    %(expires_at)s::timestamptz
)
RETURNING id;

-- name: revoke_key
UPDATE access_apikey SET revoked_at = %(now)s::timestamptz
WHERE id = %(key)s AND operator_id = any(%(operators)s::bigint[]) AND revoked_at IS NULL
RETURNING name, operator_id;

-- name: revoke_foreign_keys
-- No key works at these operators any more that was made by who has no place at them or above them.
UPDATE access_apikey AS k SET revoked_at = %(now)s::timestamptz
WHERE
    k.operator_id = any(%(operators)s::bigint[]) AND k.revoked_at IS NULL
    AND abono_is_foreign(k.made_by_user_id, k.made_by_key_id, k.operator_id)
RETURNING k.name, k.operator_id;

-- name: end_foreign_memberships
-- Nobody works at these operators any more who was let in by who has no place at them or above them, and has a place
-- where the old parent (before) stands and these do not.
UPDATE access_membership AS m SET ended_at = %(now)s::timestamptz
FROM access_user AS u
WHERE
    u.id = m.user_id AND m.operator_id = any(%(operators)s::bigint[]) AND m.ended_at IS NULL
    AND m.kind != 'subscriber' AND abono_is_foreign(m.made_by_user_id, m.made_by_key_id, m.operator_id)
    AND EXISTS (
        SELECT 1 FROM access_membership AS h
        CROSS JOIN unnest(abono_line_of(%(before)s::bigint)) AS l (id)
        WHERE
            h.user_id = m.user_id AND h.ended_at IS NULL AND h.kind != 'subscriber'
            AND l.id = any(abono_line_of(h.operator_id)) AND l.id != all(abono_line_of(m.operator_id))
    )
RETURNING u.email AS name, m.user_id, m.operator_id, m.kind, m.role;

-- name: foreign_memberships
-- Who works at these operators, let in by who has no place at them or above them.
SELECT DISTINCT u.email AS name FROM access_membership AS m
INNER JOIN access_user AS u ON m.user_id = u.id
WHERE
    m.operator_id = any(%(operators)s::bigint[]) AND m.ended_at IS NULL AND m.kind != 'subscriber'
    AND abono_is_foreign(m.made_by_user_id, m.made_by_key_id, m.operator_id)
ORDER BY u.email;

-- name: foreign_moves
-- The moves that wait whose makers may not do them now: they need the right above the operator, and where it goes.
SELECT m.id FROM operators_move AS m
INNER JOIN operators_operator AS o ON m.operator_id = o.id
WHERE
    m.state = 'waiting'
    AND NOT (
        abono_may(
            m.made_by_user_id, m.made_by_key_id, o.parent_id, %(rights)s::text[], %(roles)s::text[],
            %(now)s::timestamptz
        )
        AND abono_may(
            m.made_by_user_id, m.made_by_key_id, m.parent_id, %(rights)s::text[], %(roles)s::text[],
            %(now)s::timestamptz
        )
    );

-- name: keys_made_by
-- The keys that somebody made and that are not revoked.
SELECT name FROM access_apikey
WHERE
    made_by_user_id = %(user)s AND operator_id = any(%(operators)s::bigint[]) AND revoked_at IS NULL
    AND (expires_at IS NULL OR expires_at > %(now)s::timestamptz)
ORDER BY id;

-- name: keys
SELECT
    k.id,
    k.operator_id,
    o.name AS operator_name,
    k.name,
    k.prefix,
    k.rights,
    k.made_by,
    k.made_at,
    k.expires_at,
    k.last_used_at,
    k.revoked_at,
    k.made_by_user_id IS NOT NULL AS by_somebody,
    abono_roles_at(k.made_by_user_id, k.operator_id) AS roles
FROM access_apikey AS k
INNER JOIN operators_operator AS o ON k.operator_id = o.id
WHERE k.operator_id = any(%(operators)s::bigint[]) AND (%(before)s::bigint IS NULL OR k.id < %(before)s::bigint)
ORDER BY k.id DESC
LIMIT %(most)s::bigint;

-- name: set_password
UPDATE access_user SET password = %(password)s WHERE id = %(user)s;

-- name: servants
-- Who may be given accounts of an operator: managers of it and of what is above it, and its own agents.
WITH RECURSIVE above AS (
    SELECT id, parent_id FROM operators_operator WHERE id = %(operator)s
    UNION ALL
    SELECT o.id, o.parent_id FROM operators_operator AS o
    INNER JOIN above AS a ON o.id = a.parent_id
)

SELECT m.id AS membership, m.kind, u.name, u.email FROM access_membership AS m
INNER JOIN access_user AS u ON m.user_id = u.id
WHERE
    m.ended_at IS NULL AND m.operator_id = any(%(operators)s::bigint[])
    AND (
        (m.kind = 'agent' AND m.operator_id = %(operator)s)
        OR (m.role = 'manager' AND m.operator_id IN (SELECT id FROM above))
    )
ORDER BY u.name, u.email, m.id;

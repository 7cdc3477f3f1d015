-- name: one_at_a_time
-- Invitations of an operator are made one after the other: what is counted and replaced is what is there.
SELECT pg_advisory_xact_lock(hashtextextended('abono.invitation', %(operator)s::bigint));

-- name: replace
-- An invitation to the same takes the place of one that waits.
UPDATE access_invitation SET revoked_at = %(now)s::timestamptz
WHERE
    email = %(email)s AND operator_id = %(operator)s AND kind = %(kind)s
    AND account_id IS NOT DISTINCT FROM %(account)s::bigint AND accepted_at IS NULL AND revoked_at IS NULL;

-- name: sent
-- How many invitations of an operator's tenant wait, were sent in a day, and to a receiver in an hour.
SELECT s.waiting, s.of_day, s.to_receiver
FROM abono_invitations_of_tenant(%(operator)s::bigint, %(email)s::text, %(now)s::timestamptz) AS s;

-- name: add_invitation
INSERT INTO access_invitation (
    operator_id, email, kind, role, account_id, locale, nonce, digest, made_by_id, made_by_key_id, made_at, expires_at
)
VALUES (
    %(operator)s,
    %(email)s,
    %(kind)s,
    %(role)s,
    %(account)s::bigint,
    %(locale)s,
    %(nonce)s,
    %(digest)s,
    %(made_by)s::bigint,
    %(key)s::bigint,
    %(now)s::timestamptz,
    %(expires_at)s::timestamptz
)
RETURNING id;

-- name: already
-- Whether somebody is let in for this already.
SELECT count(*) > 0 AS already FROM access_membership AS m
INNER JOIN access_user AS u ON m.user_id = u.id
WHERE
    u.email = %(email)s AND m.operator_id = %(operator)s AND m.kind = %(kind)s
    AND m.account_id IS NOT DISTINCT FROM %(account)s::bigint AND m.ended_at IS NULL;

-- name: waiting
-- Invitations that wait, of some operators, the newest first.
SELECT i.id, i.email, i.operator_id, o.name AS operator_name, i.kind, i.role, i.account_id, i.made_at, i.expires_at
FROM access_invitation AS i
INNER JOIN operators_operator AS o ON i.operator_id = o.id
WHERE
    i.operator_id = any(%(operators)s::bigint[]) AND i.accepted_at IS NULL AND i.revoked_at IS NULL
    AND i.id < %(after)s::bigint
ORDER BY i.id DESC
LIMIT %(most)s;

-- name: revoke
UPDATE access_invitation SET revoked_at = %(now)s::timestamptz
WHERE
    id = %(invitation)s AND operator_id = any(%(operators)s::bigint[])
    AND accepted_at IS NULL AND revoked_at IS NULL
RETURNING email, operator_id;

-- name: revoke_made_by
-- Who is no longer let in, asks nobody in.
UPDATE access_invitation SET revoked_at = %(now)s::timestamptz
WHERE
    made_by_id = %(user)s AND operator_id = any(%(operators)s::bigint[])
    AND accepted_at IS NULL AND revoked_at IS NULL;

-- name: revoke_foreign_invitations
-- Nobody is asked in any more at these operators by who has no place at them or above them.
UPDATE access_invitation AS i SET revoked_at = %(now)s::timestamptz
WHERE
    i.operator_id = any(%(operators)s::bigint[]) AND i.accepted_at IS NULL AND i.revoked_at IS NULL
    AND abono_is_foreign(i.made_by_id, i.made_by_key_id, i.operator_id)
RETURNING i.email AS name, i.operator_id;

-- name: valid
-- The invitation that a link leads to, while it holds.
SELECT
    i.id,
    i.email,
    i.operator_id,
    o.name AS operator_name,
    i.kind,
    i.role,
    i.account_id,
    i.locale,
    i.made_by_id,
    i.made_by_key_id,
    abono_roles_at(i.made_by_id, i.operator_id) AS sender_roles,
    u.id AS user_id,
    coalesce(u.password NOT LIKE '!%%', FALSE) AS has_password,
    coalesce(u.is_active, TRUE) AS is_active
FROM access_invitation AS i
INNER JOIN operators_operator AS o ON i.operator_id = o.id
LEFT JOIN access_user AS u ON i.email = u.email
WHERE
    i.digest = %(digest)s AND i.accepted_at IS NULL AND i.revoked_at IS NULL
    AND i.expires_at > %(now)s::timestamptz;

-- name: accept
-- Once: of two at the same moment, the second finds nothing.
UPDATE access_invitation SET accepted_at = %(now)s::timestamptz
WHERE id = %(invitation)s AND accepted_at IS NULL AND revoked_at IS NULL AND expires_at > %(now)s::timestamptz;

-- name: to_mail
SELECT i.id, i.email, i.kind, i.role, i.locale, i.nonce, i.expires_at, o.name AS operator_name, o.locale AS theirs
FROM access_invitation AS i
INNER JOIN operators_operator AS o ON i.operator_id = o.id
WHERE i.id = %(invitation)s AND i.accepted_at IS NULL AND i.revoked_at IS NULL;

-- name: set_up
-- What somebody who was asked in writes at first.
UPDATE access_user SET name = %(name)s, password = %(password)s, locale = %(locale)s WHERE id = %(user)s;

-- What must be known before an operator's terms change.

-- name: lock_operator
-- New accounts wait until the change is made, or refused because of one that is being opened.
SELECT id FROM operators_operator WHERE id = %(operator)s FOR UPDATE;

-- name: has_accounts
SELECT exists(SELECT 1 FROM ledger_account WHERE operator_id = %(operator)s) AS found;

-- name: staff
-- The people of an operator, by name.
SELECT m.id, coalesce(nullif(u.name, ''), u.email) AS name, m.role
FROM access_membership AS m
INNER JOIN access_user AS u ON m.user_id = u.id
WHERE m.operator_id = %(operator)s AND m.kind = 'staff' AND m.ended_at IS NULL
ORDER BY lower(coalesce(nullif(u.name, ''), u.email)), m.id;

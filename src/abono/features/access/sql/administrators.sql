-- name: roots
SELECT code FROM operators_operator WHERE parent_id IS NULL ORDER BY id;

-- name: can_sign_in
SELECT count(*) > 0 AS can FROM access_user WHERE email = %(email)s AND password NOT LIKE '!%%';

-- name: user
SELECT id FROM access_user WHERE email = %(email)s AND is_active;

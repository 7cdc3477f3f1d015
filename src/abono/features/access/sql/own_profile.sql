-- What people say about themselves.

-- name: edit
UPDATE access_user SET name = %(name)s, locale = %(locale)s WHERE id = %(user)s;

-- name: find
SELECT name, locale, email FROM access_user WHERE id = %(user)s;

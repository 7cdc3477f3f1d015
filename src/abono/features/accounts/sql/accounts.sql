-- name: take_number
INSERT INTO accounts_number (operator_id, number, account_id)
VALUES (%(operator)s, %(number)s, %(account)s)
ON CONFLICT (operator_id, number) DO NOTHING;

-- name: add_profile
INSERT INTO accounts_profile (account_id, operator_id, number, name, locale, opened_at)
VALUES (%(account)s, %(operator)s, %(number)s, %(name)s, %(locale)s, %(now)s::timestamptz);

-- name: by_number
SELECT account_id FROM accounts_number WHERE operator_id = %(operator)s AND number = %(number)s;

-- name: taken
SELECT number FROM accounts_number WHERE operator_id = %(operator)s AND number = ANY(%(numbers)s::text[]);

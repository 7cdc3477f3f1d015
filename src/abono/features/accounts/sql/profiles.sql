-- name: profile
SELECT operator_id, number, name, locale, manager_id, agent_id FROM accounts_profile WHERE account_id = %(account)s
FOR UPDATE;

-- name: edit
UPDATE accounts_profile SET name = %(name)s, locale = %(locale)s WHERE account_id = %(account)s;

-- name: forget_words
DELETE FROM accounts_word WHERE account_id = %(account)s;

-- name: give
UPDATE accounts_profile SET manager_id = %(manager)s::bigint, agent_id = %(agent)s::bigint
WHERE account_id = %(account)s;

-- name: write_note
INSERT INTO accounts_note (account_id, id, operator_id, written_at, author, text)
VALUES (%(account)s, uuidv7(), %(operator)s, %(now)s::timestamptz, %(author)s, %(text)s);

-- name: strike_note
UPDATE accounts_note SET struck_at = %(now)s::timestamptz
WHERE account_id = %(account)s AND id = %(note)s::uuid AND struck_at IS NULL;

-- name: notes
SELECT n.id, n.written_at, n.author, n.text, n.struck_at FROM accounts_note AS n
WHERE
    n.account_id = %(account)s AND n.struck_at IS NULL
    AND (%(before)s::uuid IS NULL OR n.id < %(before)s::uuid)
ORDER BY n.id DESC
LIMIT %(most)s;

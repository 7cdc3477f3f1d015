-- name: claim
-- The first call takes the key; one that comes while it works waits here until it is done.
INSERT INTO api_reply (owner, key, request, kept_at)
VALUES (%(owner)s, %(key)s, %(request)s, %(now)s::timestamptz)
ON CONFLICT (owner, key) DO NOTHING
RETURNING key;

-- name: find
SELECT request, status, location, body FROM api_reply WHERE owner = %(owner)s AND key = %(key)s;

-- name: keep
UPDATE api_reply SET status = %(status)s, location = %(location)s, body = %(body)s
WHERE owner = %(owner)s AND key = %(key)s;

-- name: drop
DELETE FROM api_reply WHERE owner = %(owner)s AND key = %(key)s;

-- name: forget
DELETE FROM api_reply WHERE kept_at < %(before)s::timestamptz;

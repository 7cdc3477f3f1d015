-- name: claim
-- The first call takes the key; one that comes while it works waits here until it is done.
INSERT INTO api_reply (owner, key, request, kept_at)
VALUES (%(owner)s, %(key)s, %(request)s, %(now)s::timestamptz)
ON CONFLICT (owner, key) DO NOTHING
RETURNING key;

-- name: find
SELECT request, status, location, body FROM api_reply WHERE owner = %(owner)s AND key = %(key)s;

-- name: keep
UPDATE api_reply SET status = %(status)s, location = %(location)s, body = %(body)s, large = %(large)s
WHERE owner = %(owner)s AND key = %(key)s;

-- name: count_large
-- How many large answers are kept for a key, up to so many.
SELECT count(*) AS kept FROM (
    SELECT 1 AS one FROM api_reply WHERE owner = %(owner)s AND large
    LIMIT %(most)s
) AS l;

-- name: drop
DELETE FROM api_reply WHERE owner = %(owner)s AND key = %(key)s;

-- name: forget
DELETE FROM api_reply WHERE kept_at < %(before)s::timestamptz;

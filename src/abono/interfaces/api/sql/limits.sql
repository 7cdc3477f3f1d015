-- name: take
-- One call out of the bucket, if there is one; the instant at which the bucket will be full again.
INSERT INTO api_bucket AS b (owner, full_at)
VALUES (%(owner)s, %(now)s::timestamptz + %(step)s::interval)
ON CONFLICT (owner) DO UPDATE
    SET full_at = greatest(b.full_at, %(now)s::timestamptz) + %(step)s::interval
    WHERE greatest(b.full_at, %(now)s::timestamptz) + %(step)s::interval <= %(now)s::timestamptz + %(depth)s::interval
RETURNING full_at;

-- name: state
SELECT full_at FROM api_bucket WHERE owner = %(owner)s;

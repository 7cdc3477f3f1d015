-- name: take
-- One call out of the key's bucket, and, if there was one, out of the operator's that all its keys share; the instants
-- at which they will be full again, null where there was none to take.
WITH own AS (
    INSERT INTO api_bucket AS b (owner, full_at)
    VALUES (%(key)s, %(now)s::timestamptz + %(key_step)s::interval)
    ON CONFLICT (owner) DO UPDATE
        SET full_at = greatest(b.full_at, %(now)s::timestamptz) + %(key_step)s::interval
        WHERE
        greatest(b.full_at, %(now)s::timestamptz) + %(key_step)s::interval
        <= %(now)s::timestamptz + %(depth)s::interval
    RETURNING full_at
),

shared AS (
    INSERT INTO api_bucket AS b (owner, full_at)
    SELECT %(operator)s::bigint, %(now)s::timestamptz + %(operator_step)s::interval
    FROM own
    ON CONFLICT (owner) DO UPDATE
        SET full_at = greatest(b.full_at, %(now)s::timestamptz) + %(operator_step)s::interval
        WHERE
        greatest(b.full_at, %(now)s::timestamptz) + %(operator_step)s::interval
        <= %(now)s::timestamptz + %(depth)s::interval
    RETURNING full_at
)

SELECT (SELECT full_at FROM own) AS own, (SELECT full_at FROM shared) AS shared;

-- name: state
SELECT full_at FROM api_bucket WHERE owner = %(owner)s;

-- name: drop_wrong
-- What is further off than any bucket can be was written by a clock that ran ahead.
DELETE FROM api_bucket WHERE owner = any(%(owners)s::bigint[]) AND full_at > %(now)s::timestamptz + interval '1 minute';

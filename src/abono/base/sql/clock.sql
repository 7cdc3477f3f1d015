-- name: seen
-- The database's time, and when all was well last: since this start of the machine, and at all.
SELECT
    clock_timestamp() AS database_at,
    (SELECT c.seen_at FROM base_clock AS c WHERE c.boot = %(boot)s) AS same_at,
    (SELECT c.passed FROM base_clock AS c WHERE c.boot = %(boot)s) AS same_passed,
    (SELECT max(c.seen_at) FROM base_clock AS c) AS last_at;

-- name: keep_clock
INSERT INTO base_clock (boot, seen_at, passed, held, held_at)
VALUES (%(boot)s, %(now)s::timestamptz, %(passed)s::interval, '', NULL)
ON CONFLICT (boot) DO UPDATE
    SET seen_at = excluded.seen_at, passed = excluded.passed, held = '', held_at = NULL;

-- name: hold
-- What was well stays as it is. The time is the database's: the other one cannot be trusted.
INSERT INTO base_clock (boot, held, held_at)
VALUES (%(boot)s, %(sentence)s, clock_timestamp())
ON CONFLICT (boot) DO UPDATE SET held = excluded.held, held_at = excluded.held_at;

-- name: held
SELECT held FROM base_clock
WHERE held_at > clock_timestamp() - %(recent)s::interval
ORDER BY held_at DESC
LIMIT 1;

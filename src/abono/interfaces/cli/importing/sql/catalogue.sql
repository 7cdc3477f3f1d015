-- name: reserve
-- The lock lets others go on opening accounts and saving plans; only another import waits.
SELECT pg_advisory_xact_lock(hashtextextended('abono.import', %(operator)s::bigint));

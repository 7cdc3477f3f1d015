-- What processes share for a while, such as counters of rate limits; it may be lost with a crash.

-- name: cache
-- The table of Django's database cache, as ``createcachetable`` makes it, but not logged.
CREATE UNLOGGED TABLE base_cache (
    cache_key varchar(255) PRIMARY KEY,
    value text NOT NULL,
    expires timestamp with time zone NOT NULL
);
CREATE INDEX base_cache_expires ON base_cache (expires);

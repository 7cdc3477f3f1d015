-- How statements are planned: once for all values, when tables may be small or new, and then for good.

-- name: without
SELECT count(set_config('enable_' || w.way, 'off', TRUE)) AS ways FROM unnest(%(ways)s::text[]) AS w (way);

-- name: as_ever
SELECT count(set_config('enable_' || w.way, 'on', TRUE)) AS ways FROM unnest(%(ways)s::text[]) AS w (way);

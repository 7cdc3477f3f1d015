-- The same claims, with what was left before each.
SELECT
    h.*,
    coalesce(lag(h.left_after) OVER (PARTITION BY h.account_id ORDER BY h.place), h.available) AS left_before
FROM contested_after AS h

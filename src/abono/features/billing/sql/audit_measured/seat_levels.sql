-- How many seats more than at its beginning were taken after each change, and until when.
SELECT
    h.account_id,
    h.subscription_id,
    h.service_id,
    h.turn,
    h.at,
    sum(h.quantity) OVER w AS level,
    coalesce(lead(h.at) OVER w, 'infinity') AS until
FROM seat_changes AS h
WINDOW w AS (PARTITION BY h.account_id, h.subscription_id, h.service_id, h.turn ORDER BY h.at)

-- What was given back at each time, of which days, and by how many roundings it may be off.
SELECT
    t.account_id,
    t.subscription_id,
    t.time,
    -sum(t.amount) AS amount,
    min(t.starts_on) AS starts_on,
    max(t.ends_on) AS ends_on,
    count(*) * (1 + max(CASE WHEN r.inclusive THEN 0 ELSE cardinality(r.tax_rates) END)) AS roundings
FROM numbered_by_time AS t
INNER JOIN catalogue_rate AS r ON t.rate_id = r.id
WHERE t.back
GROUP BY t.account_id, t.subscription_id, t.time

-- The same charges, numbered: what is given back at one time, and what was charged since the last, have one number.
SELECT
    m.*,
    count(*) FILTER (WHERE m.after_back AND NOT m.back) OVER (
        PARTITION BY m.account_id, m.subscription_id ORDER BY m.id
    ) AS time
FROM charges_and_returns AS m

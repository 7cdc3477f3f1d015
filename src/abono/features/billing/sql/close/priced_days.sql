-- The same subscriptions, with what the days cost.
SELECT
    c.*,
    CASE
        WHEN c.stub AND c.first_period = 'free' THEN 0
        WHEN c.stub AND c.first_period = 'full' THEN abono_half_up(c.price * c.days, c.length)
        ELSE abono_half_up(c.price * c.days, c.cycle_days)
    END AS net
FROM closing_subscriptions AS c

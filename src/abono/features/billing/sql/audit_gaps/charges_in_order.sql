-- The same days in order, each with what comes next of its subscription.
SELECT
    account_id,
    subscription_id,
    starts_on,
    ends_on,
    plan_id,
    quantity,
    lead(starts_on) OVER w AS next_on,
    lead(plan_id) OVER w AS next_plan_id,
    lead(quantity) OVER w AS next_quantity
FROM charged_days
WINDOW w AS (PARTITION BY account_id, subscription_id ORDER BY starts_on, ends_on)

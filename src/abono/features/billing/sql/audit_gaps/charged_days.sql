-- The days of periods and parts that were charged; and the first day from which there is something to charge.
SELECT c.account_id, c.subscription_id, c.starts_on, c.ends_on, r.plan_id, r.quantity
FROM billing_charge AS c
INNER JOIN catalogue_rate AS r ON c.rate_id = r.id
WHERE c.kind IN ('period', 'part')
UNION ALL
SELECT
    account_id, id, coalesce(trial_ends_on, starts_on), coalesce(trial_ends_on, starts_on), NULL, NULL
FROM subscriptions_subscription

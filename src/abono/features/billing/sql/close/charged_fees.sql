-- The setup fee is not due any more.
UPDATE subscriptions_subscription AS s SET fee_due = FALSE
FROM taxed_days AS p
WHERE s.account_id = p.account_id AND s.id = p.id

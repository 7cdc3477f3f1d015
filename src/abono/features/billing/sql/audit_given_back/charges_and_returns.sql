-- Charges of subscriptions that were given something back: what was charged for days, and what was given back.
SELECT
    c.account_id,
    c.subscription_id,
    c.id,
    c.amount,
    c.starts_on,
    c.ends_on,
    c.rate_id,
    c.kind IN ('credit', 'refund') AS back,
    lag(c.kind IN ('credit', 'refund'), 1, FALSE) OVER (
        PARTITION BY c.account_id, c.subscription_id ORDER BY c.id
    ) AS after_back
FROM billing_charge AS c
WHERE
    c.kind IN ('period', 'part', 'credit', 'refund')
    AND EXISTS (
        SELECT 1 FROM billing_charge AS b
        WHERE
            b.account_id = c.account_id AND b.subscription_id = c.subscription_id
            AND b.kind IN ('credit', 'refund')
    )

-- The charge beside each entry, under the same id.
INSERT INTO billing_charge (
    account_id, id, operator_id, subscription_id, kind, starts_on, ends_on, amount, tax, rate_id
)
SELECT
    p.account_id,
    p.charge_id,
    p.operator_id,
    p.id,
    -- A change may have turned a period that was charged on its first day into one in arrears.
    CASE WHEN c.id IS NULL THEN 'period' ELSE 'part' END,
    p.period_starts_on,
    p.ends_on,
    p.amount,
    p.tax,
    p.rate_id
FROM taxed_days AS p
LEFT JOIN billing_charge AS c
    ON
        p.account_id = c.account_id AND p.id = c.subscription_id AND p.period_starts_on = c.starts_on
        AND c.kind = 'period'
WHERE p.amount > 0
UNION ALL
SELECT
    account_id, fee_id, operator_id, id, 'fee', period_starts_on, greatest(ends_on, period_starts_on + 1), fee,
    fee_tax, rate_id
FROM taxed_days
WHERE fee > 0

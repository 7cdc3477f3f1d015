-- The charge beside each entry, under the same id.
INSERT INTO billing_charge (
    account_id, id, operator_id, subscription_id, kind, starts_on, ends_on, amount, tax, rate_id, service_id
)
SELECT
    t.account_id,
    t.charge_id,
    t.operator_id,
    t.subscription_id,
    'overage' AS kind,
    t.starts_on,
    t.ends_on,
    t.amount,
    t.tax,
    t.rate_id,
    t.service_id
FROM taxed_services AS t
WHERE t.amount > 0

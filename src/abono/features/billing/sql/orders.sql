-- name: add_charge
INSERT INTO billing_charge (
    account_id, id, operator_id, subscription_id, kind, starts_on, ends_on, amount, tax, rate_id
)
VALUES (
    %(account)s, %(entry)s::uuid, %(operator)s, %(subscription)s::uuid, %(kind)s, %(starts_on)s::date,
    %(ends_on)s::date,
    %(amount)s, %(tax)s, %(rate)s
);

-- name: last_charge
-- The latest charge of the running period that days could be given back of.
SELECT amount, tax, starts_on, ends_on, rate_id FROM billing_charge
WHERE
    account_id = %(account)s AND subscription_id = %(subscription)s::uuid AND kind IN ('period', 'part')
    AND starts_on >= %(since)s::date
ORDER BY id DESC
LIMIT 1;

-- name: add_charge
INSERT INTO billing_charge (
    account_id, id, operator_id, subscription_id, kind, starts_on, ends_on, amount, tax, rate_id
)
VALUES (
    %(account)s, %(entry)s::uuid, %(operator)s, %(subscription)s::uuid, %(kind)s, %(starts_on)s::date,
    %(ends_on)s::date,
    %(amount)s, %(tax)s, %(rate)s
);

-- name: charged
-- Whether anything was charged for the running period.
SELECT
    exists(
        SELECT 1 FROM billing_charge
        WHERE
            account_id = %(account)s AND subscription_id = %(subscription)s::uuid AND kind IN ('period', 'part')
            AND starts_on >= %(since)s::date
    ) AS charged;

-- name: paying
-- The charges that pay for what runs and that no change has given back, the latest first.
SELECT amount, tax, starts_on, ends_on, rate_id FROM billing_charge
WHERE
    account_id = %(account)s AND subscription_id = %(subscription)s::uuid AND kind IN ('period', 'part')
    AND (%(paid_from)s::uuid IS NULL OR id >= %(paid_from)s::uuid)
    AND (ends_on > %(day)s::date OR (NOT %(daily)s AND starts_on >= %(since)s::date))
ORDER BY id DESC;

-- name: paid_from
-- From which charge on a change gives nothing back: today's slice, where it stays, or else what is still to come.
SELECT
    coalesce((
        SELECT id FROM billing_charge
        WHERE
            account_id = %(account)s AND subscription_id = %(subscription)s::uuid AND kind IN ('period', 'part')
            AND (%(paid_from)s::uuid IS NULL OR id >= %(paid_from)s::uuid)
            AND starts_on = %(day)s::date AND ends_on = %(kept_until)s::date
        ORDER BY id DESC
        LIMIT 1
    ), uuidv7()) AS id;

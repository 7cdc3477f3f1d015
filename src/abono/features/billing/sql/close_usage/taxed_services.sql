-- The same services, with the tax and the amount to charge.
SELECT
    r.*,
    abono_half_up(r.net * r.tax_rate, CASE WHEN r.inclusive THEN 100 + r.tax_rate ELSE 100 END) AS tax,
    r.net + CASE WHEN r.inclusive THEN 0 ELSE abono_half_up(r.net * r.tax_rate, 100) END AS amount,
    uuidv7() AS charge_id
FROM rated_services AS r

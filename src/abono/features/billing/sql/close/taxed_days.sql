-- The same subscriptions, with the tax and the amount to charge.
SELECT
    w.*,
    abono_tax(w.net, w.inclusive, w.tax_rates, w.tax_weights) AS tax,
    w.net + CASE
        WHEN w.inclusive THEN 0 ELSE abono_tax(w.net, w.inclusive, w.tax_rates, w.tax_weights)
    END AS amount
FROM priced_days AS w

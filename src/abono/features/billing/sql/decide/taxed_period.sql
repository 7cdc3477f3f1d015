-- The same subscriptions, with what the period costs and its tax.
SELECT
    p.*,
    p.charge = 'arrears' AND p.price > 0 AND (p.returns OR NOT p.opens) AS in_debt_matters,
    CASE
        WHEN p.part IS NULL THEN p.gross_tax ELSE abono_tax(p.part, p.inclusive, p.tax_rates, p.tax_weights)
    END AS tax,
    CASE
        WHEN p.part IS NULL THEN p.gross
        WHEN p.inclusive THEN p.part
        ELSE p.part + abono_tax(p.part, p.inclusive, p.tax_rates, p.tax_weights)
    END AS amount
FROM priced_period AS p
OFFSET 0

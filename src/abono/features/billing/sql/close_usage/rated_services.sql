-- The same services, with what was used beyond the included and what it costs beyond what was paid on use.
SELECT
    m.*,
    k.operator_id,
    k.starts_on,
    k.ends_on,
    k.booked_on,
    k.rate_id,
    o.prices_include_tax AS inclusive,
    CASE m.category WHEN 'standard' THEN o.tax WHEN 'reduced' THEN o.tax_reduced ELSE 0 END AS tax_rate,
    CASE WHEN m.by_day THEN coalesce(m.day_over, 0) ELSE greatest(m.billed - m.included, 0) END AS over,
    CASE
        WHEN k.free THEN 0
        ELSE greatest(
            abono_charged(
                m.terms,
                CASE
                    WHEN m.by_day THEN m.day_cost ELSE abono_cost(m.terms, greatest(m.billed - m.included, 0))
                END,
                %(digits)s::integer
            ) - m.paid,
            0
        )
    END AS net
FROM measured_services AS m
INNER JOIN closing_subscriptions AS k ON m.account_id = k.account_id AND m.subscription_id = k.id
INNER JOIN operators_operator AS o ON k.operator_id = o.id
ORDER BY m.account_id, m.subscription_id, m.place
OFFSET 0

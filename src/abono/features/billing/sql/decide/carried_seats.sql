-- Seats carried into the period that begins whose packs are paid on use: due with its price, a row for each
-- counter.
SELECT
    n.account_id,
    n.subscription_id,
    n.counter_id,
    n.service_id,
    n.net,
    abono_half_up(n.net * n.tax_rate, CASE WHEN n.inclusive THEN 100 + n.tax_rate ELSE 100 END) AS tax,
    n.net + CASE WHEN n.inclusive THEN 0 ELSE abono_half_up(n.net * n.tax_rate, 100) END AS amount,
    row_number() OVER (PARTITION BY n.account_id ORDER BY n.subscription_id, n.place) AS no
FROM (
    SELECT
        c.account_id,
        c.subscription_id,
        c.id AS counter_id,
        c.service_id,
        u.id AS place,
        o.prices_include_tax AS inclusive,
        CASE v.tax WHEN 'standard' THEN o.tax WHEN 'reduced' THEN o.tax_reduced ELSE 0 END AS tax_rate,
        abono_charged(
            u.terms - 'minimum',
            abono_cost(
                u.terms, greatest(c.used - coalesce((u.terms ->> 'included')::numeric, 0) * l.quantity, 0)
            ),
            %(digits)s::integer
        ) - c.paid AS net
    FROM usage_counter AS c
    INNER JOIN open_subscriptions AS l ON c.account_id = l.account_id AND c.subscription_id = l.id
    INNER JOIN catalogue_planservice AS u ON l.plan_id = u.plan_id AND c.service_id = u.service_id
    INNER JOIN catalogue_service AS v ON c.service_id = v.id
    INNER JOIN operators_operator AS o ON c.operator_id = o.id
    WHERE
        c.account_id BETWEEN %(first)s AND %(last)s AND c.seats AND l.due AND NOT l.within
        AND u.terms ->> 'overage' = 'on_use'
) AS n
WHERE n.net > 0
